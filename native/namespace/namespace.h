/* The namespaces a phase is put into: each entered whole, or the process that tried must not go on. */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <stdbool.h>

#include "privileged/privilege.h"

/* What can be taken apart from the host, as bits of a plan. */
enum isolation {
	ISOLATE_NET = 1,
	ISOLATE_IPC = 2,
	ISOLATE_PID = 4,
	ISOLATE_PROC = 8, /* /proc mounted anew, in a mount namespace */
	ISOLATE_DNS = 16, /* a name server of ours on the network that goes with it; had or not, never a setback */
};

/* The steps on the way, each of which can fail. */
enum step {
	STEP_NONE,
	STEP_USERNS,
	STEP_MAP,
	STEP_NET,
	STEP_LOOPBACK,
	STEP_HOSTNAME,
	STEP_IPC,
	STEP_PID,
	STEP_PROC,
	STEP_CGROUP,
	STEP_DROP,
	STEP_FORK,
	STEPS,
};

struct setup_error {
	enum step step;
	int error; /* errno */
};

struct setup_step {
	const char *call;      /* the call that failed, for a message */
	unsigned required_for; /* isolations that can't be had without it; 0: nothing can run at all */
};
extern const struct setup_step setup_steps[STEPS];

/*
 * Leaves the namespaces that plan (bits of enum isolation) names. In mode userns enters a user namespace first, with the
 * caller's ids mapped to themselves: their whole range where the caller may map it, else just the caller's own.
 * ISOLATE_PID takes effect for the next child; ISOLATE_PROC is isolate_mount_proc()'s, from inside it. Returns false with
 * setback set: this process is then half-way and must not start the command.
 */
bool namespaces_enter(const struct identity *identity, enum mode mode, unsigned plan, struct setup_error *setup_error);

/* What of a phase's confinement exists before we do anything: as root, Portage makes some of it by itself. */

struct inherited {
	bool net;
	bool ipc;
	bool portage_net; /* the network that we start in is one that Portage made, whether that is enough for the phase or not */
	bool pid;	  /* under Portage's process 1, which takes everything along when the phase ends */
};

/*
 * Looks for evidence, never for its absence. Portage makes net, ipc, UTS and PID namespaces in one unshare(2) that succeeds
 * or fails whole (portage/process.py, _exec2), so what shows that it succeeded stands for ipc too, where our ipc
 * namespace is not the machine's first. With wanted fields false nothing is looked for there.
 */
struct inherited inherited_from_portage(bool want_net, bool want_ipc, bool want_pid);

/* A user namespace in which every id means what it meant outside. */

/* Enters a new user namespace and writes its maps. Returns false with setback set; the process is then unusable. */
bool idmap_enter(const struct identity *identity, struct setup_error *setup_error);

#endif
