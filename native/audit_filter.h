/* The classic BPF that tells the kernel which calls are watched. */
#ifndef AUDIT_FILTER_H
#define AUDIT_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit_syscalls.h"

enum { AUDIT_FILTER_ROOM = 320 };

/*
 * Writes the filter for a table whose rows stand by architecture: SECCOMP_RET_USER_NOTIF for a watched call that may carry
 * an address, SECCOMP_RET_ALLOW for everything else, calls of an architecture that is not in the table included. Returns its
 * length in instructions, 0 where room is too small. What a call's number alone decides comes first and loads nothing else,
 * so that the kernel remembers the answer and doesn't run the filter for it (seccomp_cache_prepare() in kernel/seccomp.c).
 * strict: for a phase that gets sockets of another network. What could connect those unseen is refused as by a kernel that has
 * it not: io_uring_setup, clone3 and MSG_FASTOPEN.
 */
size_t audit_filter_build(const struct audit_syscall *table, size_t count, bool strict, struct sock_filter *filter, size_t room);

#endif
