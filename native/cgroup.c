#include "cgroup.h"

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

#include "cgroup_place.h"
#include "cgroupfs.h"
#include "clock.h"

#define NAMES_TRIED 64
#define PLACES_TRIED 64

/* Writes what the option's text means to the kernel. cpu.max takes "quota period" in microseconds. */
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
		cgroup->limit_problem[i] = errno == ENOENT ? "its cgroup controller is not available here" : "the kernel refused it";
	}
}

/* Makes a directory nobody made before and locks it; the parent's shared lock keeps sweepers away in between. */
static bool make_directory(struct cgroup *cgroup, const struct options *options)
{
	int parent = openat(cgroup->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return false;
	/* Somebody may hold it for ever, to be a nuisance. Without it a sweeper could only remove what is empty, and we'd say so. */
	flock(parent, LOCK_SH | LOCK_NB);
	int made = -1;
	for (int i = 0; i < NAMES_TRIED && made != 0; i++) {
		snprintf(cgroup->name, sizeof cgroup->name, CGROUPFS_PREFIX "%s.%d.%d", options->cgroup, getpid(), i);
		made = mkdirat(cgroup->parent, cgroup->name, 0755);
		if (made != 0 && errno != EEXIST)
			break;
	}
	cgroup->directory = made == 0 ? cgroupfs_open_directory(cgroup->parent, cgroup->name) : -1;
	bool locked = cgroup->directory >= 0 && flock(cgroup->directory, LOCK_EX | LOCK_NB) == 0;
	int saved = errno;
	if (made == 0 && !locked)
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
	close(parent);
	errno = saved;
	return locked;
}

static bool open_files(struct cgroup *cgroup)
{
	cgroup->procs = openat(cgroup->directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	cgroup->events = openat(cgroup->directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
	cgroup->kill = openat(cgroup->directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	return cgroup->procs >= 0 && cgroup->events >= 0;
}

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->procs, &cgroup->kill, &cgroup->events};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, const char **why)
{
	bool limited = false;
	for (int i = 0; i < LIMITS; i++)
		limited = limited || options->limit[i] != NULL;
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .procs = -1, .kill = -1, .events = -1};
	for (int i = 0; i < PLACES_TRIED; i++) {
		cgroup->parent = cgroup_place_open(identity, limited, why);
		if (cgroup->parent < 0)
			return false;
		cgroupfs_sweep(cgroup->parent);
		*why = "making the cgroup";
		if (make_directory(cgroup, options) && open_files(cgroup)) {
			set_limits(cgroup, options);
			return true;
		}
		int saved = errno;
		if (cgroup->directory >= 0)
			unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
		close_all(cgroup);
		errno = saved;
		/* Another run took the directory away that it no longer needed. */
		if (errno != ENOENT && errno != ENODEV)
			break;
	}
	return false;
}

pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
	if (cgroup == NULL)
		return fork();
	/* Moving a process that runs waits for an RCU grace period, 8 ms and more; being born there costs nothing. */
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
		*joined = write(cgroup->procs, "0", 1) == 1;
	return pid;
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

/* Before cgroup.kill: what is frozen can't fork, so that one round of signals reaches all. SIGKILL wakes the frozen. */
static void kill_frozen(const struct cgroup *cgroup)
{
	struct pids pids = {0};
	cgroupfs_write(cgroup->directory, "cgroup.freeze", "1");
	cgroupfs_add_pids(cgroup->directory, &pids);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.pid[i], SIGKILL);
	cgroupfs_write(cgroup->directory, "cgroup.freeze", "0");
	pids_free(&pids);
}

bool cgroup_kill(const struct cgroup *cgroup, long long deadline)
{
	while (!is_empty(cgroup)) {
		long long left = deadline - clock_milliseconds();
		if (left <= 0)
			return false;
		if (cgroup->kill < 0 || pwrite(cgroup->kill, "1", 1, 0) != 1)
			kill_frozen(cgroup);
		/* The kernel holds its notices back for 10 ms (kernel/cgroup/cgroup.c, CGROUP_FILE_NOTIFY_MIN_INTV). */
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
	bool removed = cgroupfs_remove(cgroup->parent, cgroup->name);
	int saved = errno;
	cgroup_place_tidy(cgroup->parent);
	close_all(cgroup);
	errno = saved;
	return removed;
}
