/* Lists of processes, however they are found, and the ways to find them. */
#ifndef PIDS_H
#define PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pids {
	pid_t *pid;
	size_t count;
	size_t capacity;
};

/* Appends; out of memory the list just ends there, as it is used for telling and for killing in rounds. */
void pids_add(struct pids *pids, pid_t pid);
/* Takes out what is in the other list. */
void pids_remove(struct pids *pids, const struct pids *others);

void pids_free(struct pids *pids);

/*
 * Adds the living descendants of pid, from /proc of our own PID namespace, and returns how many there are with the dead. A fork
 * bomb may grow faster than it can be read: the time that it takes is bounded.
 */
size_t pids_add_descendants(struct pids *pids, pid_t pid);

/*
 * Kills the descendants of this process, which must be a subreaper, until none is left or the deadline (CLOCK_MONOTONIC,
 * milliseconds) has passed. A chain that re-forks faster than /proc can be listed dies too: what it leaves becomes our own
 * child, and our own children are one short file away. Returns whether none is left.
 */
bool pids_kill_descendants(long long deadline);

#endif
