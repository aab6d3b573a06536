#include "cgroup/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup/cgroupfs.h"
#include "util/text.h"

static int open_root(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int root = -1;
	while (root < 0 && mounts != NULL && getline(&line, &size, mounts) > 0) {
		const char *point = text_cgroup2_mount(line);
		root = point == NULL ? -1 : cgroupfs_open_directory(AT_FDCWD, point);
	}
	free(line);
	if (mounts != NULL)
		fclose(mounts);
	if (root < 0)
		errno = ENODEV;
	return root;
}

static bool read_own(char *path, size_t size)
{
	FILE *own = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (!found && own != NULL && getline(&line, &room, own) > 0) {
		const char *named = text_own_cgroup(line);
		found = named != NULL && (size_t)snprintf(path, size, "%s", named) < size;
	}
	free(line);
	if (own != NULL)
		fclose(own);
	return found;
}

bool cgroup_tree_find(struct cgroup_tree *tree, const char **why)
{
	*why = "no cgroup v2 is mounted";
	tree->root = open_root();
	if (tree->root < 0)
		return false;
	if (read_own(tree->own, sizeof tree->own))
		return true;
	cgroup_tree_close(tree);
	*why = "/proc/self/cgroup names no place below it";
	errno = ENOENT;
	return false;
}

void cgroup_tree_close(struct cgroup_tree *tree)
{
	close(tree->root);
	tree->root = -1;
}
