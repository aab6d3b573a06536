/*
 * Connections that a phase may make: made here, in the network that the watcher stands in, and put in place of the socket
 * that the build connects (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)). What the phase has got so, sockets of the host's
 * network, leads to the list and nowhere else.
 */
#ifndef PASSAGE_H
#define PASSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "options/allow_list.h"
#include "watcher/request.h"
#include "watcher/network_log.h"

/* A call that is stopped. */
struct egress_call {
	int listener;
	uint64_t id; /* of the notification */
	pid_t tid;   /* for whom target_program() was asked last */
	int fd;
	int socket;		  /* a duplicate of what that is, or -1 */
	unsigned long long inode; /* by which it is known again */
	int interrupted;	  /* the answer where a signal ends the wait */
	struct network_log *log;
	struct destination to; /* of AF_UNSPEC where it is no internet address */
};

enum egress_decision {
	EGRESS_CONTINUE,	/* goes on as without a list */
	EGRESS_EMULATE,		/* the same, but the kernel must not look up the descriptor again: emulate.h */
	EGRESS_EMULATE_ALLOWED, /* the same for a socket of ours, that goes to where it may */
	EGRESS_CONNECTED,	/* let through: it is connected, or fails: error is the answer, 0 or an errno */
	EGRESS_BOUND,		/* on the list, but the socket is bound to an address: refused, error is the answer */
	EGRESS_REFUSED,		/* not on the list, and the socket is one of ours: error is the answer */
	EGRESS_DENIED,		/* nothing to do with a place: error is the answer */
	EGRESS_GONE,		/* the call is there no more */
	EGRESS_PENDING,		/* let through: it is answered from pending_serve() */
};

/* To be called once, before any call comes. Notes in the log how connections are made, which is way, or from nowhere. */
void egress_open(const struct allow *allow, enum egress_route way, const char *socks, struct network_log *log);

/* Decides about a connect, a bind or a listen, and lets through what may be. Never waits. */
enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error);

/* Answers a call in the kernel's place. Returns false where there is none any more. */
bool egress_answer(const struct egress_call *call, int error);

/* The same for one that succeeds with a number. */
void egress_answer_count(const struct egress_call *call, long count);

/* Counts a call that was let through, and how it ended. */
void egress_count(const struct egress_call *call, const struct program *who, int error);

#endif
