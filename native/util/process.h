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

/* Appends. If memory is exhausted, the process is omitted. Callers kill in rounds, so a later round finds it. */
void pids_add(struct pids *pids, pid_t pid);

/* Removes the processes of the other list. */
void pids_remove(struct pids *pids, const struct pids *others);

void pids_free(struct pids *pids);

/*
 * Adds the living descendants of pid, as /proc of this PID namespace lists them. Returns their number, including zombies. Stops after a
 * time limit, because a fork bomb can grow faster than /proc can be read.
 */
size_t pids_add_descendants(struct pids *pids, pid_t pid);

/*
 * Kills the descendants of this process until none remains, or until the deadline (CLOCK_MONOTONIC, milliseconds). This process must be a
 * subreaper. This also kills a process that forks and exits faster than /proc can be listed: its last child becomes a child of
 * this process, and reading the own children takes a single short file. Returns whether no descendant remains.
 */
bool pids_kill_descendants(long long deadline);

/* Returns whether parts of /proc are hidden by mounts or mount options. Returns true if this cannot be determined. */
bool proc_is_masked(void);

/*
 * Returns whether a living process is missing in /proc. With the mount option hidepid=2, /proc hides processes that are not dumpable from
 * ordinary users (proc(5)); init is one. Returns false for zombies, and if /proc belongs to another PID namespace.
 */
bool proc_hides(pid_t pid);

/* Reads the beginning of /proc/PID/NAME, NUL-terminated. Returns its length, 0 on failure. */
size_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/*
 * Reaps a child, and kills it after this time. Returns false if it has not exited shortly after SIGKILL: a process in an uninterruptible
 * sleep does not.
 */
bool reap_within(pid_t child, int milliseconds);

#endif
