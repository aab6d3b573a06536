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

static void add_own(int directory, struct pids *pids)
{
	int fd = openat(directory, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	pid_t pid;
	/* 0 stands for a process that our PID namespace doesn't see. */
	while (procs != NULL && fscanf(procs, "%d", &pid) == 1)
		if (pid > 0)
			pids_add(pids, pid);
	if (procs != NULL)
		fclose(procs);
	else if (fd >= 0)
		close(fd);
}

struct walk {
	struct pids *pids;
	int depth;
};

static void see(int directory, const char *name, void *data)
{
	struct walk walk = *(struct walk *)data;
	int below = walk.depth++ < CGROUPFS_DEPTH ? cgroupfs_open_directory(directory, name) : -1;
	if (below < 0)
		return;
	add_own(below, walk.pids);
	cgroupfs_each(below, see, &walk);
	close(below);
}

void cgroup_pids_add(int directory, struct pids *pids)
{
	add_own(directory, pids);
	cgroupfs_each(directory, see, &(struct walk){pids, 0});
}

#define NAMES_TRIED 64

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
	/* Somebody may hold it for ever, to be a nuisance: then a sweeper can't have it either. */
	flock(parent, LOCK_SH | LOCK_NB);
	bool made = false;
	for (int i = 0; i < NAMES_TRIED && !made; i++) {
		snprintf(cgroup->name, sizeof cgroup->name, CGROUPFS_PREFIX "%s.%d.%d", options->cgroup, getpid(), i);
		made = cgroup_place_mkdir(cgroup->parent, cgroup->name);
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

bool cgroup_create(struct cgroup *cgroup, const struct options *options)
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

pid_t cgroup_create_child(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
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
		*joined = cgroupfs_write(cgroup->directory, "cgroup.procs", "0");
	return pid;
}

#define PLACES_TRIED 64
/* How long cgroup.kill is believed to reach everybody; it takes 30 ms for 1,000. */
#define KILL_MILLISECONDS 50

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->kill, &cgroup->events};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* Makes it in the place that this mode has. */
static bool make_in(struct cgroup *cgroup, struct cgroup_tree *tree, const struct options *options,
		    const struct identity *identity, bool stay, const char **why)
{
	bool limited = false;
	for (int i = 0; i < LIMITS; i++)
		limited = limited || options->limit[i] != NULL;
	cgroup->parent = identity->mode == MODE_ROOT ? cgroup_place_open(tree, stay, limited, why) : cgroup_delegated_open(tree, limited, why);
	if (cgroup->parent < 0)
		return false;
	*why = "making the cgroup";
	return cgroup_create(cgroup, options);
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, bool stay, const char **why)
{
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .kill = -1, .events = -1};
	struct cgroup_tree tree;
	if (!cgroup_tree_find(&tree, why))
		return false;
	bool made = false;
	for (int i = 0; i < PLACES_TRIED && !made; i++) {
		made = make_in(cgroup, &tree, options, identity, stay, why);
		if (made)
			break;
		bool in_place = cgroup->parent >= 0;
		close_all(cgroup);
		/* Another run has removed the directory, or its sweep has locked ours before we did. */
		if (!in_place || (errno != ENOENT && errno != ENODEV && errno != EWOULDBLOCK))
			break;
	}
	int saved = errno;
	cgroup_tree_close(&tree);
	errno = saved;
	return made;
}

pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
	return cgroup == NULL ? fork() : cgroup_create_child(cgroup, joined);
}

void cgroup_add_pids(const struct cgroup *cgroup, struct pids *pids)
{
	cgroup_pids_add(cgroup->directory, pids);
}

static bool is_empty(const struct cgroup *cgroup)
{
	char text[256];
	ssize_t length = pread(cgroup->events, text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, "populated 0") != NULL;
}

/*
 * Before cgroup.kill, and where that is not enough: what is frozen can't fork, so that each round of signals leaves fewer. SIGKILL
 * wakes the frozen, and nobody else is to be woken.
 */
static void kill_frozen(const struct cgroup *cgroup)
{
	struct pids pids = {0};
	cgroupfs_write(cgroup->directory, "cgroup.freeze", "1");
	cgroup_pids_add(cgroup->directory, &pids);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.pid[i], SIGKILL);
	pids_free(&pids);
}

bool cgroup_kill(const struct cgroup *cgroup, long long deadline)
{
	long long began = clock_milliseconds();
	while (!is_empty(cgroup)) {
		long long now = clock_milliseconds();
		if (now >= deadline)
			return false;
		bool killed = cgroup->kill >= 0 && pwrite(cgroup->kill, "1", 1, 0) == 1;
		/*
		 * cgroup.kill misses a process whose first thread has ended: its signal is for that thread alone (__cgroup_kill() in
		 * kernel/cgroup/cgroup.c calls send_sig()), and no other one takes it.
		 */
		if (!killed || now >= began + KILL_MILLISECONDS)
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
	bool removed = cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	int saved = errno;
	cgroup_place_tidy(cgroup->parent);
	close_all(cgroup);
	errno = saved;
	return removed;
}
