// SPDX-License-Identifier: GPL-2.0-or-later
/* Survivors (survivor.c) that consist of many processes, or that fork and exit all the time. */
#include <sched.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/resource.h>
#include <unistd.h>

#include "survivor.h"

void bomb(void)
{
	become_orphan();
	for (int i = 1; i < 2000; i++) {
		pid_t pid = fork();
		if (pid < 0)
			_exit(1);
		if (pid == 0) {
			close(report);
			for (;;)
				pause();
		}
	}
	stay();
}

/* Becomes an endless chain of processes: each process forks the next one and exits. */
void chain(void)
{
	become_orphan();
	ready();
	for (;;) {
		pid_t pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid < 0)
			sched_yield();
	}
}

void slow_chain(void)
{
	become_orphan();
	ready();
	for (;;) {
		usleep(2000);
		if (fork() > 0)
			_exit(0);
		setsid();
	}
}

/* Becomes a fork bomb: each process forks twice and exits. The user can have at most `count` processes; further forks fail. */
static noreturn void go_on(rlim_t count)
{
	const struct rlimit most = {count, count};
	setrlimit(RLIMIT_NPROC, &most);
	ready();
	for (;;) {
		fork();
		if (fork() > 0)
			_exit(0);
	}
}

/* Becomes a fork bomb of at most 300 processes. The environment variable SURVIVOR_BOMB sets another maximum, for small machines. */
void live_bomb(void)
{
	const char *count = getenv("SURVIVOR_BOMB");
	become_orphan();
	go_on(count == NULL ? 300 : (rlim_t)atol(count));
}

/* Becomes a fork bomb in the session and process group of the command. It has at most 40 processes, so that confine gets enough CPU time. */
void near_bomb(void)
{
	go_on(40);
}
