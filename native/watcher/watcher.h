/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts and ends the watcher, the process of a phase that has the seccomp listener. The watcher is a separate child of the supervisor, so
 * that the process with the listener has no privilege except CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (rights.c), and so that a build never waits for other work of
 * the supervisor.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include "options/options.h"
#include "privileged/privilege.h"
#include "util/process.h"
#include "watcher/ipc_objects.h"
#include "watcher/network_log.h"

/* The message that a process of the phase sends to the watcher during set-up. */
struct setup_message {
	int fds[2];	   /* descriptors sent with the message: the seccomp listener and, if the network is isolated, the socket of socket_diag_open(); -1: none */
	char reason[64];   /* why there is no listener */
	int error;	   /* errno that belongs to reason; 0: none */
	bool setuid_inert; /* confine had to set no_new_privs, so setuid programs get no privileges */
};

struct watcher {
	struct network_log *log;  /* log of the network use; NULL: system calls are not watched */
	int setup_socket;	  /* the phase's end of the socket pair for struct setup_message; -1 after watcher_start() */
	int setup_socket_watcher; /* the watcher's end of the socket pair for struct setup_message */
	int control;		  /* socket between supervisor and watcher; one byte asks the watcher to stay, and at the end of file it exits */
	int broker;		  /* socket between watcher and Yama broker; -1: there is no broker */
	pid_t pid;
	int dns_client; /* the watcher's end of the socket pair with the DNS server process; -1: there is no such pair */
	int dns_server; /* the DNS server's end of the socket pair with the watcher; when it is readable, the supervisor starts the DNS server process; then -1 */
	pid_t dns_pid;
	struct ipc_objects *ipc_objects; /* objects that the phase has created; NULL: an IPC namespace isolates them, or nothing was requested */
	bool net_filter;		 /* the watcher refuses all connections that leave the phase, because its network could not be isolated by a namespace */
};

/*
 * Creates the log and the sockets that the watcher shares with the phase. Call it before the processes of both start. Returns false and
 * sets errno if the watcher cannot run. Then the log, if there is one, has the reason, and watcher_start() does nothing.
 */
bool watcher_open(struct watcher *watcher, bool wanted);

/*
 * Creates the socket pair between the watcher and the DNS server process. Call it before watcher_start(), if the network of the phase is
 * isolated. If it fails, DNS lookups are not watched.
 */
void watcher_open_dns(struct watcher *watcher);

/*
 * Starts the DNS server process, which makes a network namespace for itself. Called when a process of the phase sends the first query or,
 * in mode setuid, before the supervisor drops its privileges.
 */
void watcher_start_dns(struct watcher *watcher, const struct options *options, const struct identity *identity);

/* Starts the watcher. Call it after the supervisor has given up its privileges and before the command starts. Exits on failure. */
void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route route);

/* Adds the watcher, its helper processes and the DNS server process to a list. */
void watcher_add_pids(const struct watcher *watcher, struct pids *pids);

/*
 * Ends the watcher and the DNS server process; waits at most two seconds. If processes of the phase may live on, the watcher stays until
 * they have ended: without it their watched calls would fail with ENOSYS.
 */
void watcher_end(struct watcher *watcher, bool phase_may_live_on);

/*
 * Tests whether the watcher could restrict the network of a phase without a network namespace: a listener, sock_diag(7), and access to the
 * memory and descriptors of other processes. Returns NULL on success, or the reason why not, and sets errno. Runs in child processes without privileges.
 */
const char *net_filter_probe(const struct identity *identity);

#endif
