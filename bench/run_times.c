// SPDX-License-Identifier: GPL-2.0-or-later
/* run_times: measures how long commands run, from their start to their exit, in rounds that run each command once.
 *
 *   run_times ROUNDS COMMAND [ARG...] [--- COMMAND [ARG...]]...
 *
 * Runs each command once per round, in random order, so that other load affects all commands alike. Prints one line for each run: the
 * number of the command, from 0, and the duration in nanoseconds. Exits with status 1 if a command fails. */
#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 32 };

extern char **environ;

static long long nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Pins this process and its children to the current CPU, because migration between CPUs would distort the median. */
static void stay_here(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static long long run(char **command)
{
	int status;
	pid_t pid;
	long long start = nanoseconds();
	int error = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (error != 0) {
		fprintf(stderr, "spawn: %s: %s\n", command[0], strerror(error));
		exit(1);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			fprintf(stderr, "spawn: waitpid: %m\n");
			exit(1);
		}
	}
	long long took = nanoseconds() - start;
	if (status != 0) {
		fprintf(stderr, "spawn: %s ended with wait status %#x\n", command[0], (unsigned)status);
		exit(1);
	}
	return took;
}

static void shuffle(int *order, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1));
		int kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
}

int main(int argc, char **argv)
{
	char **commands[MOST];
	int order[MOST];
	int count = 0;
	long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	if (rounds < 1) {
		fprintf(stderr, "usage: spawn ROUNDS COMMAND [ARG...] [--- COMMAND [ARG...]]...\n");
		return 2;
	}
	commands[count++] = argv + 2;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "---") == 0 && i + 1 < argc && count < MOST) {
			argv[i] = NULL;
			commands[count++] = argv + i + 1;
		}
	}
	for (int i = 0; i < count; i++) {
		order[i] = i;
	}
	stay_here();
	srandom((unsigned)nanoseconds());
	/* Round -1 fills the page cache, so its times are not printed. */
	for (long round = -1; round < rounds; round++) {
		shuffle(order, count);
		for (int i = 0; i < count; i++) {
			long long took = run(commands[order[i]]);
			if (round >= 0) {
				printf("%d %lld\n", order[i], took);
			}
		}
	}
	return 0;
}
