/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installs the seccomp filter of the phase, and sends its listener to the watcher. */
#pragma once

#include "network_log/network_log.h"
#include "seccomp/seccomp_filter.h"

/*
 * Installs the filter in the calling process, which shares its descriptors with confine's init. Writes the numbers of two descriptors to the pipe that init
 * reads: the listener and, if isolated_net is true, the socket of socket_diag_open(). A number is -1 if there is no such descriptor. Sets no_new_privs unless
 * the process has CAP_SYS_ADMIN in its user namespace. Returns true if the filter is installed. Otherwise stores the reason in the log and returns false.
 */
bool seccomp_filter_install(int setup_pipe, const struct seccomp_rules *rules, bool isolated_net, struct network_log *log);

/*
 * For confine's init: reads the numbers of the descriptors from the pipe, sends the descriptors to the watcher, and closes them. The process with the filter cannot send
 * them itself, because its sendmsg(2) would wait for the watcher, which has no listener yet. Exits if they cannot be sent.
 */
void seccomp_listener_forward(int setup_pipe, int watcher);

/* Installs a filter. Sets no_new_privs if the kernel requires it (EACCES) and the filter is worth it: it watches calls or restricts socket families. Returns the listener, or 0 if the rules need no listener. On failure, returns -1 and sets errno. */
int seccomp_install(const struct seccomp_rules *rules);

/* Tests whether a filter with a listener can be installed. Call it in a child process, because the filter stays installed. Returns NULL on success. Otherwise returns the reason of the failure and sets errno (0: no errno). */
const char *seccomp_filter_probe(void);
