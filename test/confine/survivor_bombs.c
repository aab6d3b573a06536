/* Survivors in numbers: those that are many, and those that are never the same for long. */
#include <sched.h>
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

/* A bomb that goes on: each starts two and ends, and none of them is there for long. */
void live_bomb(void)
{
	const struct rlimit most = {300, 300};
	become_orphan();
	setrlimit(RLIMIT_NPROC, &most);
	ready();
	for (;;) {
		fork();
		if (fork() > 0)
			_exit(0);
	}
}
