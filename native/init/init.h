/* What the supervisor and the init of a phase say to each other, over one socket pair. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "namespace/namespace.h"
#include "options/options.h"
#include "util/fds.h"
#include "util/signals.h"

enum type {
	MESSAGE_SETUP_ERROR,	/* init: set-up failed, nothing runs */
	MESSAGE_READY,		/* init: everything is in place */
	MESSAGE_START,		/* supervisor: start the command */
	MESSAGE_COMMAND_EXITED, /* init: the command ended */
	MESSAGE_NO_CHILDREN,	/* init: no process but itself is left */
	MESSAGE_TEARDOWN,	/* supervisor: end, and let nothing live on */
	MESSAGE_SIGNAL,		/* supervisor: a signal for the command */
};

struct message {
	enum type type;
	pid_t sender; /* when heard by the supervisor: as the kernel numbers it for us */
	union {
		struct setup_error setup_error;
		int counters[PASSED_FDS]; /* MESSAGE_READY: go along with it (snmp.h) */
		int signal;
		bool parent_exited; /* MESSAGE_START: the process that forked init has exited, so that the supervisor is its parent */
		struct {
			int status;   /* as wait(2) gives it */
			long started; /* processes and threads started in the PID namespace; 0: not known */
		} ended;
	};
};

/* Opens the pair, close-on-exec; the supervisor's end is the first. Each end reads end-of-file once every process that holds the other is gone. */
bool channel_open(int ends[2]);

/* Sends one message. A dead peer is not an error: the next channel_receive() returns 0. If init does not read, the message is lost. */
void channel_send(int end, const struct message *message);

/* Waits for one message. Returns 1, 0 at end-of-file, -1 with errno. */
int channel_receive(int end, struct message *message);

/* The parent of a phase's command: process 1 of its PID namespace, or a subreaper where there is none. */

enum tracking {
	TRACK_NOTHING,	     /* nobody asked for tracking: what the command leaves lives on */
	TRACK_PID_NAMESPACE, /* our end is everybody's end: the kernel sees to it */
	TRACK_SUBREAPER,     /* orphans become our children, and we kill them */
};

struct init {
	int channel; /* to the supervisor */
	enum tracking tracking;
	int cgroup_kill;    /* -1, or cgroup.kill of the phase's cgroup, for when the supervisor is gone */
	bool isolated_net;  /* the network is not the host's */
	int watcher_socket; /* to the watcher, or -1: then the command is not watched */
	const struct options *options;
	const struct signals *signals;
};

/*
 * Starts the command once the supervisor says so, hands signals on, collects zombies, says how the command ended and when
 * nothing else is left. Ends when told to, or when the supervisor is gone; nothing that it keeps outlives it.
 */
noreturn void init_run(const struct init *init);

#endif
