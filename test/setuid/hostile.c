// SPDX-License-Identifier: GPL-2.0-or-later
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

void spin_until(long long time)
{
	while (now() < time)
		;
}

bool wait_for_children(void)
{
	long long deadline = now() + 20 * 1000000;
	while (now() < deadline) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0)
			usleep(500);
	}
	return false;
}

/* Arguments: PROGRAM. Executes PROGRAM with an empty argv and an empty environment. */
static int start_without_arguments(char **arguments)
{
	char *none[] = {NULL}, *environment[] = {NULL};
	execve(arguments[0], none, environment);
	fail("execve: %s", strerror(errno));
}

/* Arguments: COMMAND... Executes COMMAND with all signals blocked, and with SIGCHLD and SIGPIPE ignored. */
static int start_with_blocked_signals(char **arguments)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	execv(arguments[0], arguments);
	fail("execv: %s", strerror(errno));
}

/* Arguments: DEPTH COMMAND... Executes COMMAND in a new directory, DEPTH levels below the working directory. */
static int start_deep(char **arguments)
{
	for (int i = atoi(arguments[0]); i > 0; i--)
		if (syscall(SYS_mkdir, "d", 0700) != 0 || chdir("d") != 0)
			fail("mkdir: %s", strerror(errno));
	execv(arguments[1], arguments + 1);
	fail("execv: %s", strerror(errno));
}

/* Arguments: COUNT LENGTH COMMAND... Executes COMMAND with COUNT further arguments of LENGTH bytes each. */
static int start_with_arguments(char **arguments)
{
	size_t count = strtoul(arguments[0], NULL, 10), length = strtoul(arguments[1], NULL, 10), given = 0;
	while (arguments[2 + given] != NULL)
		given++;
	char **all = calloc(given + count + 1, sizeof *all);
	char *filler = malloc(length + 1);
	if (all == NULL || filler == NULL)
		fail("out of memory");
	memset(filler, 'x', length);
	filler[length] = '\0';
	memcpy(all, arguments + 2, given * sizeof *all);
	for (size_t i = 0; i < count; i++)
		all[given + i] = filler;
	execv(all[0], all);
	fail("execv: %s", strerror(errno));
}

/* Arguments: FILE. Writes the numbers of this process's open descriptors to FILE, up to 4095. */
static int list_files(char **arguments)
{
	bool open[4096];
	for (int fd = 0; fd < 4096; fd++)
		open[fd] = fcntl(fd, F_GETFD) >= 0;
	FILE *file = fopen(arguments[0], "w");
	for (int fd = 0; fd < 4096; fd++)
		if (open[fd])
			fprintf(file, "%d\n", fd);
	return fclose(file);
}

/* Arguments: FILE. Writes the environment of this process to FILE. */
static int list_variables(char **arguments)
{
	FILE *file = fopen(arguments[0], "w");
	for (char **entry = environ; *entry != NULL; entry++)
		fprintf(file, "%s\n", *entry);
	return fclose(file);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **arguments);
	} all[] = {
		{"no-arguments", start_without_arguments},
		{"files", list_files},
		{"variables", list_variables},
		{"blocked-signals", start_with_blocked_signals},
		{"deep", start_deep},
		{"arguments", start_with_arguments},
		{"signals", attack_signals},
		{"ptrace", attack_ptrace},
	};
	for (size_t i = 0; argc > 2 && i < sizeof all / sizeof *all; i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(argv + 2);
	fail("usage: hostile WHAT ARGUMENT...");
}
