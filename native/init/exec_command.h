/* From init's fork to the exec of the command: seccomp filters, environment, signals. */
#ifndef EXEC_COMMAND_H
#define EXEC_COMMAND_H

#include <stdbool.h>
#include <stdnoreturn.h>

#include "options/options.h"
#include "util/signals.h"

/*
 * Installs the seccomp filter of the phase: it notifies the watcher and restricts socket families. watcher_socket: where to send the
 * listener; -1 without a watcher. isolated_net: this network namespace is not the host's. On failure exits with EXIT_REFUSED, or prints
 * a message with --best-effort.
 */
void phase_filter_install(const struct options *options, int watcher_socket, bool isolated_net);

/*
 * In a user namespace that maps a single id, set*id(2) and chown(2) return EINVAL for all other ids. This filter makes them return EPERM, as
 * for an ordinary user outside: libfakeroot and test suites rely on that. In other namespaces it does nothing. It also applies in user
 * namespaces that the phase itself makes: there, these calls fail for every id but the caller's. A failure is ignored.
 */
void id_filter_install(void);

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
