/* Taking away by hand what killed runs have left, as every run with --cgroup does by itself. */
#ifndef GC_H
#define GC_H

#include "privileged/identity.h"

/*
 * Kills what is in the cgroups of ours that nobody looks after any more, and removes them: root's in the fixed place, an
 * ordinary user's below the cgroup that is delegated to him. Says on stdout how many; returns 0, or 125 where it can't.
 */
int gc(const struct identity *identity);

#endif
