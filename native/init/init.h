/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init: the parent of the command. It is process 1 of the phase's PID namespace, or a subreaper if there is none. It is connected to the
 * supervisor by a socket pair, the channel.
 */
#pragma once

#include <stdnoreturn.h>

#include "namespace/namespace.h"
#include "options/options.h"
#include "util/fds.h"
#include "util/process.h"
#include "watcher/watcher.h"

enum message_type {
	/* Messages from init to the supervisor: */
	MESSAGE_SETUP_ERROR,	/* a required set-up step failed; the sending process exits, and no init starts */
	MESSAGE_READY,		/* set-up is complete; setup_error names a step that failed and is not required, or STEP_NONE */
	MESSAGE_COMMAND_EXITED, /* the command has exited; command_exited has its status */
	MESSAGE_NO_CHILDREN,	/* the command has exited, and init has no other child */
	/* Messages from the supervisor to init: */
	MESSAGE_START,	  /* a request to start the command */
	MESSAGE_SIGNAL,	  /* a request to send a signal to the command; init returns the message as a confirmation */
	MESSAGE_TEARDOWN, /* a request to kill the remaining processes of the phase (not with TRACK_NOTHING), and then to exit */
};

struct message {
	enum message_type type;
	pid_t sender; /* MESSAGE_READY: process ID of init in the supervisor's PID namespace; the kernel adds this ID to the message */
	struct setup_error setup_error;
	union {
		int counters[PASSED_FDS]; /* MESSAGE_READY: descriptors of the kernel's packet counters (snmp_files()) */
		int signal;		  /* MESSAGE_SIGNAL: number of the signal for the command */
		struct {
			int status;   /* exit status of the command, as wait(2) returns it */
			long started; /* number of processes and threads that the command has started, including itself; 0: unknown */
		} command_exited;
	};
};

/* Opens the channel, close-on-exec: ends[0] is for the supervisor, ends[1] for init. On failure, returns false with errno. */
bool channel_open(int ends[2]);

/* Sends one message. Ignores errors: after the exit of the peer, the next channel_receive() returns false. If init does not read and the socket buffer is full for 10 ms, the message is lost. */
void channel_send(int end, const struct message *message);

/* Waits for one message and discards its descriptors, so it must not be used for MESSAGE_READY, which has some. Returns false with errno, for example if every process with the other end has exited. */
bool channel_receive(int end, struct message *message);

enum tracking {
	TRACK_NOTHING,	     /* init kills the processes that the command leaves running only if the supervisor or the watcher has died */
	TRACK_PID_NAMESPACE, /* the kernel kills all processes of the phase when init, process 1 of its PID namespace, exits */
	TRACK_SUBREAPER,     /* processes that the command leaves become children of init, which kills them */
};

struct init {
	int channel;		    /* init's end of the channel to the supervisor */
	struct setup_error refused; /* set-up step that failed and is not required, for MESSAGE_READY; STEP_NONE: no step failed */
	enum tracking tracking;
	int cgroup_kill; /* descriptor of the phase's cgroup.kill, by which init kills the phase if the supervisor has exited; -1: no cgroup, or Linux before 5.14 */
	enum network network;
	const struct watcher *watcher; /* state of the watcher, which the supervisor starts after init; the member setup_socket is -1 if the command is not watched */
	const struct options *options;
	const struct signals *signals;
};

/*
 * Sends MESSAGE_READY and starts the command after MESSAGE_START. Reaps zombies and reports the exit of the command. After MESSAGE_TEARDOWN, or when the
 * supervisor has exited or shut the channel down, kills the processes of the phase (after MESSAGE_TEARDOWN with TRACK_NOTHING: kills none) and exits.
 */
noreturn void init_run(const struct init *init);

/* exec_command.c: the steps directly before the exec of the command */

/*
 * Installs the seccomp filter of the phase (seccomp_filter.h). The filter notifies the watcher, restricts socket families, and makes set*id(2)
 * and chown(2) fail with EPERM in a user namespace that maps a single id. setup_pipe: pipe to init for the listener (seccomp_filter_install()); -1 without a watcher.
 * ipc_objects: true if the watcher must see calls that create IPC objects; false if not. Exits with EXIT_REFUSED if no listener can be installed for the network filter or,
 * without --best-effort, for --own-sockets, or if families cannot be restricted; with --best-effort, prints a message in the last case.
 */
void phase_seccomp_install(const struct options *options, int setup_pipe, enum network network, bool ipc_objects, struct network_log *log);

/*
 * Executes the command with the environment of --environ or, without it, that of confine (environment_restore()), and with the signal settings that confine had at its start.
 * Privileges must have been dropped. Exits like env(1): 127 if the command is not found, 126 if it cannot be executed, 125 if environment or signal settings cannot be set up.
 */
noreturn void exec_command(const struct options *options, const struct signals *signals);

/* Reads NUL-separated NAME=VALUE entries from fd until its end. Returns a NULL-terminated array, or NULL with errno. */
char **environment_read(int fd);

/*
 * Renames each CONFINE_ENV_NAME=VALUE to NAME=VALUE, and removes other entries of the variable NAME. Changes the array in place. The process that
 * starts confine encodes variables in this way, because the dynamic loader removes LD_PRELOAD, TMPDIR and others from the environment of a
 * set-user-ID program (ld.so(8), secure-execution mode).
 */
void environment_restore(char **environment);
