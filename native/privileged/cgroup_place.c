#include "cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text.h"
#include "cgroupfs.h"

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

/* What can hold a cgroup back. One that the kernel doesn't have there holds nothing. */
static const char *const limit_files[] = {
	"memory.max",
	"memory.high",
	"memory.swap.max",
	"memory.swap.high",
	"memory.zswap.max",
	"pids.max",
	"cpu.max",
	"io.max",
	"cpuset.cpus",
	"cpuset.mems",
	"rdma.max",
	"misc.max",
};

static bool is_unlimited(int directory)
{
	char text[4096];
	for (size_t i = 0; i < sizeof limit_files / sizeof *limit_files; i++) {
		long length = cgroupfs_read(directory, limit_files[i], text, sizeof text);
		if (length < 0 ? errno != ENOENT : !text_is_unlimited(text))
			return false;
	}
	return true;
}

/* Whether no cgroup from the caller's own up to the root limits it, so that one elsewhere is no way out of anything. */
static bool has_nothing_to_escape(const struct cgroup_tree *tree)
{
	char path[sizeof tree->own];
	snprintf(path, sizeof path, "%s", tree->own);
	while (path[0] != '\0') {
		int directory = cgroupfs_open_directory(tree->root, path);
		bool unlimited = directory >= 0 && is_unlimited(directory);
		if (directory >= 0)
			close(directory);
		if (!unlimited)
			return false;
		char *slash = strrchr(path, '/');
		path[slash == NULL ? 0 : slash - path] = '\0';
	}
	return true;
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

int cgroup_place_open(const struct cgroup_tree *tree, const struct identity *identity, bool limited, const char **why)
{
	if (identity->mode == MODE_ROOT && is_portages_leaf(tree->own) && !limited) {
		*why = "opening Portage's cgroup";
		return cgroupfs_open_directory(tree->root, tree->own);
	}
	if (identity->mode == MODE_SETUID && tree->own[0] != '\0' && !(limited && has_nothing_to_escape(tree))) {
		*why = "opening the cgroup that this was started in";
		return cgroupfs_open_directory(tree->root, tree->own);
	}
	*why = "making /" CGROUP_PLACE_ROOT " in the cgroup v2 tree";
	return open_fixed(tree->root, limited);
}
