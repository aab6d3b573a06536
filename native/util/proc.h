/* Reading /proc, and what has been done to it here. */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether parts of /proc are mounted over or hidden by its mount options; true where that can't be told. */
bool proc_is_masked(void);

/*
 * Whether a process lives and /proc doesn't show it: mounted with hidepid=2 it hides from an ordinary user who can't be dumped, as our
 * init is (proc(5)). A dead child doesn't live, though its number is still taken. False where /proc is not of our PID namespace.
 */
bool proc_hides(pid_t pid);

/* Reads what fits of /proc/PID/NAME and puts a NUL behind it. Returns its length; 0, and empty text, where that failed. */
size_t proc_read(pid_t pid, const char *name, char *text, size_t size);

#endif
