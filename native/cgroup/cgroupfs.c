// SPDX-License-Identifier: GPL-2.0-or-later
#include "cgroup/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fds.h"
#include "util/text.h"

/* Time limit for the removal of all old cgroups. Some can stay in use, because SIGKILL does not end a process that is stuck in the kernel. */
#define SWEEP_MILLISECONDS 100

static bool is_cgroup2(int fd)
{
	struct statfs status;
	if (fstatfs(fd, &status) != 0)
		return false;
	errno = ENODEV;
	return status.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroupfs_open_directory(int directory, const char *path)
{
	int fd = openat(directory, *path == '\0' ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || is_cgroup2(fd))
		return fd;
	close_keeping_errno(fd);
	return -1;
}

long cgroupfs_read(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, text, size - 1);
	close_keeping_errno(fd);
	text[length > 0 ? length : 0] = '\0';
	return length;
}

bool cgroupfs_write(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close_keeping_errno(fd);
	return written;
}

long long cgroupfs_value(int directory, const char *name, const char *key)
{
	char text[4096];
	return cgroupfs_read(directory, name, text, sizeof text) < 0 ? -1 : text_value(text, key);
}

void cgroupfs_each(int directory, cgroupfs_visitor *visit, void *data)
{
	int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	if (listing != NULL)
		rewinddir(listing);
	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			visit(directory, entry->d_name, data);
	if (listing != NULL)
		closedir(listing);
	else if (copy >= 0)
		close(copy);
}

static void remove_subdirectory(int directory, const char *name, void *data)
{
	int depth = *(int *)data + 1;
	int below = depth < CGROUPFS_DEPTH ? cgroupfs_open_directory(directory, name) : -1;
	if (below >= 0) {
		cgroupfs_each(below, remove_subdirectory, &depth);
		close(below);
	}
	unlinkat(directory, name, AT_REMOVEDIR);
}

bool cgroupfs_make_directory(int parent, const char *name)
{
	mode_t caller_umask = umask(0);
	bool made = mkdirat(parent, name, 0711) == 0;
	umask(caller_umask);
	return made;
}

bool cgroupfs_remove(int parent, const char *name, int directory)
{
	int depth = 0;
	cgroupfs_each(directory, remove_subdirectory, &depth);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

static void add_processes(int directory, struct pids *pids)
{
	int fd = openat(directory, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	pid_t pid;
	/* The kernel lists a process outside of this PID namespace as 0. confine cannot kill it. */
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

static void add_subdirectory(int directory, const char *name, void *data)
{
	struct walk walk = *(struct walk *)data;
	int below = walk.depth++ < CGROUPFS_DEPTH ? cgroupfs_open_directory(directory, name) : -1;
	if (below < 0)
		return;
	add_processes(below, walk.pids);
	cgroupfs_each(below, add_subdirectory, &walk);
	close(below);
}

void cgroupfs_add_pids(int directory, struct pids *pids)
{
	add_processes(directory, pids);
	cgroupfs_each(directory, add_subdirectory, &(struct walk){pids, 0});
}

void cgroupfs_kill_frozen(int directory, long long deadline)
{
	struct pids pids = {0};
	cgroupfs_write(directory, "cgroup.freeze", "1");
	/* Until all processes are frozen, a listed process can exit, and another process can get its process ID. */
	while (cgroupfs_value(directory, "cgroup.events", "frozen") == 0 && clock_milliseconds() < deadline)
		usleep(1000);
	cgroupfs_add_pids(directory, &pids);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.pid[i], SIGKILL);
	pids_free(&pids);
}

struct sweep {
	long long deadline;
	int removed;
	int remaining; /* number of killed cgroups that still have processes */
	bool one_by_one;
};

static void sweep_directory(int parent, const char *name, void *data)
{
	struct sweep *sweep = data;
	if (strncmp(name, CGROUPFS_PREFIX, sizeof CGROUPFS_PREFIX - 1) != 0)
		return;
	int directory = cgroupfs_open_directory(parent, name);
	if (directory < 0)
		return;
	/* The supervisor of a phase holds the lock of its cgroup until it exits. A cgroup without a lock remains from a killed run. */
	if (flock(directory, LOCK_EX | LOCK_NB) == 0) {
		if (cgroupfs_value(directory, "cgroup.events", "populated") != 0) {
			if (sweep->one_by_one || !cgroupfs_write(directory, "cgroup.kill", "1"))
				cgroupfs_kill_frozen(directory, sweep->deadline);
			sweep->remaining++;
		} else if (cgroupfs_remove(parent, name, directory)) {
			sweep->removed++;
		}
	}
	close(directory);
}

int cgroupfs_sweep(int parent)
{
	long long began = clock_milliseconds();
	struct sweep sweep = {.deadline = began + SWEEP_MILLISECONDS};
	/* A run that creates a cgroup holds a shared lock of the parent until it has locked the cgroup. Do not sweep meanwhile. */
	int own = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own >= 0 && flock(own, LOCK_EX | LOCK_NB) == 0)
		do {
			sweep.remaining = 0;
			sweep.one_by_one = clock_milliseconds() >= began + KILL_MILLISECONDS;
			cgroupfs_each(own, sweep_directory, &sweep);
		} while (sweep.remaining > 0 && clock_milliseconds() < sweep.deadline && usleep(1000) == 0);
	if (own >= 0)
		close(own);
	return sweep.removed;
}
