/* Survivors in numbers: those that are many, and those that are never the same for long. */
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

/* Each lives only long enough to start the next. */
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

/* Each starts two and ends, and none of them is there for long. */
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

/* SURVIVOR_BOMB: of so many where 300 are too much for the machine itself. */
void live_bomb(void)
{
	const char *count = getenv("SURVIVOR_BOMB");
	become_orphan();
	go_on(count == NULL ? 300 : (rlim_t)atol(count));
}

/* In the session and the group of the command, and so of whoever called. Fewer, as we compete with each of them for the CPU. */
void near_bomb(void)
{
	go_on(40);
}
