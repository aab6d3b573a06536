/* The limits that are in force already: those of the cgroup that this process was started in. */
#ifndef CGROUP_INHERITED_H
#define CGROUP_INHERITED_H

#include <stdbool.h>

#include "cgroup/cgroup.h"
#include "options/options.h"

struct cgroup_inherited {
	bool limit[LIMITS]; /* asked for, and the cgroup has one that is at least as strict */
	int directory;	    /* of the cgroup; -1 where it has none of them */
	long long killed;   /* processes that its memory.max has killed */
	long long refused;  /* forks that its pids.max has refused */
};

/*
 * Looks for the limits that options ask for. Portage's cgroup for a build has them if hooks/limits.bash has written them there. For root,
 * who can make a cgroup elsewhere, it is all of them or none.
 */
void cgroup_inherited_look(struct cgroup_inherited *inherited, const struct options *options, const struct identity *identity);

/* Notes in usage which of these limits was hit since. */
void cgroup_inherited_usage(const struct cgroup_inherited *inherited, struct cgroup_usage *usage);

#endif
