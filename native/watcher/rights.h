/* What the watcher may do: as little as its work needs, since it reads memory that the build wrote. */
#ifndef WATCHER_RIGHTS_H
#define WATCHER_RIGHTS_H

#include <stdbool.h>

/*
 * Gives up what the watcher does not need. With CAP_SYS_PTRACE it keeps that alone, and root gets ids that nobody else has. Without,
 * it keeps the capabilities that it has, since a process can be looked into only by one that has all of its capabilities
 * (cap_ptrace_access_check() in security/commoncap.c). Returns false with errno.
 */
bool watcher_rights_reduce(void);

/* Limits it to the system calls of a table, for good, where the kernel can do that. */
void watcher_rights_filter(void);

#endif
