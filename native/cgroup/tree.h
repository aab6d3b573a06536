/* Where the cgroup v2 hierarchy is mounted and where in it we are, as /proc says. */
#ifndef CGROUP_TREE_H
#define CGROUP_TREE_H

#include <stdbool.h>

struct cgroup_tree {
	int root;	/* its mount point, open */
	char own[4096]; /* the calling process's path below it, "" for the root itself */
};

/* Finds both, unified or hybrid. Returns false with why (static text) and errno; nothing is open then. */
bool cgroup_tree_find(struct cgroup_tree *tree, const char **why);

void cgroup_tree_close(struct cgroup_tree *tree);

#endif
