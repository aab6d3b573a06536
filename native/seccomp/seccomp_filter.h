/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generates the seccomp filter of the phase. */
#ifndef SECCOMP_FILTER_H
#define SECCOMP_FILTER_H

#include <linux/filter.h>

#include "seccomp/syscalls.h"

enum { SECCOMP_FILTER_ROOM = 1024 }; /* room for the instructions of a filter; seccomp_filter_build() fails if a filter needs more */

struct seccomp_rules {
	bool watched;	   /* the filter notifies the listener of calls that may contain an address */
	bool net_filter;   /* the watcher permits or refuses each call that names an address, because no namespace isolates the network */
	bool allow_list;   /* the phase has an allow-list, so it can get sockets of the host's network, whose use the filter restricts */
	bool own_sockets;  /* the watcher refuses requests to UNIX sockets of the host */
	bool ipc_objects;  /* the watcher handles the calls that create IPC objects, because no namespace isolates them */
	uint64_t families; /* set with one bit for each socket family that the phase may use; FAMILIES_ANY: families are not restricted (allow_list.h) */
	bool single_id;	   /* the user namespace of the phase maps one user id (uid) and one group id (gid) and no others */
	uint32_t uid, gid;
};

/*
 * Writes the filter for all ABIs of a machine. Returns its length in instructions, or 0 if room is too small. If the result depends only on the
 * number of a system call, the filter loads no argument, so that the kernel caches the result (seccomp_cache_prepare() in kernel/seccomp.c).
 *
 * With allow_list, net_filter or own_sockets, the filter refuses all calls of an unknown architecture, because they could connect without a
 * notification. For the same reason it refuses io_uring_setup, also if only families is restricted. With single_id, set*id(2) and chown(2) fail with
 * EPERM for other ids, also in user namespaces of the phase. The kernel would return EINVAL, but libfakeroot and test suites rely on EPERM.
 */
size_t seccomp_filter_build(const struct machine *machine, const struct seccomp_rules *rules, struct sock_filter *filter, size_t room);

#endif
