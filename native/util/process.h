/* Lists of processes, however they are found, and the ways to find them. */
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

/* Reading /proc, and what has been done to it here. */

/* Whether parts of /proc are mounted over or hidden by its mount options; true where that can't be told. */
bool proc_is_masked(void);

/*
 * Whether a process lives and /proc doesn't show it: mounted with hidepid=2 it hides from an ordinary user who can't be dumped, as our
 * init is (proc(5)). A dead child doesn't live, though its number is still taken. False where /proc is not of our PID namespace.
 */
bool proc_hides(pid_t pid);

/* Reads what fits of /proc/PID/NAME and puts a NUL behind it. Returns its length; 0, and empty text, where that failed. */
size_t proc_read(pid_t pid, const char *name, char *text, size_t size);

/* Waiting for a child that may never end: one that sleeps uninterruptibly in the kernel outlasts even SIGKILL. */

/* Collects a child, with SIGKILL once milliseconds have passed. Returns false where even that did not end it at once. */
bool reap_within(pid_t child, int milliseconds);

#endif
