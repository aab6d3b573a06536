/* What this process could do here: each thing tried in a child, none of it kept. */
#ifndef PROBE_H
#define PROBE_H

#include "privileged/privilege.h"

/* Prints one key=value a line on stdout and returns the exit status: 0, whatever was found, or 125 where it can't print. */
int probe(const struct identity *identity);

/* Taking away by hand what killed runs have left, as every run with --cgroup does by itself. */

/*
 * Kills what is in the cgroups of ours that nobody looks after any more, and removes them: root's in the fixed place, an
 * ordinary user's below the cgroup that is delegated to him. Says on stdout how many; returns 0, or 125 where it can't.
 */
int gc(const struct identity *identity);

#endif
