/* In mode setuid: root, waiting for a phase's end to empty and remove its cgroup, which is not the caller's to remove. */
#ifndef JANITOR_H
#define JANITOR_H

#include <stdbool.h>

#include "../cgroup.h"

/*
 * Starts it. It holds nothing of the caller's, takes no orders but the end of the socket that this returns, close-on-exec, and the
 * caller can't signal it. It must not become our child, which we'd kill with the phase's: be no subreaper yet. Returns -1
 * with errno.
 */
int janitor_start(const struct cgroup *cgroup);

/* Has it do its work, and waits for that or not. Returns whether the cgroup is known to be gone. */
bool janitor_finish(int janitor, bool wait);

#endif
