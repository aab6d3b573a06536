// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroup/cgroup_internal.h"
#include "util/fds.h"
#include "util/text.h"

/* Maximum number of names to try for a new cgroup, and of attempts to create it while other runs remove its parent or lock it. After the last, --cgroup fails. */
#define ATTEMPTS 64

/* Time limit for freezing the cgroup before its processes are killed one by one. After it, confine kills them even if they are not frozen. */
#define FREEZE_MILLISECONDS 10

struct cgroup_location {
	int root;	     /* descriptor of the mount point of cgroup v2; the function that calls find_location() closes it */
	char own_path[4096]; /* path of this process's cgroup below root; "" for root itself */
};

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

/* Finds the mount point of cgroup v2 and the cgroup of this process, from /proc. On an error, returns false and sets *why (static text) and errno. */
static bool find_location(struct cgroup_location *location, const char **why)
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

/* Enables each controller by a write of its own: in a single write, a controller that is missing or used by cgroup v1 would prevent the others. */
static void enable_controllers(int directory)
{
	file_write(directory, "cgroup.subtree_control", "+memory");
	file_write(directory, "cgroup.subtree_control", "+pids");
	file_write(directory, "cgroup.subtree_control", "+cpu");
}

/* Returns true if path has the form of a cgroup that Portage creates for a package: ROOT/emerge-PID/CPV (portage/util/cgroup.py). */
static bool is_portage_leaf(const char *path)
{
	const char *emerge = strstr(path, "/emerge-");
	const char *digits = emerge == NULL ? "" : emerge + sizeof "/emerge-" - 1;
	size_t length = strspn(digits, "0123456789");
	return length > 0 && digits[length] == '/' && strchr(digits + length + 1, '/') == NULL;
}

/* Opens the cgroup name in parent, and creates the cgroup if it does not exist. Returns a descriptor, or -1 with errno. */
static int open_or_create(int parent, const char *name)
{
	bool exists = cgroupfs_make_directory(parent, name) || errno == EEXIST;
	return exists ? cgroupfs_open_directory(parent, name) : -1;
}

/* If parent is a descriptor of the cgroup /portcullis, removes this cgroup, unless it contains other cgroups. Does not close parent. */
static void remove_if_empty(int parent)
{
	AUTO_CLOSE int above = cgroupfs_open_directory(parent, "..");
	struct stat named, opened;
	if (above >= 0 && fstat(parent, &opened) == 0 && fstatat(above, ROOT_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == opened.st_ino)
		unlinkat(above, ROOT_NAME, AT_REMOVEDIR);
}

/*
 * Opens the parent for the phase's cgroup if confine runs as root. The parent is the cgroup of this process if keep_own is true (a requested
 * limit is inherited from that cgroup), or if Portage has created that cgroup for a package and no limits are requested. Otherwise it is the
 * cgroup /portcullis, created if missing. If limited is true (limits are requested), enables the controllers memory, pids and cpu in /portcullis,
 * as far as they are available. Returns a close-on-exec descriptor, or -1 with why (static text) and errno. Another process can remove /portcullis at any time;
 * creating a cgroup in it then fails with ENOENT or ENODEV.
 */
static int open_root_parent(const struct cgroup_location *location, bool keep_own, bool limited, const char **why)
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
	/* Repeat, because a process can fork while confine moves the others. */
	for (int round = 0; processes >= 0 && round < 16; round++) {
		if (file_read(directory, "cgroup.procs", text, sizeof text) <= 0)
			break;
		for (char *pid = strtok(text, "\n"); pid != NULL; pid = strtok(NULL, "\n"))
			file_write(processes, "cgroup.procs", pid);
	}
	enable_controllers(directory);
}

/* If confine does not run as root, opens the parent for the phase's cgroup: the cgroup of this process or, if its name is PROCESSES_NAME, the cgroup above it. If limited is true, enables controllers in the parent. Returns -1 with why and errno if this user cannot write there. */
static int open_delegated_parent(struct cgroup_location *location, bool limited, const char **why)
{
	char *name = strrchr(location->own_path, '/');
	if (name != NULL && strcmp(name, "/" PROCESSES_NAME) == 0)
		*name = '\0';
	*why = "the cgroup of this process is not delegated to this user";
	int own = cgroupfs_open_directory(location->root, location->own_path);
	if (own >= 0 && (faccessat(own, ".", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0)) {
		close_fd(own);
		return -1;
	}
	if (own >= 0 && limited)
		move_processes_and_enable_controllers(own);
	return own;
}

/* Returns the value of NUMBER[KMGT] in bytes. */
static unsigned long long bytes(const char *text)
{
	char *suffix;
	unsigned long long value = strtoull(text, &suffix, 10);
	const char *unit = *suffix == '\0' ? NULL : strchr("KMGT", *suffix);
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - "KMGT" + 1);
	return value > ULLONG_MAX >> shift ? ULLONG_MAX : value << shift;
}

