#include "cgroup/pids.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroup/cgroupfs.h"

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
