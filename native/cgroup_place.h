/* Where in the cgroup v2 tree a phase's cgroup may be made. */
#ifndef CGROUP_PLACE_H
#define CGROUP_PLACE_H

#include <stdbool.h>

#include "identity.h"

/* The directory right below the hierarchy's root that is ours; in mode setuid one named after the caller's uid is below it. */
#define CGROUP_PLACE_ROOT "portcullis"

/*
 * Opens the directory to make the phase's cgroup in. With limited, one whose controllers memory, pids and cpu are enabled
 * for its children as far as the kernel has them. Returns a close-on-exec descriptor, or -1 with why (static text) and errno.
 * Between two calls the fixed directory may be removed by others: then making anything in it gives ENOENT or ENODEV.
 */
int cgroup_place_open(const struct identity *identity, bool limited, const char **why);

/* Removes the fixed directory if nobody needs it now. To be called with what cgroup_place_open() gave, which stays open. */
void cgroup_place_tidy(int place);

#endif
