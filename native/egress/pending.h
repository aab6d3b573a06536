/* Calls that are answered later, while their callers wait. */
#ifndef PASSAGE_HELD_H
#define PASSAGE_HELD_H

#include <stdbool.h>

#include "egress/egress.h"

enum held_end {
	HELD_READY,  /* the descriptor is */
	HELD_OVER,   /* the time is */
	HELD_SIGNAL, /* the caller has to see to a signal first: pending_interrupted() is the answer */
	HELD_GONE,   /* the caller is dead: there is nobody to answer */
};

/* Returns whether it goes on to wait, which it can after HELD_READY and HELD_SIGNAL. */
typedef bool held_done(const struct egress_call *call, int fd, enum held_end end);

/*
 * Takes a descriptor over, to be closed after done, which is called from pending_serve() when it is ready for events
 * (poll(2)), microseconds (0: never) have passed, or the caller waits no longer. Returns false with errno where it can't: the
 * descriptor is the caller's then.
 */
bool pending_add(const struct egress_call *call, int fd, short events, long long microseconds, held_done *done);

/* What a connect(2) on that socket is interrupted with. */
int pending_interrupted(int socket);

/* To be read when there is something to serve; made by the first call. -1 with errno. */
int pending_source(void);

void pending_serve(void);

/* Answers the call that a thread got stuck with (watchdog.h), where there is one. */
void pending_give_up(void);

#endif
