/* What of a phase's confinement exists before we do anything: as root, Portage makes some of it by itself. */
#ifndef MADE_H
#define MADE_H

#include <stdbool.h>

struct inherited {
	bool net;
	bool ipc;
	bool cut_off; /* the network that we start in is one that Portage made, whether that is enough for the phase or not */
	bool pid;     /* under Portage's process 1, which takes everything along when the phase ends */
};

/*
 * Looks for evidence, never for its absence. Portage makes net, ipc, UTS and PID namespaces in one unshare(2) that succeeds
 * or fails whole (portage/process.py, _exec2), so what shows that it succeeded stands for ipc too, where our ipc
 * namespace is not the machine's first. With wanted fields false nothing is looked for there.
 */
struct inherited inherited_from_portage(bool want_net, bool want_ipc, bool want_pid);

#endif
