#include "watcher/target_state.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /proc/TID/status (proc(5)), which has the fields that we ask for in its first part. */
struct status {
	char text[2048];
};

static void read_status(struct status *status, pid_t tid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, status->text, sizeof status->text - 1);
	status->text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* What stands behind a name, in that base, else fallback. */
static unsigned long long field(const struct status *status, const char *name, int base, unsigned long long fallback)
{
	const char *line = strstr(status->text, name);
	return line == NULL ? fallback : strtoull(line + strlen(name), NULL, base);
}

pid_t target_process(pid_t tid)
{
	struct status status;
	read_status(&status, tid);
	return (pid_t)field(&status, "\nTgid:", 10, (unsigned long long)tid);
}

pid_t target_parent(pid_t pid)
{
	struct status status;
	read_status(&status, pid);
	return (pid_t)field(&status, "\nPPid:", 10, 0);
}

bool target_may_bind(pid_t tid)
{
	struct status status;
	read_status(&status, tid);
	return (field(&status, "\nCapEff:", 16, 0) >> CAP_NET_BIND_SERVICE & 1) != 0;
}

bool target_is_alone(pid_t tid)
{
	char path[64];
	struct stat folder;
	snprintf(path, sizeof path, "/proc/%d/task", tid);
	/* A link for each thread beside "." and its own (proc_task_getattr() in fs/proc/base.c). */
	return stat(path, &folder) == 0 && folder.st_nlink == 3;
}

bool target_is_interrupted(pid_t tid)
{
	struct status status;
	read_status(&status, tid);
	unsigned long long pending = field(&status, "\nSigPnd:", 16, 0);
	/* The first thread gets what is for the whole process, unless it blocks it (complete_signal() in kernel/signal.c). */
	if (field(&status, "\nTgid:", 10, 0) == (unsigned long long)tid)
		pending |= field(&status, "\nShdPnd:", 16, 0);
	return (pending & ~field(&status, "\nSigBlk:", 16, ~0ULL)) != 0;
}
