/* Who must live for the phase to go on: processes, and the holder of a lock. */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>

#include "options/options.h"

struct liveness {
	int pidfd[OPTIONS_WATCHED];
	size_t count;
	int lock; /* -1: none, or nobody held it when we started */
};

/* Returns false where a process to watch is dead already: the phase has nobody to run for. */
bool liveness_open(struct liveness *watch, const struct options *options);

/* Whether the lock that was held when we started is held by nobody any more. */
bool liveness_lock_is_free(const struct liveness *watch);

#endif
