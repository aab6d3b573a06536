/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installs the seccomp filter of the phase, and sends its listener to the watcher. */
#ifndef SECCOMP_INSTALL_H
#define SECCOMP_INSTALL_H

#include "seccomp/seccomp_filter.h"

/*
 * Installs the filter in the calling process, which shares its descriptors with init. Writes a struct setup_message to a pipe, with the numbers
 * of the listener and, if isolated_net is true, of the socket of socket_diag_open(). Sets no_new_privs unless the process has CAP_SYS_ADMIN in
 * its user namespace. Returns true if the filter is installed. Otherwise the message has the reason.
 */
bool seccomp_filter_install(int setup_pipe, const struct seccomp_rules *rules, bool isolated_net);

/*
 * For init: reads the message from the pipe, sends it with the descriptors to the watcher, and closes them. The process with the filter cannot
 * send them itself, because its sendmsg(2) would wait for the watcher, which has no listener yet. Exits if the message cannot be sent.
 */
void seccomp_listener_forward(int setup_pipe, int watcher);

/* Installs a filter without a listener. Sets no_new_privs if restricting socket families needs it. Returns false and sets errno on failure. */
bool seccomp_filter_install_without_listener(const struct seccomp_rules *rules);

/* Installs a filter with a listener, as a test. Returns NULL on success. Otherwise returns the reason of the failure and sets errno. */
const char *seccomp_filter_probe(void);

#endif
