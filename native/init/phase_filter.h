/* The seccomp filter of a phase. */
#ifndef PHASE_FILTER_H
#define PHASE_FILTER_H

#include <stdbool.h>

#include "options/options.h"

/*
 * Installs it in the process that becomes the command. news as in filter_install.h, or -1 where nobody watches; isolated: the phase has not
 * the host's network. Exits with EXIT_REFUSED where it can't be had, or says so under --best-effort.
 */
void phase_filter_install(const struct options *options, int news, bool isolated);

#endif
