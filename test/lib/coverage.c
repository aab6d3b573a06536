// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For the coverage build: writes gcov's counters before _exit(2), execvp(3) and kill(2) of this process itself, which skip the exit
 * handler that otherwise writes them. The linker option --wrap replaces these calls by calls of __wrap_*().
 */
#include <signal.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int status);
int __real_kill(pid_t pid, int number);
int __real_execvp(const char *file, char *const argv[]);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_execvp(const char *file, char *const argv[])
{
	__gcov_dump();
	__gcov_reset();
	return __real_execvp(file, argv);
}

/* confine kills itself with the signal that has killed the command, so this is the last chance to write the counters. */
int __wrap_kill(pid_t pid, int number)
{
	if (pid == getpid()) {
		__gcov_dump();
		__gcov_reset();
	}
	return __real_kill(pid, number);
}
