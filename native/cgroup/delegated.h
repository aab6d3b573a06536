/* A cgroup that the caller was given: files and all. */
#ifndef CGROUP_DELEGATED_H
#define CGROUP_DELEGATED_H

#include <stdbool.h>

#include "cgroup/tree.h"

/*
 * Opens the caller's own cgroup, where it was delegated to the caller; with limited its controllers are enabled for its
 * children. Returns a close-on-exec descriptor, or -1 with why (static text) and errno.
 */
int cgroup_delegated_open(struct cgroup_tree *tree, bool limited, const char **why);

#endif
