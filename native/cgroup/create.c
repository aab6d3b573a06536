#include "cgroup/create.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup/place.h"
#include "cgroup/cgroupfs.h"

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
