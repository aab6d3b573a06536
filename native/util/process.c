#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/text.h"

bool proc_is_masked(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool masked = mounts == NULL;
	while (!masked && getline(&line, &size, mounts) > 0)
		masked = text_hides_proc(line);
	masked = masked || ferror(mounts) != 0;
	free(line);
	if (mounts != NULL)
		fclose(mounts);
	return masked;
}

static bool is_dead_child(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Returns whether /proc belongs to this PID namespace. In another one the process IDs differ. */
static bool proc_is_of_this_namespace(void)
{
	char text[32];
	ssize_t length = readlink("/proc/self", text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	return atoi(text) == getpid();
}

bool proc_hides(pid_t pid)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d", pid);
	return proc_is_of_this_namespace() && access(path, F_OK) != 0 && (kill(pid, 0) == 0 || errno == EPERM) && !is_dead_child(pid);
}

size_t proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

/* A process that is not stuck exits sooner after SIGKILL, even on a busy machine. */
#define KILLED_MILLISECONDS 500

/* Polling interval on Linux before 5.3, which has no pidfd. */
#define POLL_MICROSECONDS 1000

static bool is_reaped(pid_t child)
{
	pid_t pid = waitpid(child, NULL, WNOHANG);
	return pid == child || (pid < 0 && errno == ECHILD);
}

static bool exits_within(pid_t child, int pidfd, int milliseconds)
{
	long long now = clock_milliseconds(), deadline = now + milliseconds;
	struct pollfd child_exit = {.fd = pidfd, .events = POLLIN};
	while (!is_reaped(child)) {
		if (now >= deadline)
			return false;
		if (pidfd < 0)
			usleep(POLL_MICROSECONDS);
		else
			poll(&child_exit, 1, (int)(deadline - now));
		now = clock_milliseconds();
	}
	return true;
}

bool reap_within(pid_t child, int milliseconds)
{
	if (is_reaped(child))
		return true;
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	bool exited = exits_within(child, pidfd, milliseconds);
	if (!exited) {
		kill(child, SIGKILL);
		exited = exits_within(child, pidfd, KILLED_MILLISECONDS);
	}
	if (pidfd >= 0)
		close(pidfd);
	return exited;
}
