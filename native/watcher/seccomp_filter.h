/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generates the seccomp filter of the phase (seccomp_filter.c) and installs it (seccomp_install.c). */
#ifndef WATCHER_SECCOMP_FILTER_H
#define WATCHER_SECCOMP_FILTER_H

#include <linux/filter.h>

#include "watcher/syscalls.h"

enum { SECCOMP_FILTER_ROOM = 1024 }; /* maximum length of a filter, in instructions */

struct seccomp_rules {
	bool watched;	   /* the listener is notified of calls that may contain an address */
	bool net_filter;   /* the watcher decides about each call that names an address, because no namespace isolates the network */
	bool allow_list;   /* the phase has an allow-list, so it gets sockets of the host's network */
	bool own_sockets;  /* requests to UNIX sockets of the host are refused */
	bool ipc_objects;  /* the watcher handles the calls that create IPC objects, because no namespace isolates them */
	uint64_t families; /* one bit for each socket family that the phase may use; FAMILIES_ANY: not restricted (families.h) */
	bool single_id;	   /* the user namespace maps no ids except uid and gid */
	uint32_t uid, gid;
};

/*
 * Writes the filter for all ABIs of a machine. Returns its length in instructions, or 0 if room is too small.
 * Actions: SECCOMP_RET_USER_NOTIF for a watched call that may contain an address, SECCOMP_RET_ERRNO for a refused call, and
 * SECCOMP_RET_ALLOW for all others. For a call that its number alone decides, the filter loads no argument, so that the kernel caches
 * the result (seccomp_cache_prepare() in kernel/seccomp.c).
 *
 * allow_list: calls that could connect without a notification fail as in a kernel without them (io_uring_setup, clone3, MSG_FASTOPEN, all
 * calls of an unknown architecture), and so do socket options and ioctls that socket_permit.h does not list.
 * own_sockets, net_filter: io_uring_setup and all calls of an unknown architecture fail in the same way.
 * net_filter: so do the socket options. socket(2) fails for raw internet sockets and for protocols that socket_permit.h does not list.
 * families: socket(2) fails with EAFNOSUPPORT for other families, and io_uring_setup with ENOSYS, because it can create sockets.
 * single_id: set*id(2) and chown(2) fail with EPERM for other ids, as for an ordinary user without a user namespace. The kernel would return
 * EINVAL; libfakeroot and test suites rely on EPERM. In user namespaces that the phase makes, they fail for every id but these two.
 */
size_t seccomp_filter_build(const struct machine *machine, const struct seccomp_rules *rules, struct sock_filter *filter, size_t room);

/*
 * Installs the filter in the calling process and its later children. Sends the listener, or the reason why there is none, to the watcher
 * at the other end of setup_socket; with isolated_net, also the socket of socket_diag_open(). Closes setup_socket. Sets no_new_privs unless the process has CAP_SYS_ADMIN in its
 * user namespace. Returns true if the filter is installed.
 */
bool seccomp_filter_install(int setup_socket, const struct seccomp_rules *rules, bool isolated_net);

/*
 * Installs a filter without a listener. Sets no_new_privs if that is necessary to restrict families. Returns false and sets errno on failure.
 */
bool seccomp_filter_install_without_listener(const struct seccomp_rules *rules);

/* Tests whether a filter with a listener can be installed, and leaves it installed. Returns NULL on success, or the reason why not, and sets errno. */
const char *seccomp_filter_probe(void);

#endif
