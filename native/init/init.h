/* The parent of a phase's command: process 1 of its PID namespace, or a subreaper where there is none. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stdnoreturn.h>

#include "options/options.h"
#include "util/signals.h"

enum tracking {
	TRACK_NOTHING,	     /* nobody asked for tracking: what the command leaves lives on */
	TRACK_PID_NAMESPACE, /* our end is everybody's end: the kernel sees to it */
	TRACK_SUBREAPER,     /* orphans become our children, and we kill them */
};

struct init {
	int channel; /* to the supervisor */
	enum tracking tracking;
	int cgroup_kill; /* -1, or cgroup.kill of the phase's cgroup, for when the supervisor is gone */
	bool counted;	 /* the network is not the host's */
	int news;	 /* to the watcher, or -1: then the command is not watched */
	const struct options *options;
	const struct signals *signals;
};

/*
 * Starts the command once the supervisor says so, hands signals on, collects zombies, says how the command ended and when
 * nothing else is left. Ends when told to, or when the supervisor is gone; nothing that it keeps outlives it.
 */
noreturn void init_run(const struct init *init);

#endif
