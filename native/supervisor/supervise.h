/* The process that stays outside: starts the phase's init, watches, ends it, kills what is left, writes the record. */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdnoreturn.h>

#include "privileged/identity.h"
#include "namespace/inherited.h"
#include "options/options.h"
#include "util/signals.h"

/* Runs the command under supervision and ends as it ended; exits 125 where --require could not be met. */
noreturn void supervise(const struct options *options, const struct identity *identity, const struct inherited *inherited,
			const struct signals *signals);

#endif
