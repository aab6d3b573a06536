/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installs the seccomp filter of the phase, and sends its listener to the watcher. */
#ifndef SECCOMP_INSTALL_H
#define SECCOMP_INSTALL_H

#include "seccomp/seccomp_filter.h"

/*
 * Installs the filter in the calling process. Sends the listener, or the reason why there is none, to the watcher at the other end of
 * setup_socket; if isolated_net is true, also the socket of socket_diag_open(). Sets no_new_privs unless the process has CAP_SYS_ADMIN in its
 * user namespace. Returns true if the filter is installed.
 */
bool seccomp_filter_install(int setup_socket, const struct seccomp_rules *rules, bool isolated_net);

/* Installs a filter without a listener. Sets no_new_privs if restricting socket families needs it. Returns false and sets errno on failure. */
bool seccomp_filter_install_without_listener(const struct seccomp_rules *rules);

/* Installs a filter with a listener, as a test. Returns NULL on success. Otherwise returns the reason of the failure and sets errno. */
const char *seccomp_filter_probe(void);

#endif
