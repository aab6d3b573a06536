#include "cgroup/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroupfs.h"

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
