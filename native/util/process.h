/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: lists, descendants, /proc, reaping, signals. */
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include "util/base.h"

struct pids {
	pid_t *pid;
	size_t count;
	size_t capacity;
};

/* Appends pid to the list. If memory is exhausted, omits pid: callers kill in rounds, so that a later round finds the process. */
void pids_add(struct pids *pids, pid_t pid);

/* Attribute of a list of processes: frees the list when the variable goes out of scope. */
#define AUTO_PIDS __attribute__((cleanup(pids_free)))
void pids_free(struct pids *pids);

/*
 * Adds to pids the living descendants of pid that are listed in /proc. Returns the number of all descendants, including zombies, which are not added.
 * Stops the search after a time limit, because a fork bomb can grow faster than /proc can be read.
 */
size_t pids_add_descendants(struct pids *pids, pid_t pid);

/*
 * Kills the descendants of this process until none remains, or until the deadline (CLOCK_MONOTONIC, milliseconds). This process must be a
 * subreaper. Returns true if no descendant remains, false if some do at the deadline.
 */
bool pids_kill_descendants(long long deadline);

/* Returns true if mounts or mount options hide files of /proc, or if this cannot be determined. A new /proc would show these files, so confine mounts none in mode setuid. */
bool proc_is_masked(void);

/*
 * Returns true if the process pid is alive but missing in /proc. With the mount option hidepid=2, /proc hides processes that are not
 * dumpable, such as confine's init, from ordinary users (proc(5)). Returns false for zombies, and if /proc belongs to another PID namespace.
 */
bool proc_hides(pid_t pid);

struct proc_path {
	char text[64];
};

/* Returns the path of a file or directory of process pid in /proc: /proc/PID/NAME. name is a format of printf(3). */
struct proc_path proc_path(pid_t pid, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Reads the first size - 1 bytes of /proc/PID/NAME and adds a NUL. Returns the length of the text, or 0 on failure. */
size_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/*
 * Waits until a child exits, at most this time, and reaps it. If the child still runs after this time, kills it and waits up to 0.5 s more.
 * Returns true if the child is reaped, false if it has not exited even then, because it is in an uninterruptible sleep.
 */
bool reap_within(pid_t child, int milliseconds);

/* Returns zeroed memory that this process shares with its later child processes, or NULL with errno. */
void *memory_share(size_t size);

/*
 * Calls function() in a child process with a copy of data (size bytes), and waits at most this time until it returns. Then ends the child, and copies to data
 * what function() has written. Returns false with errno if there was no child, or function() has not returned in time; data may then be incomplete.
 */
bool call_in_child(void (*function)(void *data), void *data, size_t size, int milliseconds);

/*
 * These functions access another process with the user ID and capabilities of the calling process (ptrace(2), access mode checking), without the Yama broker.
 * process_read_memory() reads size bytes, or returns false and sets errno. It sets *opened to true if it has tried to open /proc/TID/mem, otherwise to false. If it has, the TID may
 * belong to a new process: the caller must then call target_is_valid(). process_duplicate_descriptor() returns a duplicate of fd, or -1 and sets errno.
 */
bool process_read_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened);
int process_duplicate_descriptor(int pidfd, int fd);

struct signals {
	sigset_t mask;
	struct sigaction child;
};

/*
 * Saves the signal mask and the SIGCHLD action that confine inherits from the process that started it. Sets SIGCHLD to its default action: while SIGCHLD is
 * ignored, wait(2) cannot report the exit status of a child. Returns false with errno.
 */
bool signals_save(struct signals *signals);

/* Restores the saved signal mask and SIGCHLD action, for the exec that follows. Returns false with errno. */
bool signals_restore(const struct signals *signals);

/*
 * Blocks SIGCHLD and the signals that the supervisor forwards. Returns a close-on-exec signalfd for them, or -1. Does not block the stop
 * signals of the terminal, which stop the supervisor together with the foreground process group.
 */
int signals_open(void);

/*
 * Returns true if the supervisor forwards this signal to the command. The supervisor forwards signals that a process has sent. Signals of the
 * terminal (si_code SI_KERNEL) go to the whole foreground process group, including the command, so the supervisor does not forward them. The
 * exception is SIGHUP of a closed terminal, which only the session leader gets (tty_signal_session_leader() in drivers/tty/tty_jobctrl.c).
 */
bool signals_is_forwarded(const struct signalfd_siginfo *info);
