// SPDX-License-Identifier: GPL-2.0-or-later
#include "cgroup/cgroup_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "util/fds.h"
#include "util/text.h"

/* Time limit for removing the cgroups of killed runs. Some can stay in use, because SIGKILL does not end a process that is stuck in the kernel. */
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
	close_fd(fd);
	return -1;
}

long long cgroupfs_value(int directory, const char *name, const char *key)
{
	char text[4096];
	file_read(directory, name, text, sizeof text);
	if (key != NULL)
		return text_value(text, key);
	return isdigit((unsigned char)text[0]) ? atoll(text) : -1;
}

/* Maximum depth of nested cgroups that confine searches and removes. If a build nests deeper, cgroups remain, and the record has "stuck":true. */
#define DEPTH 32

typedef void visitor(int parent, const char *name, int directory, void *data);

/* Calls visit() for all cgroups below parent, at most depth levels deep. Visits a cgroup after the cgroups in it, so that visit() can remove it. */
static void visit_each(int parent, int depth, visitor *visit, void *data)
{
	int copy = depth == 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	if (listing == NULL)
		close_fd(copy);
	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		bool is_below = entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
		AUTO_CLOSE int directory = is_below ? cgroupfs_open_directory(parent, entry->d_name) : -1;
		if (directory < 0)
			continue;
		visit_each(directory, depth - 1, visit, data);
		visit(parent, entry->d_name, directory, data);
	}
}

bool cgroupfs_make_directory(int parent, const char *name)
{
	mode_t caller_umask = umask(0);
	bool made = mkdirat(parent, name, 0711) == 0;
	umask(caller_umask);
	return made;
}

static void remove_directory(int parent, const char *name, int directory, void *data)
{
	(void)directory, (void)data;
	unlinkat(parent, name, AT_REMOVEDIR);
}

bool cgroupfs_remove(int parent, const char *name, int directory)
{
	visit_each(directory, DEPTH, remove_directory, NULL);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

static void add_processes(int parent, const char *name, int directory, void *pids)
{
	(void)parent, (void)name;
	int fd = openat(directory, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FCLOSE FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	pid_t pid;
	if (procs == NULL)
		close_fd(fd);
	/* Skip 0, which stands for a process outside of this PID namespace: confine cannot kill it. */
	while (procs != NULL && fscanf(procs, "%d", &pid) == 1)
		if (pid > 0)
			pids_add(pids, pid);
}

void cgroup_add_pids(int directory, struct pids *pids)
{
	add_processes(-1, NULL, directory, pids);
	visit_each(directory, DEPTH, add_processes, pids);
}

void cgroupfs_kill_frozen(int directory, long long deadline)
{
	AUTO_PIDS struct pids pids = {0};
	file_write(directory, "cgroup.freeze", "1");
	/* List processes after the freeze: before it, a listed process can exit, and kill(2) could hit another process with the same ID. */
	while (cgroupfs_value(directory, "cgroup.events", "frozen") == 0 && clock_milliseconds() < deadline)
		usleep(1000);
	cgroup_add_pids(directory, &pids);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.pid[i], SIGKILL);
}

struct sweep {
	long long deadline;
	int removed;
	int remaining; /* number of cgroups whose processes this pass has killed; only a later pass can remove these cgroups */
	bool one_by_one;
};

static void sweep_directory(int parent, const char *name, int directory, void *data)
{
	struct sweep *sweep = data;
	/* The supervisor of a phase holds the lock of its cgroup until it exits. A cgroup without a lock remains from a killed run. */
	if (strncmp(name, CGROUPFS_PREFIX, sizeof CGROUPFS_PREFIX - 1) != 0 || flock(directory, LOCK_EX | LOCK_NB) != 0)
		return;
	if (cgroupfs_value(directory, "cgroup.events", "populated") == 0) {
		sweep->removed += cgroupfs_remove(parent, name, directory);
		return;
	}
	if (sweep->one_by_one || !file_write(directory, "cgroup.kill", "1"))
		cgroupfs_kill_frozen(directory, sweep->deadline);
	sweep->remaining++;
}

int cgroupfs_sweep(int parent)
{
	long long began = clock_milliseconds();
	struct sweep sweep = {.deadline = began + SWEEP_MILLISECONDS};
	/* Skip the sweep while another run of confine creates a cgroup in parent: that run holds a shared lock of parent until it has locked the new cgroup. */
	AUTO_CLOSE int own = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own >= 0 && flock(own, LOCK_EX | LOCK_NB) == 0)
		do {
			sweep.remaining = 0;
			sweep.one_by_one = clock_milliseconds() >= began + KILL_MILLISECONDS;
			visit_each(own, 1, sweep_directory, &sweep);
		} while (sweep.remaining > 0 && clock_milliseconds() < sweep.deadline && usleep(1000) == 0);
	return sweep.removed;
}
