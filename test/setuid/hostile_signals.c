// SPDX-License-Identifier: GPL-2.0-or-later
#include "hostile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The signal arrives at a random time up to this number of microseconds after the fork. confine starts the command 2 to 8 ms after the fork. */
#define WINDOW_MICROSECONDS 9000

static const int sent[] = {SIGKILL, SIGKILL, SIGSTOP, SIGTERM, SIGTERM, SIGCHLD, SIGINT, SIGHUP, SIGSEGV, SIGXCPU, SIGPIPE, SIGUSR1};
#define SENT (sizeof sent / sizeof *sent)

struct run {
	bool to_descendant; /* true if the test sends the signal to a descendant of confine, false if to confine itself */
	bool blocked;	    /* true if confine starts with all signals blocked and SIGCHLD ignored */
	bool tracked;	    /* true if confine starts with --cgroup, so that it makes more processes */
	int signal;
	long delay;
};

static noreturn void start(const struct run *run, const char *confine, const char *name)
{
	const char *const tracked[] = {confine, "--net", "--ipc", "--cgroup", name, "--best-effort", "--", "/bin/true", NULL};
	const char *const plain[] = {confine, "--net", "--ipc", "--record", "/dev/null", "--", "/bin/true", NULL};
	if (run->blocked) {
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		signal(SIGCHLD, SIG_IGN);
	}
	close(STDERR_FILENO);
	execv(confine, (char **)(run->tracked ? tracked : plain));
	_exit(99);
}

/* Returns the PID of a random descendant of the process: a grandchild more likely than a child. Returns pid if there is no descendant. */
static pid_t pick_descendant(pid_t pid)
{
	for (int i = 0; i < 3; i++) {
		char path[64];
		pid_t child;
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
		FILE *children = fopen(path, "re");
		int got = children == NULL ? 0 : fscanf(children, "%d", &child);
		if (children != NULL)
			fclose(children);
		if (got != 1 || (i > 0 && rand() % 3 == 0))
			break;
		pid = child;
	}
	return pid;
}

/* Arguments: CONFINE CGROUP-NAME RUNS SEED. Starts confine RUNS times, and sends one signal at a random moment. Each time, all processes must end. */
int attack_signals(char **arguments)
{
	const char *confine = arguments[0], *name = arguments[1];
	int runs = atoi(arguments[2]);
	srand((unsigned)atoi(arguments[3]));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < runs; i++) {
		struct run run = {
			.to_descendant = rand() % 2 == 0,
			.blocked = rand() % 4 == 0,
			.tracked = rand() % 4 != 0,
			.signal = sent[(size_t)rand() % SENT],
			.delay = rand() % WINDOW_MICROSECONDS,
		};
		long long began = now();
		pid_t pid = fork();
		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid == 0)
			start(&run, confine, name);
		spin_until(began + run.delay);
		pid_t target = run.to_descendant ? pick_descendant(pid) : pid;
		kill(target, run.signal);
		if (run.signal == SIGSTOP) {
			usleep((useconds_t)(rand() % 3000));
			kill(target, SIGCONT);
		}
		if (!wait_for_children())
			fail("run %d hangs: signal %d to %s after %ld us, %s, %s", i, run.signal,
			     run.to_descendant ? "a descendant" : "confine", run.delay, run.blocked ? "signals blocked" : "signals not blocked",
			     run.tracked ? "tracked" : "untracked");
	}
	return 0;
}
