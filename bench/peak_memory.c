// SPDX-License-Identifier: GPL-2.0-or-later
/* peak_memory: runs COMMAND, and prints its peak memory (VmHWM, kB) just before it executes another program.
 *
 *   peak_memory COMMAND [ARG...]
 *
 * The kernel resets VmHWM at execve(2). So peak_memory stops COMMAND before this call, reads /proc/PID/status and kills COMMAND. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_peak(pid_t pid)
{
	char path[64];
	char line[256];
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "re");
	if (status == NULL) {
		return;
	}
	while (fgets(line, sizeof line, status) != NULL) {
		long kilobytes;
		if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1) {
			printf("%ld\n", kilobytes);
		}
	}
	fclose(status);
}

static bool at_execve(pid_t pid)
{
	struct __ptrace_syscall_info info;
	long size = ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info);
	return size > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_execve;
}

int main(int argc, char **argv)
{
	int status;
	if (argc < 2) {
		fprintf(stderr, "usage: peak COMMAND [ARG...]\n");
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[1], argv + 1);
		fprintf(stderr, "peak: %s: %m\n", argv[1]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "peak: cannot trace %s\n", argv[1]);
		return 1;
	}
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
	/* Measure when COMMAND executes another program, before the kernel resets VmHWM. The execve(2) that started COMMAND is over: it caused the first stop. */
	while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && at_execve(pid)) {
			print_peak(pid);
			kill(pid, SIGKILL);
			return 0;
		}
	}
	fprintf(stderr, "peak: %s called no execve\n", argv[1]);
	return 1;
}
