/* Where in the cgroup v2 tree root makes a phase's cgroup. */
#ifndef CGROUP_PLACE_H
#define CGROUP_PLACE_H

#include <stdbool.h>

#include "cgroup/tree.h"

/* The directory right below the hierarchy's root that is ours. */
#define CGROUP_PLACE_ROOT "portcullis"

/*
 * Mode of every directory that we make: others can't open it, and so can't hold its flock(2) against us. They can reach
 * what is in it, which the kernel's own modes guard.
 */
#define CGROUP_PLACE_MODE 0711

/*
 * For root: opens the directory to make the phase's cgroup in, which is the one that this process is in (with stay, or where it
 * is Portage's leaf and limits are not asked for), else the fixed one. With limited it is one whose
 * controllers memory, pids and cpu are enabled for its children, as far as that can be had. Returns a close-on-exec descriptor, or -1
 * with why (static text) and errno. Between two calls the fixed directory may be removed by others: then making anything in
 * it gives ENOENT or ENODEV.
 */
int cgroup_place_open(const struct cgroup_tree *tree, bool stay, bool limited, const char **why);

/* mkdirat(2) with CGROUP_PLACE_MODE, whatever the caller's umask: with 0777 nobody but the caller would have a use for it. */
bool cgroup_place_mkdir(int parent, const char *name);

/* Makes a directory in parent if there is none of that name yet, and opens it. Returns -1 with errno. */
int cgroup_place_make(int parent, const char *name);

/* Enables memory, pids and cpu for the children of directory: each that is to be had. */
void cgroup_place_enable(int directory);

/* Removes the fixed directory if nobody needs it now. To be called with what cgroup_place_open() gave, which stays open. */
void cgroup_place_tidy(int place);

#endif
