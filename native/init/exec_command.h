/* The step from confine to the command: the only place that execs. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdnoreturn.h>

#include "options/options.h"
#include "util/signals.h"

/*
 * Becomes the command, with the caller's environment and signal set-up, or exits as env(1) does: 127 not found, 126 can't
 * be run, 125 where the environment can't be read. Privileges must be gone by then.
 */
noreturn void exec_command(const struct options *options, const struct signals *signals);

#endif
