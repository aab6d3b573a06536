/*
 * Connections that a phase may make: made here, in the network that the watcher stands in, and put in place of the socket
 * that the build connects (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)).
 */
#ifndef PASSAGE_H
#define PASSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "allow.h"
#include "audit_table.h"

/* A connect(2) that is stopped. */
struct passage_call {
	int listener;
	uint64_t id; /* of the notification */
	pid_t tid;   /* for whom target_program() was asked last */
	int fd;
	struct audit_table *table;
	struct destination to; /* of AF_UNSPEC where it is no internet address */
};

enum passage {
	PASSAGE_NONE,	 /* not on the list, or no TCP socket: as without a list */
	PASSAGE_GOES_ON, /* the socket is another one now, and connects: the kernel waits for that as the caller wants it */
	PASSAGE_ANSWER,	 /* it is connected, or fails: error is the answer, 0 or an errno */
	PASSAGE_BOUND,	 /* on the list, but the socket is bound to an address: refused, error is the answer */
	PASSAGE_REFUSED, /* not on the list, and the socket is one of ours: error is the answer */
	PASSAGE_GONE,	 /* the call is there no more */
	PASSAGE_WAITS,	 /* the proxy was asked: the call is answered from passage_serve() */
};

/*
 * To be called once, before any call comes. Returns whether what is handed out can be held to the list by the kernel itself;
 * where it can't (Linux 6.18 keeps filters on TCP sockets for CAP_NET_ADMIN), a build whose threads race for that
 * can take a socket apart and connect it to something else.
 */
bool passage_open(const struct allow *allow, enum passage_way way, const char *socks);

/* Never waits. */
enum passage passage_try(const struct passage_call *call, int *error);

/* Counts a call that was let through, and how it ended. */
void passage_count(const struct passage_call *call, const struct program *who, int error);

/* What to poll for (to be read), -1 for nothing, and what to do then. */
int passage_source(void);
void passage_serve(void);

#endif
