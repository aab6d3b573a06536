/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts and ends the watcher, the process that has the seccomp listener of a phase. It is a separate process, so that it can give up privileges (rights.c), and so that calls of the phase need not wait for the supervisor. */
#pragma once

#include "options/options.h"
#include "privileged/privilege.h"
#include "watcher/maker.h"
#include "network_log/network_log.h"

struct watcher {
	struct network_log *log;  /* log of the phase's network use; NULL: system calls are not watched */
	int setup_socket;	  /* end of confine's init in the socket pair with the watcher, for the seccomp listener and requests to init (maker.h); -1: not opened, or closed, as in the supervisor after watcher_start() */
	int setup_socket_watcher; /* the watcher's end of the socket pair between watcher and confine's init, whose other end is setup_socket; -1: not opened, or closed, as in the supervisor after watcher_start() */
	int control;		  /* this process's end of the socket pair between supervisor and watcher; the watcher exits at the end of file or, if the supervisor has sent a byte, when all processes with the filter have ended; -1: the watcher has not been started */
	int broker;		  /* this process's end of the socket pair between watcher and Yama broker (yama_broker.c); -1: there is no broker */
	pid_t pid;
	int dns_client; /* the watcher's end of the socket pair with the DNS server process; -1: there is no such pair, or the end is closed, as in the supervisor after watcher_start() */
	int dns_server; /* the DNS server's end of the socket pair with the watcher; when it becomes readable, the supervisor starts the DNS server process and closes this end; -1: there is no such pair, or the end is closed */
	pid_t dns_pid;
	struct ipc_objects *ipc_objects; /* table of the IPC objects that the phase has created; NULL: not needed, because the phase has an IPC namespace or no isolation of IPC was requested */
	bool net_filter;		 /* true: the watcher refuses connections out of the phase, because the phase has no network namespace; false: the phase has one, or its network is not restricted */
};

/* Initializes *watcher. wanted: true: creates the log and the socket pair between watcher and confine's init; false: creates neither, and watcher_start() starts no process. Returns true, or false if the watcher cannot run: watcher_start() then starts no process, and the log, if it could be created, has the reason. */
bool watcher_open(struct watcher *watcher, bool wanted);

/* Creates the socket pair between the watcher and the DNS server process. Call it before watcher_start(), if the phase has a network namespace. On failure, DNS lookups are not watched. */
void watcher_open_dns(struct watcher *watcher);

/* Starts the DNS server process, which makes a network namespace for itself. Call it when the phase sends the first query or, in a set-user-ID confine, before the supervisor drops its privileges. Further calls do nothing. channel: the supervisor's end of the channel to init; -1: closed. cgroup: descriptor with the lock of the phase's cgroup; -1: none. The DNS server process closes its copies of both. */
void watcher_start_dns(struct watcher *watcher, const struct options *options, const struct identity *identity, int channel, int cgroup);

/* Starts the watcher, if watcher_open() has created its sockets. Call it after the supervisor has given up its privileges and before the command starts. Exits on failure. */
void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route route);

/* Ends the watcher and the DNS server process, and kills each that does not end within a second. phase_may_live_on: true: the watcher stays until all processes of the phase have ended, because their watched calls would otherwise fail with ENOSYS; false: it ends now. */
void watcher_end(struct watcher *watcher, bool phase_may_live_on);

/*
 * Tests whether the watcher can get a listener. filters: true: also tests what the network filter needs, namely that a process without
 * privileges gets answers of sock_diag(7), and can read the memory and the descriptors of its child; false: does not. Uses a child process,
 * because a process cannot remove a seccomp filter. Returns NULL if all of this works. Otherwise returns the reason and sets errno (0: no errno).
 */
const char *watcher_probe(const struct identity *identity, bool filters);
