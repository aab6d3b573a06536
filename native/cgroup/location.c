// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/stat.h>

#include "cgroup/internal.h"
#include "util/fds.h"
#include "util/text.h"

/* Name of the cgroup at the root of the cgroup v2 tree in which confine creates the cgroups of phases if it runs as root. */
#define ROOT_NAME "portcullis"

static int open_root(void)
{
	AUTO_FCLOSE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int root = -1;
	while (root < 0 && mounts != NULL && getline(&line, &size, mounts) > 0) {
		const char *point = text_cgroup2_mount(line);
		root = point == NULL ? -1 : cgroupfs_open_directory(AT_FDCWD, point);
	}
	free(line);
	if (root < 0)
		errno = ENODEV;
	return root;
}

static bool read_own_path(char *path, size_t size)
{
	AUTO_FCLOSE FILE *own = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (!found && own != NULL && getline(&line, &room, own) > 0) {
		const char *named = text_own_cgroup(line);
		found = named != NULL && (size_t)snprintf(path, size, "%s", named) < size;
	}
	free(line);
	return found;
}

bool cgroup_location_find(struct cgroup_location *location, const char **why)
{
	*why = "no cgroup v2 is mounted";
	location->root = open_root();
	if (location->root < 0)
		return false;
	if (read_own_path(location->own_path, sizeof location->own_path))
		return true;
	close_fd(location->root);
	location->root = -1;
	*why = "/proc/self/cgroup has no cgroup v2 path";
	errno = ENOENT;
	return false;
}

static const char *const controllers[] = {"+memory", "+pids", "+cpu"};

/* Enables each controller separately, so that one that is missing or used by cgroup v1 does not prevent the others. */
static void enable_controllers(int directory)
{
	for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++)
		file_write(directory, "cgroup.subtree_control", controllers[i]);
}

/* Returns whether path is a cgroup that Portage has created for a package: ROOT/emerge-PID/CPV (portage/util/cgroup.py). */
static bool is_portage_leaf(const char *path)
{
	const char *emerge = strstr(path, "/emerge-");
	const char *digits = emerge == NULL ? "" : emerge + sizeof "/emerge-" - 1;
	size_t length = strspn(digits, "0123456789");
	return length > 0 && digits[length] == '/' && strchr(digits + length + 1, '/') == NULL;
}

/* Opens the directory, and creates it if it does not exist. Returns a descriptor, or -1 with errno. */
static int open_or_create(int parent, const char *name)
{
	if (!cgroupfs_make_directory(parent, name) && errno != EEXIST)
		return -1;
	return cgroupfs_open_directory(parent, name);
}

void cgroup_location_remove_if_empty(int parent)
{
	AUTO_CLOSE int above = cgroupfs_open_directory(parent, "..");
	struct stat named, opened;
	if (above >= 0 && fstat(parent, &opened) == 0 && fstatat(above, ROOT_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == opened.st_ino)
		unlinkat(above, ROOT_NAME, AT_REMOVEDIR);
}

int cgroup_location_open_root(const struct cgroup_location *location, bool keep_own, bool limited, const char **why)
{
	if (keep_own || (is_portage_leaf(location->own_path) && !limited)) {
		*why = "opening the cgroup of this process";
		return cgroupfs_open_directory(location->root, location->own_path);
	}
	*why = "creating /" ROOT_NAME " in the cgroup v2 tree";
	if (limited)
		enable_controllers(location->root);
	int directory = open_or_create(location->root, ROOT_NAME);
	if (directory >= 0 && limited)
		enable_controllers(directory);
	return directory;
}

/* Name of the subdirectory into which confine moves the processes of a delegated cgroup, if limits are requested. */
#define PROCESSES_NAME "portcullis.delegated"

/*
 * A cgroup with processes cannot enable controllers for its children (cgroups(7), "no internal processes"). So confine first moves the
 * processes into a subdirectory, as container managers do. The root of the cgroup tree, which has no file cgroup.type, is exempt from this
 * rule, so confine does not move its processes, those of the whole machine.
 */
static void move_processes_and_enable_controllers(int directory)
{
	bool is_root = faccessat(directory, "cgroup.type", F_OK, 0) != 0;
	AUTO_CLOSE int processes = is_root ? -1 : open_or_create(directory, PROCESSES_NAME);
	char text[4096];
	/* Repeat, because processes can fork while others are moved. */
	for (int round = 0; processes >= 0 && round < 16; round++) {
		if (file_read(directory, "cgroup.procs", text, sizeof text) <= 0)
			break;
		for (char *pid = strtok(text, "\n"); pid != NULL; pid = strtok(NULL, "\n"))
			file_write(processes, "cgroup.procs", pid);
	}
	enable_controllers(directory);
}

int cgroup_location_open_delegated(struct cgroup_location *location, bool limited, const char **why)
{
	char *path = location->own_path;
	size_t length = strlen(path);
	if (length >= sizeof "/" PROCESSES_NAME - 1 && strcmp(path + length - (sizeof "/" PROCESSES_NAME - 1), "/" PROCESSES_NAME) == 0)
		path[length - (sizeof "/" PROCESSES_NAME - 1)] = '\0';
	*why = "the cgroup of this process is not delegated to this user";
	int own = cgroupfs_open_directory(location->root, path);
	if (own < 0)
		return -1;
	if (faccessat(own, ".", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0) {
		close_fd(own);
		return -1;
	}
	if (limited)
		move_processes_and_enable_controllers(own);
	return own;
}

int cgroup_gc(const struct identity *identity)
{
	struct cgroup_location location;
	const char *why;
	if (!cgroup_location_find(&location, &why))
		return 0;
	int removed = 0;
	bool root = identity->mode == MODE_ROOT;
	int parent = root ? cgroupfs_open_directory(location.root, ROOT_NAME) : cgroup_location_open_delegated(&location, false, &why);
	if (parent >= 0) {
		removed = cgroupfs_sweep(parent);
		if (root)
			cgroup_location_remove_if_empty(parent);
		close(parent);
	}
	close_fd(location.root);
	return removed;
}
