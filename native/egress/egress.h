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
#include "watcher/attempts.h"

/* A call that is stopped. */
struct passage_call {
	int listener;
	uint64_t id; /* of the notification */
	pid_t tid;   /* for whom target_program() was asked last */
	int fd;
	int socket;		  /* a duplicate of what that is, or -1 */
	unsigned long long inode; /* by which it is known again */
	int interrupted;	  /* the answer where a signal ends the wait */
	struct audit_table *table;
	struct destination to; /* of AF_UNSPEC where it is no internet address */
};

enum passage {
	PASSAGE_NONE,	   /* goes on as without a list */
	PASSAGE_STANDS_IN, /* the same, but the kernel must not look up the descriptor again: stand_in.h */
	PASSAGE_AGAIN,	   /* the same for a socket of ours, that goes to where it may */
	PASSAGE_ANSWER,	   /* let through: it is connected, or fails: error is the answer, 0 or an errno */
	PASSAGE_BOUND,	   /* on the list, but the socket is bound to an address: refused, error is the answer */
	PASSAGE_REFUSED,   /* not on the list, and the socket is one of ours: error is the answer */
	PASSAGE_DENIED,	   /* nothing to do with a place: error is the answer */
	PASSAGE_GONE,	   /* the call is there no more */
	PASSAGE_WAITS,	   /* let through: it is answered from passage_held_serve() */
};

/* To be called once, before any call comes. Notes in the table how connections are made, which is way, or from nowhere. */
void passage_open(const struct allow *allow, enum passage_way way, const char *socks, struct audit_table *table);

/* Decides about a connect, a bind or a listen, and lets through what may be. Never waits. */
enum passage passage_try(struct passage_call *call, const struct audit_request *request, int *error);

/* Answers a call in the kernel's place. Returns false where there is none any more. */
bool passage_answer(const struct passage_call *call, int error);

/* The same for one that succeeds with a number. */
void passage_answer_count(const struct passage_call *call, long count);

/* Counts a call that was let through, and how it ended. */
void passage_count(const struct passage_call *call, const struct program *who, int error);

#endif
