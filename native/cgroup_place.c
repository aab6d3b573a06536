#include "cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroupfs.h"

/* The child that a delegated cgroup's own processes are moved to when limits are asked for. */
#define ASIDE "portcullis.delegated"

static const char *const controllers[] = {"+memory", "+pids", "+cpu"};

/* Each by itself: a controller that v1 holds or that is not built in must not cost the others. */
static void enable_controllers(int directory)
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

static int make_and_open(int parent, const char *name, mode_t mode)
{
	if (mkdirat(parent, name, mode) != 0 && errno != EEXIST)
		return -1;
	return cgroupfs_open_directory(parent, name);
}

static void close_keeping_errno(int fd)
{
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* In mode setuid the caller must be able to remove the phase's cgroup when root is gone: so it owns the directory above. */
static int open_users(int parent, uid_t uid)
{
	char name[32];
	snprintf(name, sizeof name, "uid-%u", uid);
	int users = make_and_open(parent, name, 0755);
	if (users >= 0 && fchown(users, uid, (gid_t)-1) != 0) {
		close_keeping_errno(users);
		users = -1;
	}
	return users;
}

static int open_fixed(int root, const struct identity *identity, bool limited)
{
	if (limited)
		enable_controllers(root);
	int ours = make_and_open(root, CGROUP_PLACE_ROOT, 0755);
	if (ours >= 0 && limited)
		enable_controllers(ours);
	if (ours < 0 || identity->mode != MODE_SETUID)
		return ours;
	int users = open_users(ours, identity->ruid);
	if (users >= 0 && limited)
		enable_controllers(users);
	close_keeping_errno(ours);
	return users;
}

/*
 * A cgroup that has processes can't enable controllers for its children (cgroups(7), "no internal processes"), so the
 * delegated one's own processes move into a child first, as container managers do.
 */
static void make_room_for_controllers(int directory)
{
	int aside = make_and_open(directory, ASIDE, 0755);
	char text[4096];
	/* In rounds, as they fork meanwhile. */
	for (int round = 0; aside >= 0 && round < 16; round++) {
		if (cgroupfs_read(directory, "cgroup.procs", text, sizeof text) <= 0)
			break;
		for (char *pid = strtok(text, "\n"); pid != NULL; pid = strtok(NULL, "\n"))
			cgroupfs_write(aside, "cgroup.procs", pid);
	}
	close_keeping_errno(aside);
	enable_controllers(directory);
}

/* The caller's own cgroup, where the caller was given it: files and all. */
static int open_delegated(int root, char *path, bool limited)
{
	size_t length = strlen(path);
	if (length >= sizeof "/" ASIDE - 1 && strcmp(path + length - (sizeof "/" ASIDE - 1), "/" ASIDE) == 0)
		path[length - (sizeof "/" ASIDE - 1)] = '\0';
	int own = cgroupfs_open_directory(root, path);
	if (own < 0)
		return -1;
	if (faccessat(own, ".", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0) {
		close_keeping_errno(own);
		return -1;
	}
	if (limited)
		make_room_for_controllers(own);
	return own;
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

int cgroup_place_open(const struct identity *identity, bool limited, const char **why)
{
	char path[4096];
	*why = "no cgroup v2 is mounted";
	int root = cgroupfs_open_root();
	if (root < 0)
		return -1;
	*why = "/proc/self/cgroup names no place below it";
	errno = ENOENT;
	int place = -1;
	if (cgroupfs_own_path(path, sizeof path)) {
		bool rooted = identity->mode == MODE_ROOT || identity->mode == MODE_SETUID;
		if (identity->mode == MODE_ROOT && is_portages_leaf(path) && !limited) {
			*why = "opening Portage's cgroup";
			place = cgroupfs_open_directory(root, path);
		} else if (rooted) {
			*why = "making /" CGROUP_PLACE_ROOT " in the cgroup v2 tree";
			place = open_fixed(root, identity, limited);
		} else {
			*why = "the cgroup that this was started in is not delegated to this user";
			place = open_delegated(root, path, limited);
		}
	}
	close_keeping_errno(root);
	return place;
}