/* Returns true if a limit file with this text (a number or "max") is at least as strict as the value that --limit requests. */
static bool is_as_strict(enum limit limit, const char *text, const char *requested)
{
	char *rest;
	if (!isdigit((unsigned char)text[0]))
		return false;
	unsigned long long value = strtoull(text, &rest, 10);
	if (limit != LIMIT_CPU)
		return value <= bytes(requested);
	/* The file cpu.max contains "QUOTA PERIOD"; the value of --limit is a percentage of one CPU. */
	unsigned long long period = strtoull(rest, NULL, 10);
	return period > 0 && value <= strtoull(requested, NULL, 10) * period / 100;
}

/*
 * Sets inherits[] to true for the requested limits that are already in force in the cgroup of this process: hooks/limits.bash writes them to the cgroup that
 * Portage makes for a build. As root, sets all of them or none: if one limit is missing, confine sets all limits in the new cgroup.
 */
static void find_inherited(struct cgroup *cgroup, const struct options *options, const struct identity *identity, const struct cgroup_location *location)
{
	int requested = 0, found = 0;
	for (int i = 0; i < LIMITS; i++)
		requested += options->limit[i] != NULL;
	if (requested == 0)
		return;
	int own = cgroupfs_open_directory(location->root, location->own_path);
	for (int i = 0; i < LIMITS; i++) {
		char text[64];
		cgroup->inherits[i] = options->limit[i] != NULL && file_read(own, limit_files[i], text, sizeof text) > 0 &&
				      is_as_strict((enum limit)i, text, options->limit[i]);
		found += cgroup->inherits[i];
	}
	if (found == 0 || (identity->mode == MODE_ROOT && found < requested)) {
		memset(cgroup->inherits, 0, sizeof cgroup->inherits);
		close_fd(own);
		return;
	}
	cgroup->inherited = own;
	cgroup->inherited_killed = cgroupfs_value(own, "memory.events", "oom_kill");
	cgroup->inherited_refused = cgroupfs_value(own, "pids.events", "max");
}

static void set_limits(struct cgroup *cgroup, const struct options *options)
{
	for (int i = 0; i < LIMITS; i++) {
		char text[64];
		const char *value = options->limit[i];
		if (value == NULL || cgroup->inherits[i])
			continue;
		snprintf(text, sizeof text, "%s", value);
		/* cpu.max takes "QUOTA PERIOD" in microseconds: 50% is "50000 100000". */
		if (i == LIMIT_CPU)
			snprintf(text, sizeof text, "%lld 100000", strtoll(value, NULL, 10) * 1000);
		if (file_write(cgroup->directory, limit_files[i], text))
			continue;
		cgroup->limit_error[i] = errno;
		cgroup->limit_problem[i] = errno == ENOENT ? "its cgroup controller is not available here" : "the kernel refused this value";
	}
}

/* Removes cgroups of killed runs of confine from the parent. Then creates, locks and opens the phase's cgroup. On an error, removes this cgroup and returns false with errno. */
static bool create_in_parent(struct cgroup *cgroup, const struct options *options)
{
	cgroupfs_sweep(cgroup->parent);
	AUTO_CLOSE int parent = openat(cgroup->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return false;
	/*
	 * A shared lock of the parent prevents cgroupfs_sweep() of other runs from removing the new cgroup before it is locked. If a sweep
	 * already holds an exclusive lock of the parent, flock() fails here. The sweep may then remove the new cgroup: cgroup_make() tries again.
	 */
	flock(parent, LOCK_SH | LOCK_NB);
	bool made = false;
	for (int i = 0; i < ATTEMPTS && !made; i++) {
		snprintf(cgroup->name, sizeof cgroup->name, CGROUPFS_PREFIX "%s.%d.%d", options->cgroup, getpid(), i);
		made = cgroupfs_make_directory(cgroup->parent, cgroup->name);
		if (!made && errno != EEXIST)
			break;
	}
	cgroup->directory = made ? cgroupfs_open_directory(cgroup->parent, cgroup->name) : -1;
	if (cgroup->directory >= 0 && flock(cgroup->directory, LOCK_EX | LOCK_NB) == 0)
		cgroup->events = openat(cgroup->directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (cgroup->events >= 0) {
		cgroup->kill = openat(cgroup->directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
		set_limits(cgroup, options);
		return true;
	}
	int saved = errno;
	if (made)
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
	errno = saved;
	return false;
}

pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
	if (cgroup == NULL)
		return fork();
	/* CLONE_INTO_CGROUP saves time: moving a running process to a cgroup waits for an RCU grace period of 8 ms or more. */
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup->directory,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
	if (pid >= 0 || (errno != ENOSYS && errno != E2BIG && errno != EINVAL && errno != EPERM))
		return pid;
	pid = fork();
	if (pid == 0)
		*joined = file_write(cgroup->directory, "cgroup.procs", "0");
	return pid;
}

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->kill, &cgroup->events};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		close_fd(*fds[i]);
		*fds[i] = -1;
	}
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, const char **why)
{
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .kill = -1, .events = -1, .inherited = -1};
	struct cgroup_location location;
	bool limited = false, made = false, again = find_location(&location, why);
	if (again)
		find_inherited(cgroup, options, identity, &location);
	for (int i = 0; i < LIMITS; i++)
		limited = limited || (options->limit[i] != NULL && !cgroup->inherits[i]);
	for (int i = 0; i < ATTEMPTS && again; i++) {
		cgroup->parent = identity->mode == MODE_ROOT ? open_root_parent(&location, cgroup->inherited >= 0, limited, why)
							     : open_delegated_parent(&location, limited, why);
		if (cgroup->parent < 0)
			break;
		*why = "creating the cgroup";
		made = create_in_parent(cgroup, options);
		/* Try again if another run has removed the parent, or if the sweep of another run has locked the new cgroup. */
		again = !made && (errno == ENOENT || errno == ENODEV || errno == EWOULDBLOCK);
		if (!made)
			close_all(cgroup);
	}
	close_fd(location.root);
	for (int i = 0; i < LIMITS && !made; i++)
		if (options->limit[i] != NULL && !cgroup->inherits[i]) {
			cgroup->limit_problem[i] = *why;
			cgroup->limit_error[i] = errno;
		}
	return made;
}

