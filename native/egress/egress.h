/*
 * The allow-list. The watcher connects to allowed destinations in its own network, and puts the connected socket in place of the
 * phase's (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)). Such a socket belongs to the host's network. It must lead to allowed
 * destinations only, so further calls on it are refused or emulated.
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

/* The state of the allow-list: its options, pending calls and what the phase has done so far. */
struct egress;

/* A stopped call on a socket. */
struct egress_call {
	struct target target;
	struct egress *egress;
	int fd;
	int socket;		  /* a duplicate of the target's fd, or -1 */
	unsigned long long inode; /* identifies the socket */
	struct destination to;	  /* AF_UNSPEC if it is not an internet address */
};

enum egress_decision {
	EGRESS_CONTINUE,	/* the kernel continues the call */
	EGRESS_EMULATE,		/* as EGRESS_CONTINUE, but call egress_emulate() */
	EGRESS_EMULATE_ALLOWED, /* the same on a socket of the host's network, to an allowed destination */
	EGRESS_CONNECTED,	/* allowed: answer with error, which is 0 if connected */
	EGRESS_BOUND,		/* an allowed destination, but the socket is bound to an address: refuse with error */
	EGRESS_REFUSED,		/* not an allowed destination, and a socket of the host's network: refuse with error */
	EGRESS_DENIED,		/* refuse with error; not a connection attempt */
	EGRESS_GONE,		/* the call has ended */
	EGRESS_PENDING,		/* allowed: events_handle_one() answers it later */
};

/*
 * The epoll instance waits for pending calls (util/events.h). Sets the route in the log; it becomes ROUTE_NONE if Linux is too old.
 * phase_is_root: the phase runs as root. Never freed. Returns NULL and sets errno on failure.
 */
struct egress *egress_open(int epoll, const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root,
			   struct network_log *log);

/* Decides about a connect, bind, listen or socketcall, and connects to an allowed destination. Never waits. */
enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error);

/* Logs an allowed call. error is its result so far; EINPROGRESS counts as success. */
void egress_count(const struct egress_call *call, const struct program *program, int error);

/* emulate.c */

/*
 * Makes the call in place of the calling thread, on call->socket, and answers it, now or from events_handle_one(). If the kernel continued
 * the call it would look up the descriptor again, and another thread may have put a socket of the host's network there meanwhile.
 * It would also read socketcall(2)'s arguments again. The peer of a UNIX socket sees the watcher's ids (SO_PEERCRED).
 * Returns false if the call has ended.
 */
bool egress_emulate(const struct egress_call *call, const struct request *request);

/* A process shares its descriptors with another process (CLONE_FILES without CLONE_THREAD). From now on all calls are emulated. */
void egress_note_shared_descriptors(struct egress *egress);

/* pending.c */

/* Ends the pending calls whose time limit has passed, and those of threads that have ended or received a signal. */
void egress_check_pending(struct egress *egress);

/* Answers the pending call whose handling got stuck (watchdog), if there is one. */
void egress_abandon_pending(struct egress *egress);

#endif
