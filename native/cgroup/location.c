#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "util/text.h"

static int open_root(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int root = -1;
	while (root < 0 && mounts != NULL && getline(&line, &size, mounts) > 0) {
		const char *point = text_cgroup2_mount(line);
		root = point == NULL ? -1 : cgroupfs_open_directory(AT_FDCWD, point);
	}
	free(line);
	if (mounts != NULL)
		fclose(mounts);
	if (root < 0)
		errno = ENODEV;
	return root;
}

static bool read_own(char *path, size_t size)
{
	FILE *own = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (!found && own != NULL && getline(&line, &room, own) > 0) {
		const char *named = text_own_cgroup(line);
		found = named != NULL && (size_t)snprintf(path, size, "%s", named) < size;
	}
	free(line);
	if (own != NULL)
		fclose(own);
	return found;
}

bool cgroup_tree_find(struct cgroup_tree *tree, const char **why)
{
	*why = "no cgroup v2 is mounted";
	tree->root = open_root();
	if (tree->root < 0)
		return false;
	if (read_own(tree->own, sizeof tree->own))
		return true;
	cgroup_tree_close(tree);
	*why = "/proc/self/cgroup names no place below it";
	errno = ENOENT;
	return false;
}

void cgroup_tree_close(struct cgroup_tree *tree)
{
	close(tree->root);
	tree->root = -1;
}

static const char *const controllers[] = {"+memory", "+pids", "+cpu"};

/* Each by itself: a controller that v1 holds or that is not built in must not cost the others. */
void cgroup_place_enable(int directory)
{
	for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++)
		cgroupfs_write(directory, "cgroup.subtree_control", controllers[i]);
}

/* Whether path is a leaf that Portage made for a package: ROOT/emerge-PID/CPV (portage/util/cgroup.py). */
static bool is_portages_leaf(const char *path)
{
	const char *emerge = strstr(path, "/emerge-");
	const char *digits = emerge == NULL ? "" : emerge + sizeof "/emerge-" - 1;
	size_t length = strspn(digits, "0123456789");
	return length > 0 && digits[length] == '/' && strchr(digits + length + 1, '/') == NULL;
}

bool cgroup_place_mkdir(int parent, const char *name)
{
	mode_t callers = umask(0);
	bool made = mkdirat(parent, name, CGROUP_PLACE_MODE) == 0;
	umask(callers);
	return made;
}

int cgroup_place_make(int parent, const char *name)
{
	if (!cgroup_place_mkdir(parent, name) && errno != EEXIST)
		return -1;
	return cgroupfs_open_directory(parent, name);
}

static int open_fixed(int root, bool limited)
{
	if (limited)
		cgroup_place_enable(root);
	int ours = cgroup_place_make(root, CGROUP_PLACE_ROOT);
	if (ours >= 0 && limited)
		cgroup_place_enable(ours);
	return ours;
}

void cgroup_place_tidy(int place)
{
	/* Of several names for a directory only the right one can be removed, and only when it is empty. */
	int above = cgroupfs_open_directory(place, "..");
	struct stat named, opened;
	if (above >= 0 && fstat(place, &opened) == 0 && fstatat(above, CGROUP_PLACE_ROOT, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == opened.st_ino)
		unlinkat(above, CGROUP_PLACE_ROOT, AT_REMOVEDIR);
	if (above >= 0)
		close(above);
}

int cgroup_place_open(const struct cgroup_tree *tree, bool stay, bool limited, const char **why)
{
	if (stay || (is_portages_leaf(tree->own) && !limited)) {
		*why = "opening the cgroup that this was started in";
		return cgroupfs_open_directory(tree->root, tree->own);
	}
	*why = "making /" CGROUP_PLACE_ROOT " in the cgroup v2 tree";
	return open_fixed(tree->root, limited);
}

/* The child that a delegated cgroup's own processes are moved to when limits are asked for. */
#define ASIDE "portcullis.delegated"

/*
 * A cgroup that has processes can't enable controllers for its children (cgroups(7), "no internal processes"), so the
 * delegated one's own processes move into a child first, as container managers do.
 */
static void make_room_for_controllers(int directory)
{
	int aside = cgroup_place_make(directory, ASIDE);
	char text[4096];
	/* In rounds, as they fork meanwhile. */
	for (int round = 0; aside >= 0 && round < 16; round++) {
		if (cgroupfs_read(directory, "cgroup.procs", text, sizeof text) <= 0)
			break;
		for (char *pid = strtok(text, "\n"); pid != NULL; pid = strtok(NULL, "\n"))
			cgroupfs_write(aside, "cgroup.procs", pid);
	}
	if (aside >= 0)
		close(aside);
	cgroup_place_enable(directory);
}

int cgroup_delegated_open(struct cgroup_tree *tree, bool limited, const char **why)
{
	char *path = tree->own;
	size_t length = strlen(path);
	if (length >= sizeof "/" ASIDE - 1 && strcmp(path + length - (sizeof "/" ASIDE - 1), "/" ASIDE) == 0)
		path[length - (sizeof "/" ASIDE - 1)] = '\0';
	*why = "the cgroup that this was started in is not delegated to this user";
	int own = cgroupfs_open_directory(tree->root, path);
	if (own < 0)
		return -1;
	if (faccessat(own, ".", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0) {
		int saved = errno;
		close(own);
		errno = saved;
		return -1;
	}
	if (limited)
		make_room_for_controllers(own);
	return own;
}
