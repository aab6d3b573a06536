#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Where /proc is another PID namespace's, our numbers mean somebody else in it, or nobody. */
static bool has_our_numbers(void)
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
	return has_our_numbers() && access(path, F_OK) != 0 && (kill(pid, 0) == 0 || errno == EPERM) && !is_dead_child(pid);
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
