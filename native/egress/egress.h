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

/* A stopped call on a socket. */
struct egress_call {
	struct target target;
	int fd;
	int socket;		  /* a duplicate of the target's fd, or -1 */
	unsigned long long inode; /* identifies the socket */
	int interrupted;	  /* the error that answers the call if a signal interrupts it */
	struct network_log *log;
	struct destination to; /* AF_UNSPEC if it is not an internet address */
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
	EGRESS_PENDING,		/* allowed: egress_serve_pending() answers it later */
};

/* Call it once, before the first call. Sets the route in the log; it becomes ROUTE_NONE if Linux is too old. phase_is_root: see emulate.c. */
void egress_open(const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root, struct network_log *log);

/* Decides about a connect, bind, listen or socketcall, and connects to an allowed destination. Never waits. */
enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error);

/* Logs an allowed call. error is its result so far; EINPROGRESS counts as success. */
void egress_count(const struct egress_call *call, const struct program *program, int error);

/* answer.c */

/* Answers a call with 0 or an errno. Returns false if the call has ended. */
bool egress_answer(const struct egress_call *call, int error);

/* emulate.c */

/*
 * Makes the call in the target's stead, on call->socket, and answers it, now or from egress_serve_pending(). If the kernel continued
 * the call it would look up the descriptor again, and another thread may have put a socket of the host's network there meanwhile.
 * It would also read socketcall(2)'s arguments again. The peer of a UNIX socket sees the watcher's ids (SO_PEERCRED).
 * Returns false if the call has ended.
 */
bool egress_emulate(const struct egress_call *call, const struct request *request);

/* A process shares its descriptors with another process (CLONE_FILES without CLONE_THREAD). From now on all calls are emulated. */
void egress_note_shared_descriptors(void);

/* pending.c */

/* The descriptor to poll for pending calls. The first call creates it. Returns -1 and sets errno on failure. */
int egress_pending_source(void);

/* Answers the pending calls that are ready. */
void egress_serve_pending(void);

/* Answers the pending call whose handling got stuck (watchdog), if there is one. */
void egress_abandon_pending(void);

#endif
