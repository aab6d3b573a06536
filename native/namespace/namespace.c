#include "namespace/namespace.h"

#include "namespace/id_map.h"
#include "privileged/isolate.h"

const struct step_words step_words[STEPS] = {
	[STEP_NONE] = {"nothing", 0},
	[STEP_USERNS] = {"unshare(CLONE_NEWUSER)", ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID | ISOLATE_PROC},
	[STEP_MAP] = {"writing /proc/self/uid_map", ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID | ISOLATE_PROC},
	[STEP_NET] = {"unshare(CLONE_NEWNET)", ISOLATE_NET},
	[STEP_LOOPBACK] = {"setting up lo", ISOLATE_NET},
	[STEP_HOSTNAME] = {"unshare(CLONE_NEWUTS)", ISOLATE_NET},
	[STEP_IPC] = {"unshare(CLONE_NEWIPC)", ISOLATE_IPC},
	[STEP_PID] = {"unshare(CLONE_NEWPID)", ISOLATE_PID | ISOLATE_PROC},
	[STEP_PROC] = {"mounting /proc", ISOLATE_PROC},
	[STEP_CGROUP] = {"joining the cgroup", 0},
	[STEP_DROP] = {"giving up root", 0},
	[STEP_FORK] = {"fork", 0},
};

bool namespaces_enter(const struct identity *identity, enum mode mode, unsigned plan, struct setup_error *setup_error)
{
	return (mode != MODE_USERNS || idmap_enter(identity, setup_error)) && isolate(identity, plan, setup_error);
}
