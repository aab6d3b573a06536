/* From the supervisor's fork to an init that has everything in place. */
#ifndef START_H
#define START_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "init/init.h"
#include "supervisor/outcome.h"

/* What is to be made in one try. */
struct plan {
	enum mode mode;
	unsigned isolate;	/* enum isolation */
	enum tracking tracking; /* TRACK_PID_NAMESPACE goes with ISOLATE_PID */
	bool inherited_net;	/* others have isolated the network */
};

struct started {
	pid_t init;
	int channel;
	bool parent_exited; /* the process that forked init has */
	int counters[2];    /* of its network (snmp.h), where that is not the host's */
};

/*
 * Tries the plan once; news leads to the watcher of what the command calls, -1 where there is none. Returns true with started filled, init waiting for MESSAGE_START, or false with setback: then nothing of
 * that try is left. The caller must be a subreaper (prctl(2)), as the process that makes a PID namespace ends at once.
 */
bool launch_init(const struct plan *plan, const struct identity *identity, const struct options *options,
		 const struct signals *signals, const struct cgroup *cgroup, int news, struct started *started,
		 struct setup_error *setup_error);

#endif
