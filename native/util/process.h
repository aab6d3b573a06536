/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: lists, descendants, /proc, reaping. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pids {
	pid_t *pid;
	size_t count;
	size_t capacity;
};

/* Appends pid to the list. If memory is exhausted, omits it: callers kill in rounds, so a later round finds the process. */
void pids_add(struct pids *pids, pid_t pid);

/* Removes from pids the processes that others contains. */
void pids_remove(struct pids *pids, const struct pids *others);

void pids_free(struct pids *pids);

/*
 * Adds the living descendants of pid, as /proc of this PID namespace lists them. Returns the number of all descendants, including zombies,
 * which it does not add. Stops after a time limit, because a fork bomb can grow faster than /proc can be read.
 */
size_t pids_add_descendants(struct pids *pids, pid_t pid);

/*
 * Kills the descendants of this process until none remains, or until the deadline (CLOCK_MONOTONIC, milliseconds). This process must be a
 * subreaper. This also kills a process that forks and exits faster than /proc can be listed: its last child becomes a child of
 * this process, and reading the own children takes a single short file. Returns whether no descendant remains.
 */
bool pids_kill_descendants(long long deadline);

/* Returns true if mounts or mount options hide parts of /proc, or if this cannot be determined. */
bool proc_is_masked(void);

/*
 * Returns whether a living process is missing in /proc. With the mount option hidepid=2, /proc hides processes that are not dumpable from
 * ordinary users (proc(5)), such as init. Returns false for zombies, and if /proc belongs to another PID namespace.
 */
bool proc_hides(pid_t pid);

/* Reads the first size - 1 bytes of /proc/PID/NAME and adds a NUL. Returns the length of the text, or 0 on failure. */
size_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/*
 * Waits for the exit of a child and reaps it. If it still runs after this time, kills it and waits for 0.5 s. Returns false if it has not
 * exited then, because it is in an uninterruptible sleep.
 */
bool reap_within(pid_t child, int milliseconds);

#endif
