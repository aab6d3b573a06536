// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "util/clock.h"
#include "util/fds.h"

/* Maximum number of names to try for a new cgroup, and of attempts to create it while other runs remove its parent. */
#define ATTEMPTS 64

/* Time limit for freezing the cgroup before its processes are killed one by one. */
#define FREEZE_MILLISECONDS 10

/* Writes a value of --limit in the format of the kernel. cpu.max takes "QUOTA PERIOD" in microseconds: 50% is "50000 100000". */
static bool set_limit(int directory, enum limit limit, const char *value)
{
	char text[64];
	if (limit == LIMIT_CPU)
		snprintf(text, sizeof text, "%lld 100000", strtoll(value, NULL, 10) * 1000);
	else
		snprintf(text, sizeof text, "%s", value);
	return cgroupfs_write(directory, limit_files[limit], text);
}

static void set_limits(struct cgroup *cgroup, const struct options *options)
{
	for (int i = 0; i < LIMITS; i++) {
		if (options->limit[i] == NULL || set_limit(cgroup->directory, (enum limit)i, options->limit[i]))
			continue;
		cgroup->limit_error[i] = errno;
		cgroup->limit_problem[i] = errno == ENOENT ? "its cgroup controller is not available here" : "the kernel refused this value";
	}
}

/* Creates the cgroup's directory and locks it. Until then a shared lock of the parent prevents cgroupfs_sweep() from removing it. */
static bool make_directory(struct cgroup *cgroup, const struct options *options)
{
	int parent = openat(cgroup->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return false;
	/* This may fail. While another program holds an exclusive lock, no sweep starts; while a sweep holds it, cgroup_make() tries again. */
	flock(parent, LOCK_SH | LOCK_NB);
	bool made = false;
	for (int i = 0; i < ATTEMPTS && !made; i++) {
		snprintf(cgroup->name, sizeof cgroup->name, CGROUPFS_PREFIX "%s.%d.%d", options->cgroup, getpid(), i);
		made = cgroupfs_make_directory(cgroup->parent, cgroup->name);
		if (!made && errno != EEXIST)
			break;
	}
	cgroup->directory = made ? cgroupfs_open_directory(cgroup->parent, cgroup->name) : -1;
	bool locked = cgroup->directory >= 0 && flock(cgroup->directory, LOCK_EX | LOCK_NB) == 0;
	int saved = errno;
	if (made && !locked)
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
	close(parent);
	errno = saved;
	return locked;
}

static bool open_files(struct cgroup *cgroup)
{
	cgroup->events = openat(cgroup->directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
	cgroup->kill = openat(cgroup->directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	return cgroup->events >= 0;
}

/* Removes cgroups of killed runs, creates the new cgroup and opens its files. On an error, removes it and returns false with errno. */
static bool create_in_parent(struct cgroup *cgroup, const struct options *options)
{
	cgroupfs_sweep(cgroup->parent);
	if (make_directory(cgroup, options) && open_files(cgroup)) {
		set_limits(cgroup, options);
		return true;
	}
	int saved = errno;
	if (cgroup->directory >= 0)
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
	errno = saved;
	return false;
}

pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
	if (cgroup == NULL)
		return fork();
	/* Moving a running process to a cgroup waits for an RCU grace period of 8 ms or more. CLONE_INTO_CGROUP avoids this. */
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
		*joined = cgroupfs_write(cgroup->directory, "cgroup.procs", "0");
	return pid;
}

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->kill, &cgroup->events};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close_keeping_errno(*fds[i]);
		*fds[i] = -1;
	}
}

/* Creates the cgroup: for root at the root of the tree, otherwise in a cgroup that is delegated to the caller. On an error, sets why (static text) and errno, and returns false. */
static bool create(struct cgroup *cgroup, struct cgroup_location *location, const struct options *options,
		   const struct identity *identity, bool keep_own, const char **why)
{
	bool limited = false;
	for (int i = 0; i < LIMITS; i++)
		limited = limited || options->limit[i] != NULL;
	cgroup->parent = identity->mode == MODE_ROOT ? cgroup_location_open_root(location, keep_own, limited, why) : cgroup_location_open_delegated(location, limited, why);
	if (cgroup->parent < 0)
		return false;
	*why = "creating the cgroup";
	return create_in_parent(cgroup, options);
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, bool keep_own, const char **why)
{
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .kill = -1, .events = -1};
	struct cgroup_location location;
	if (!cgroup_location_find(&location, why))
		return false;
	bool made = false;
	for (int i = 0; i < ATTEMPTS && !made; i++) {
		made = create(cgroup, &location, options, identity, keep_own, why);
		if (made)
			break;
		bool parent_opened = cgroup->parent >= 0;
		close_all(cgroup);
		/* Try again if another run has removed the parent, or if its sweep has locked the new directory. */
		if (!parent_opened || (errno != ENOENT && errno != ENODEV && errno != EWOULDBLOCK))
			break;
	}
	cgroup_location_close(&location);
	return made;
}

void cgroup_add_pids(const struct cgroup *cgroup, struct pids *pids)
{
	cgroupfs_add_pids(cgroup->directory, pids);
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
		/* The kernel reports changes at most every 10 ms (CGROUP_FILE_NOTIFY_MIN_INTV in kernel/cgroup/cgroup.c), so poll for 1 ms. */
		struct pollfd change = {.fd = cgroup->events, .events = POLLPRI};
		if (!is_empty(cgroup))
			poll(&change, 1, 1);
	}
	return true;
}

void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	int directory = cgroup->directory;
	char text[64];
	long long user = cgroupfs_value(directory, "cpu.stat", "user_usec");
	long long system = cgroupfs_value(directory, "cpu.stat", "system_usec");
	*usage = (struct cgroup_usage){0};
	usage->has_cpu = user >= 0 && system >= 0;
	usage->user = (double)user / 1e6;
	usage->system = (double)system / 1e6;
	if (cgroupfs_read(directory, "memory.peak", text, sizeof text) > 0 && isdigit((unsigned char)text[0])) {
		usage->has_memory = true;
		usage->memory_peak = atoll(text);
	}
	if (cgroupfs_read(directory, "pids.peak", text, sizeof text) > 0 && isdigit((unsigned char)text[0]))
		usage->processes_peak = atol(text);
	usage->killed_by_memory = cgroupfs_value(directory, "memory.events", "oom_kill") > 0;
	usage->refused_by_pids = cgroupfs_value(directory, "pids.events", "max") > 0;
}

bool cgroup_remove(struct cgroup *cgroup)
{
	bool removed = cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	if (removed)
		cgroup_location_remove_if_empty(cgroup->parent);
	close_all(cgroup);
	return removed;
}
