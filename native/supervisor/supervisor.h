/* What the supervisor knows, shared by the files that it consists of. */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>

#include "watcher/watcher.h"
#include "cgroup/cgroup.h"
#include "cgroup/inherited_limits.h"
#include "init/channel.h"
#include "privileged/identity.h"
#include "options/options.h"
#include "supervisor/outcome.h"
#include "supervisor/plan.h"
#include "util/signals.h"
#include "namespace/snmp.h"
#include "supervisor/launch.h"
#include "supervisor/liveness.h"

struct supervisor {
	const struct options *options;
	struct identity identity;
	const struct signals *signals;
	int signal_fd;
	struct cgroup cgroup;
	bool has_cgroup;
	struct cgroup_inherited inherited;
	struct plan plan;
	struct started started;
	struct liveness watch;
	struct watcher watcher;
	struct snmp snmp;
	struct outcome outcome;
	bool ended;   /* the command */
	bool alone;   /* init has nobody left */
	bool gone;    /* init is dead and reaped */
	bool refused; /* it said why: it could not start the command */
	long long began;
};

/* To init. */
void supervisor_send(const struct supervisor *s, const struct message *message);

/* Waits for one thing to happen, timeout milliseconds at most (-1: for ever). Returns false where who is watched is gone. */
bool supervisor_step(struct supervisor *s, int timeout);

#endif