static bool is_empty(const struct cgroup *cgroup)
{
	char text[256];
	ssize_t length = pread(cgroup->events, text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, "populated 0") != NULL;
}

bool cgroup_kill(const struct cgroup *cgroup, long long deadline)
{
	long long began = clock_milliseconds();
	while (!is_empty(cgroup)) {
		long long now = clock_milliseconds();
		if (now >= deadline)
			return false;
		bool killed = cgroup->kill >= 0 && pwrite(cgroup->kill, "1", 1, 0) == 1;
		if (!killed || now >= began + KILL_MILLISECONDS)
			cgroupfs_kill_frozen(cgroup->directory, now + FREEZE_MILLISECONDS);
		/* Check again after 1 ms, without an event: the kernel reports changes of cgroup.events at most every 10 ms (CGROUP_FILE_NOTIFY_MIN_INTV in kernel/cgroup/cgroup.c). */
		struct pollfd change = {.fd = cgroup->events, .events = POLLPRI};
		if (!is_empty(cgroup))
			poll(&change, 1, 1);
	}
	return true;
}

void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	int directory = cgroup->directory;
	long long user = cgroupfs_value(directory, "cpu.stat", "user_usec"), system = cgroupfs_value(directory, "cpu.stat", "system_usec");
	long long memory = cgroupfs_value(directory, "memory.peak", NULL), processes = cgroupfs_value(directory, "pids.peak", NULL);
	bool killed = cgroup->inherits[LIMIT_MEMORY] && cgroupfs_value(cgroup->inherited, "memory.events", "oom_kill") > cgroup->inherited_killed;
	bool refused = cgroup->inherits[LIMIT_PIDS] && cgroupfs_value(cgroup->inherited, "pids.events", "max") > cgroup->inherited_refused;
	*usage = (struct cgroup_usage){
		.has_cpu = user >= 0 && system >= 0,
		.user = (double)user / 1e6,
		.system = (double)system / 1e6,
		.has_memory = memory >= 0,
		.memory_peak = memory,
		.processes_peak = processes < 0 ? 0 : (long)processes,
		.killed_by_memory = killed || cgroupfs_value(directory, "memory.events", "oom_kill") > 0,
		.refused_by_pids = refused || cgroupfs_value(directory, "pids.events", "max") > 0,
		.inherited_hit = killed || refused,
	};
}

bool cgroup_remove(struct cgroup *cgroup)
{
	bool removed = cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	if (removed)
		remove_if_empty(cgroup->parent);
	close_all(cgroup);
	return removed;
}

int cgroup_gc(const struct identity *identity)
{
	struct cgroup_location location;
	const char *why;
	if (!find_location(&location, &why))
		return 0;
	bool is_root = identity->mode == MODE_ROOT;
	AUTO_CLOSE int root = location.root;
	AUTO_CLOSE int parent = is_root ? cgroupfs_open_directory(root, ROOT_NAME) : open_delegated_parent(&location, false, &why);
	int removed = parent < 0 ? 0 : cgroupfs_sweep(parent);
	if (is_root && parent >= 0)
		remove_if_empty(parent);
	return removed;
}
