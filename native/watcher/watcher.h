/*
 * The watcher process of a phase: it holds the seccomp listener. It is a separate child of the supervisor,
 * so that the process with the listener has no privilege except CAP_SYS_PTRACE (rights.c), and so that a build never waits for
 * other work of the supervisor.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include <stdbool.h>
#include <sys/types.h>

#include "options/options.h"
#include "privileged/privilege.h"
#include "util/process.h"
#include "watcher/network_log.h"

/* A message from a process of the phase to the watcher during set-up, with the descriptors in fds (fd_passing_send()). */
enum setup_message_type {
	SETUP_LISTENER,	   /* fds[0]: the seccomp listener */
	SETUP_NO_LISTENER, /* reason and error */
};

struct setup_message {
	enum setup_message_type type;
	int error;	   /* errno; 0: none */
	bool setuid_inert; /* no_new_privs had to be set */
	char reason[64];
	int fds[2]; /* -1: none */
};

struct watcher {
	struct network_log *log;  /* NULL: nothing is watched */
	int setup_socket;	  /* for the phase's processes (struct setup_message); -1 after watcher_start() */
	int setup_socket_watcher; /* the other end */
	int control;		  /* between supervisor and watcher: one byte asks the watcher to stay; end of file ends it */
	int broker;		  /* between the watcher and the Yama broker; -1: there is none */
	pid_t pid;
	int dns_client; /* the watcher's end of the socket pair to the DNS server process; -1: there is none */
	int dns_server; /* the other end, until the DNS server process starts: the first request makes it readable */
	pid_t dns_pid;
};

/*
 * Creates the log and the sockets that the watcher shares with the phase. Call it before their processes start. Returns false with errno
 * if the watcher cannot run; the log then has the reason, and watcher_start() does nothing.
 */
bool watcher_open(struct watcher *watcher, bool wanted);

/*
 * Creates the sockets between the watcher and the DNS server process of a phase whose network is isolated, before watcher_start(). Names are not
 * watched if this fails.
 */
void watcher_open_dns(struct watcher *watcher);

/*
 * Starts the DNS server process, which makes a network namespace for itself. Called when a process of the phase sends the first query or,
 * in mode setuid, before the supervisor drops its privileges.
 */
void watcher_start_dns(struct watcher *watcher, const struct options *options, const struct identity *identity);

/* Starts the watcher, after the supervisor has given up its privileges and before the command starts. Exits on failure. */
void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route route);

/* Adds the watcher, its helper processes and the DNS server process to a list. */
void watcher_add_pids(const struct watcher *watcher, struct pids *pids);

/*
 * Ends the watcher; waits at most two seconds. If processes of the phase may live on, the watcher stays until they have ended:
 * without it their watched calls would fail with ENOSYS.
 */
void watcher_end(struct watcher *watcher, bool phase_may_live_on);

#endif
