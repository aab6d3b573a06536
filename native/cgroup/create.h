/* The phase's cgroup: made, limited, and born into. */
#ifndef CGROUP_CREATE_H
#define CGROUP_CREATE_H

#include <stdbool.h>

#include "cgroup/cgroup.h"

/* Sweeps cgroup->parent, makes the directory in it and opens its files. Returns false with errno; nothing is left then. */
bool cgroup_create(struct cgroup *cgroup, const struct options *options);

/* fork(2) into the cgroup; see cgroup_fork(). */
pid_t cgroup_create_child(const struct cgroup *cgroup, bool *joined);

#endif
