#include "probe/gc.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroup/delegated.h"
#include "cgroup/place.h"
#include "cgroup/tree.h"
#include "cgroup/cgroupfs.h"
#include "util/fail.h"
#include "privileged/privilege.h"

int gc(const struct identity *identity)
{
	struct identity own = *identity;
	struct cgroup_tree tree;
	const char *why;
	int removed = 0;
	/* Nobody's leftovers are worth root's power in a program that anybody starts. */
	if (!privilege_drop(&own) || !identity_read(&own))
		refuse("giving up root: %m");
	if (cgroup_tree_find(&tree, &why)) {
		int place = own.mode == MODE_ROOT ? cgroupfs_open_directory(tree.root, CGROUP_PLACE_ROOT) : cgroup_delegated_open(&tree, false, &why);
		if (place >= 0) {
			removed = cgroupfs_sweep(place);
			if (own.mode == MODE_ROOT)
				cgroup_place_tidy(place);
			close(place);
		}
		cgroup_tree_close(&tree);
	}
	printf("%d cgroup%s removed\n", removed, removed == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : EXIT_REFUSED;
}
