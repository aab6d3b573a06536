/* The step from confine to the command: the only place that execs. */
#ifndef EXEC_COMMAND_H
#define EXEC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>

#include "options/options.h"
#include "util/signals.h"

/*
 * Becomes the command, with the caller's environment and signal set-up, or exits as env(1) does: 127 not found, 126 can't
 * be run, 125 where the environment can't be read. Privileges must be gone by then.
 */
noreturn void exec_command(const struct options *options, const struct signals *signals);

/* The seccomp filter of a phase. */

/*
 * Installs it in the process that becomes the command. news as in filter_install.h, or -1 where nobody watches; isolated: the phase has not
 * the host's network. Exits with EXIT_REFUSED where it can't be had, or says so under --best-effort.
 */
void phase_filter_install(const struct options *options, int watcher_socket, bool isolated);

/* The environment that the command gets: the caller's, whole, whatever the loader took out of ours. */

/* Reads NUL-separated NAME=VALUE text from fd to its end. Returns a NULL-terminated array, or NULL with errno. */
char **environment_read(int fd);

/*
 * Gives each CONFINE_ENV_NAME=VALUE in environment its name back, in the place of any NAME there. The loader removes
 * LD_PRELOAD, TMPDIR and others from a set-id program's environment (ld.so(8), secure-execution mode), and does not know
 * this name. Changes the array in place.
 */
void environment_restore(char **environment);

/* What chown(2) says in a user namespace about an id that is not mapped there. */

/*
 * Where our user namespace maps one user alone, has the kernel answer EPERM to every chown to another, as it does to ordinary users
 * outside, for the rest of this process's life and its children's. By itself it says EINVAL, and libfakeroot, which forgives
 * EPERM, passes that on: `fowners root` then fails the build. Elsewhere nothing is done. Needs CAP_SYS_ADMIN in that namespace or
 * no_new_privs. Returns false with errno.
 *
 * Not for every phase: a test suite that makes user namespaces of its own can chown to what they map.
 */
bool errno_filter_install(void);

#endif
