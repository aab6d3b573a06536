/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies the allow-list. The watcher connects to allowed destinations in its own network, and replaces the socket of the phase with the
 * connected one (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)). The new socket belongs to the host's network and must lead only to
 * allowed destinations, so further calls on it are refused or emulated.
 */
#ifndef EGRESS_H
#define EGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "options/allow_list.h"
#include "watcher/network_log.h"
#include "watcher/request.h"
#include "watcher/target.h"

/* The state of the allow-list: its options, the pending calls, and what is known about the sockets of the phase. */
struct egress;

/* A stopped call on a socket, about which the allow-list decides. */
struct egress_call {
	struct target target;
	struct egress *egress;
	int fd;
	int socket;		  /* a duplicate of the descriptor fd of the target, or -1 */
	unsigned long long inode; /* inode of the socket, which shows later whether fd still is the same socket */
	struct destination to;	  /* destination of the call; its family is AF_UNSPEC if it is not an internet address */
};

enum egress_decision {
	EGRESS_CONTINUE,	/* let the kernel continue the call */
	EGRESS_EMULATE,		/* call egress_emulate(), because it is not safe to let the kernel continue the call */
	EGRESS_EMULATE_ALLOWED, /* call egress_emulate() for a connect to an allowed destination on a socket of the host's network */
	EGRESS_CONNECTED,	/* the destination is allowed; answer the call with *error, which is 0 if the socket is connected */
	EGRESS_BOUND,		/* the destination is allowed, but the socket is bound to an address; refuse the call with *error */
	EGRESS_REFUSED,		/* the socket belongs to the host's network and the destination is not allowed; refuse the call with *error */
	EGRESS_DENIED,		/* refuse the call with *error and do not log a connection attempt */
	EGRESS_GONE,		/* the call has ended; do not answer */
	EGRESS_PENDING,		/* the destination is allowed; events_handle_one() answers the call later */
};

/*
 * Creates the state of the allow-list. epoll: an instance that will also wait for pending calls (util/events.h). socks: path of the SOCKS proxy's socket. Sets
 * the route in the log, to ROUTE_NONE if Linux is too old. The state is never freed. Returns NULL and sets errno on failure.
 */
struct egress *egress_open(int epoll, const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root,
			   struct network_log *log);

/* Decides about a connect, bind, listen or socketcall, and connects to an allowed destination. Never waits. */
enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error);

/* Logs an allowed connection. error is the errno of its connect, or 0. EINPROGRESS counts as success. */
void egress_count(const struct egress_call *call, const struct program *program, int error);

/* emulate.c */

/*
 * Executes the call in place of the calling thread, on call->socket, and answers it, now or from events_handle_one(). If the kernel continued
 * the call, it would look up the descriptor again, where another thread may have put a socket of the host's network meanwhile, and read
 * the arguments of socketcall(2) again, which may have changed. The peer of a UNIX socket gets the watcher's ids (SO_PEERCRED). Returns
 * false if the call has ended.
 */
bool egress_emulate(const struct egress_call *call, const struct request *request);

/* Records that two processes share their descriptors (CLONE_FILES without CLONE_THREAD). From then on, calls of single-threaded processes are emulated too. */
void egress_note_shared_descriptors(struct egress *egress);

/* pending.c */

/* Ends the pending calls whose time limit has passed, and those of threads that have ended or received a signal. */
void egress_check_pending(struct egress *egress);

/* If the handler of a pending call got stuck, answers that call with EFAULT. Called by the watchdog. */
void egress_abandon_pending(struct egress *egress);

#endif
