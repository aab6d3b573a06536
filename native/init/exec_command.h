/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps directly before the exec of the command: seccomp filters, environment, signals. */
#ifndef EXEC_COMMAND_H
#define EXEC_COMMAND_H

#include <stdnoreturn.h>

#include "namespace/namespace.h"
#include "options/options.h"
#include "util/signals.h"

/*
 * Installs the seccomp filter of the phase (seccomp_filter.h): it notifies the watcher, restricts socket families, and makes set*id(2) and chown(2)
 * fail with EPERM in a user namespace that maps a single id. Sends the listener to the watcher over watcher_socket, which is -1 without a
 * watcher. If families cannot be restricted, exits with EXIT_REFUSED, or prints a message with --best-effort. Exits if the watcher must
 * restrict the network and cannot.
 */
void phase_seccomp_install(const struct options *options, int watcher_socket, enum network network, bool ipc_objects);

/*
 * Executes the command with the caller's environment and signal settings. Privileges must have been dropped. Exits like env(1): 127 if
 * the command is not found, 126 if it cannot be executed, 125 if the environment cannot be read.
 */
noreturn void exec_command(const struct options *options, const struct signals *signals);

/* Reads NUL-separated NAME=VALUE entries from fd until its end. Returns a NULL-terminated array, or NULL with errno. */
char **environment_read(int fd);

/*
 * Renames each CONFINE_ENV_NAME=VALUE to NAME=VALUE, and removes other entries of that name. Changes the array in place. The caller
 * encodes variables in this way, because the dynamic loader removes LD_PRELOAD, TMPDIR and others from the environment of a set-user-ID
 * program (ld.so(8), secure-execution mode).
 */
void environment_restore(char **environment);

#endif
