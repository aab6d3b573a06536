// SPDX-License-Identifier: GPL-2.0-or-later
/* orphans: leaves orphans behind, to measure how long confine takes to kill them.
 *
 *   orphans COUNT   starts COUNT sleeping processes, prints the time (CLOCK_REALTIME, microseconds) and exits; the processes keep stdout open until they end
 *   orphans stay    sleeps; `orphans COUNT` executes this for each process */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REPORT = 3 };

extern char **environ;

static int stay(void)
{
	if (write(REPORT, "r", 1) != 1) {
		return 1;
	}
	close(REPORT);
	for (;;) {
		pause();
	}
}

/* Starts count processes, each of which executes `orphans stay`. Returns 0 when all of them are running, or 1 on failure. */
static int start(long count)
{
	int ends[2];
	char byte;
	char *arguments[] = {"leave", "stay", NULL};
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, ends[1], REPORT) != 0) {
		return 1;
	}
	for (long i = 0; i < count; i++) {
		pid_t pid;
		if (posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environ) != 0) {
			return 1;
		}
	}
	for (long i = 0; i < count; i++) {
		if (read(ends[0], &byte, 1) != 1) {
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct timespec now;
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	if (argc == 2 && strcmp(argv[1], "stay") == 0) {
		return stay();
	}
	if (count < 1) {
		fprintf(stderr, "usage: leave COUNT\n");
		return 2;
	}
	if (start(count) != 0) {
		fprintf(stderr, "leave: %m\n");
		return 1;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	printf("%lld\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	return 0;
}
