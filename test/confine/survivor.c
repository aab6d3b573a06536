// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * survivor KIND: the command that confine runs. It starts a process that tries to outlive the command (a survivor), prints "ready" when the
 * survivor is in place, and exits. Each KIND is a method by which the survivor tries to escape from confine.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "survivor.h"

int report = -1;
static pid_t parent; /* PID of the process that started this program: init or the supervisor of confine */

void ready(void)
{
	if (report >= 0 && write(report, "r", 1) == 1)
		close(report);
	report = -1;
}

static void close_everything(void)
{
	if (chdir("/") != 0)
		_exit(1);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != report)
			close(fd);
}

void stay(void)
{
	ready();
	for (;;)
		pause();
}

void become_orphan(void)
{
	if (fork() > 0)
		_exit(0);
	setsid();
	if (fork() > 0)
		_exit(0);
}

static void double_fork(void)
{
	become_orphan();
	stay();
}

static void closed_files(void)
{
	become_orphan();
	close_everything();
	stay();
}

static void ignores_signals(void)
{
	sigset_t all;
	become_orphan();
	for (int signal_number = 1; signal_number < 65; signal_number++)
		signal(signal_number, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	stay();
}

static void stopped(void)
{
	become_orphan();
	ready();
	raise(SIGSTOP);
	stay();
}

static void renamed(void)
{
	become_orphan();
	setsid();
	prctl(PR_SET_NAME, "kworker/0:1");
	if (execl("/proc/self/exe", "[kworker/0:1]", "stay", (char *)NULL) != 0)
		_exit(1);
}

static void no_death_signal(void)
{
	become_orphan();
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_DUMPABLE, 0);
	stay();
}

/* Becomes a survivor that is not a descendant of this program: each process starts the next as its sibling (CLONE_PARENT) and exits. */
static void sibling(void)
{
	for (int i = 0; i < 3; i++) {
		long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (pid > 0)
			_exit(0);
	}
	stay();
}

/* Starts a survivor that loses its parent twice: first its parent exits, then the subreaper that has adopted it. */
static void adopted(void)
{
	if (fork() == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (fork() == 0) {
			setsid();
			if (fork() == 0)
				stay();
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	wait(NULL);
	_exit(0);
}

static void traced(void)
{
	become_orphan();
	pid_t tracee = fork();
	if (tracee == 0)
		for (;;)
			pause();
	if (ptrace(PTRACE_SEIZE, tracee, 0, PTRACE_O_EXITKILL) != 0 || ptrace(PTRACE_INTERRUPT, tracee, 0, 0) != 0)
		_exit(1);
	int status;
	waitpid(tracee, &status, 0);
	signal(SIGTERM, SIG_IGN);
	stay();
}

/* Becomes a survivor that tries to trace and to stop the process of confine that started this program. */
static void tracer(void)
{
	static const char caught[] = "traces confine\n";
	become_orphan();
	if (ptrace(PTRACE_SEIZE, parent, 0, 0) == 0 || ptrace(PTRACE_ATTACH, parent, 0, 0) == 0)
		if (write(STDOUT_FILENO, caught, sizeof caught - 1) < 0)
			_exit(1);
	kill(parent, SIGSTOP);
	stay();
}

/* Becomes a survivor that tries to kill the process of confine that started this program. */
static void killer(void)
{
	become_orphan();
	kill(parent, SIGKILL);
	stay();
}

static void namespaced(void)
{
	become_orphan();
	/* If unshare(2) fails, continue as a survivor without a namespace of its own. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 && fork() > 0)
		_exit(0);
	stay();
}

static void in_vfork(void)
{
	become_orphan();
	ready();
	/* The process stays in vfork(2), because its child neither exits nor calls execve(2). */
	if (vfork() == 0)
		for (;;)
			pause();
}

static void *stay_as_thread(void *data)
{
	stay();
	return data;
}

/* Becomes a survivor that /proc shows as a zombie: its first thread has exited, but another thread runs. */
static void leaderless(void)
{
	pthread_t thread;
	become_orphan();
	if (pthread_create(&thread, NULL, stay_as_thread, NULL) == 0)
		syscall(SYS_exit, 0);
}

static const struct {
	const char *name;
	void (*become)(void);
} kinds[] = {
	{"double_fork", double_fork},
	{"closed_files", closed_files},
	{"ignores_signals", ignores_signals},
	{"stopped", stopped},
	{"bomb", bomb},
	{"renamed", renamed},
	{"no_death_signal", no_death_signal},
	{"chain", chain},
	{"slow_chain", slow_chain},
	{"live_bomb", live_bomb},
	{"near_bomb", near_bomb},
	{"sibling", sibling},
	{"adopted", adopted},
	{"traced", traced},
	{"tracer", tracer},
	{"killer", killer},
	{"namespaced", namespaced},
	{"in_vfork", in_vfork},
	{"leaderless", leaderless},
	{"stay", stay},
};

int main(int argc, char **argv)
{
	int ends[2];
	char byte;
	if (argc == 2 && strcmp(argv[1], "stay") == 0) {
		const char *number = getenv("SURVIVOR_REPORT");
		report = number == NULL ? -1 : atoi(number);
		stay();
	}
	if (argc != 2 || pipe(ends) != 0)
		return 2;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		report = ends[1];
		char number[16];
		snprintf(number, sizeof number, "%d", report);
		setenv("SURVIVOR_REPORT", number, 1);
		parent = getppid();
		pid_t pid = kinds[i].become == sibling ? (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) : fork();
		if (pid == 0) {
			close(ends[0]);
			kinds[i].become();
			_exit(0);
		}
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			return 1;
		puts("ready");
		return 0;
	}
	return 2;
}
