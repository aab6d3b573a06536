#include "cgroup/delegated.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/place.h"
#include "cgroup/cgroupfs.h"

/* The child that a delegated cgroup's own processes are moved to when limits are asked for. */
#define ASIDE "portcullis.delegated"

/*
 * A cgroup that has processes can't enable controllers for its children (cgroups(7), "no internal processes"), so the
 * delegated one's own processes move into a child first, as container managers do.
 */
static void make_room_for_controllers(int directory)
{
	int aside = cgroup_place_make(directory, ASIDE);
	char text[4096];
	/* In rounds, as they fork meanwhile. */
	for (int round = 0; aside >= 0 && round < 16; round++) {
		if (cgroupfs_read(directory, "cgroup.procs", text, sizeof text) <= 0)
			break;
		for (char *pid = strtok(text, "\n"); pid != NULL; pid = strtok(NULL, "\n"))
			cgroupfs_write(aside, "cgroup.procs", pid);
	}
	if (aside >= 0)
		close(aside);
	cgroup_place_enable(directory);
}

int cgroup_delegated_open(struct cgroup_tree *tree, bool limited, const char **why)
{
	char *path = tree->own;
	size_t length = strlen(path);
	if (length >= sizeof "/" ASIDE - 1 && strcmp(path + length - (sizeof "/" ASIDE - 1), "/" ASIDE) == 0)
		path[length - (sizeof "/" ASIDE - 1)] = '\0';
	*why = "the cgroup that this was started in is not delegated to this user";
	int own = cgroupfs_open_directory(tree->root, path);
	if (own < 0)
		return -1;
	if (faccessat(own, ".", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0) {
		int saved = errno;
		close(own);
		errno = saved;
		return -1;
	}
	if (limited)
		make_room_for_controllers(own);
	return own;
}
