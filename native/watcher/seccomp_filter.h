/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generates the seccomp filter of the phase (seccomp_filter.c) and installs it (seccomp_install.c). */
#ifndef WATCHER_SECCOMP_FILTER_H
#define WATCHER_SECCOMP_FILTER_H

#include <linux/filter.h>

#include "watcher/syscalls.h"

enum { SECCOMP_FILTER_ROOM = 1024 }; /* room for the instructions of a filter; seccomp_filter_build() fails if a filter needs more */

struct seccomp_rules {
	bool watched;	   /* the filter notifies the listener of calls that may contain an address */
	bool net_filter;   /* the watcher decides about each call that names an address, because no namespace isolates the network */
	bool allow_list;   /* the phase has an allow-list, so it can get sockets of the host's network, whose use the filter restricts */
	bool own_sockets;  /* the watcher refuses requests to UNIX sockets of the host */
	bool ipc_objects;  /* the watcher handles the calls that create IPC objects, because no namespace isolates them */
	uint64_t families; /* set with one bit for each socket family that the phase may use; FAMILIES_ANY: families are not restricted (allow_list.h) */
	bool single_id;	   /* the user namespace of the phase maps one user id (uid) and one group id (gid) and no others */
	uint32_t uid, gid;
};

/*
 * Writes the filter for all ABIs of a machine. Returns the length of the filter in instructions, or 0 if room is too small.
 * Actions: SECCOMP_RET_USER_NOTIF for a watched call that may contain an address, SECCOMP_RET_ERRNO for a refused call, and
 * SECCOMP_RET_ALLOW for all others. If the system call number alone decides, the filter loads no argument, so that the kernel caches the
 * result (seccomp_cache_prepare() in kernel/seccomp.c).
 *
 * What the filter refuses because of each member of struct seccomp_rules:
 * allow_list: io_uring_setup, clone3, MSG_FASTOPEN and all calls of an unknown architecture fail as in a kernel without them, because they
 * could connect without a notification. Socket options and ioctls that socket_permit.h does not list fail too.
 * own_sockets: io_uring_setup and all calls of an unknown architecture fail with ENOSYS.
 * net_filter: io_uring_setup, all calls of an unknown architecture, and socket options that socket_permit.h does not list fail. socket(2)
 * fails for raw internet sockets and for protocols that socket_permit.h does not list.
 * families: socket(2) fails with EAFNOSUPPORT for other families. io_uring_setup fails with ENOSYS, because it can create sockets.
 * single_id: set*id(2) and chown(2) fail with EPERM for all ids except uid and gid, as for an ordinary user without a user namespace. The
 * kernel would return EINVAL, but libfakeroot and test suites rely on EPERM. The same holds in user namespaces that the phase makes.
 */
size_t seccomp_filter_build(const struct machine *machine, const struct seccomp_rules *rules, struct sock_filter *filter, size_t room);

/*
 * Installs the filter in the calling process and its later children. Sends the listener, or the reason why there is none, to the watcher at
 * the other end of setup_socket. If isolated_net is true, also sends the socket of socket_diag_open(). Closes setup_socket. Sets no_new_privs
 * unless the process has CAP_SYS_ADMIN in its user namespace. Returns true if the filter is installed.
 */
bool seccomp_filter_install(int setup_socket, const struct seccomp_rules *rules, bool isolated_net);

/* Installs a filter without a listener. Sets no_new_privs if restricting socket families needs it. Returns false and sets errno on failure. */
bool seccomp_filter_install_without_listener(const struct seccomp_rules *rules);

/* Installs a filter with a listener, as a test. Returns NULL on success. Otherwise returns the reason of the failure and sets errno. */
const char *seccomp_filter_probe(void);

#endif
