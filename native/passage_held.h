/* Calls that are answered when a connection is made or their time is over. */
#ifndef PASSAGE_HELD_H
#define PASSAGE_HELD_H

#include <stdbool.h>

#include "passage.h"

/* Called once, with the error that the connection ended with: 0, EINPROGRESS where the time is over, or another errno. */
typedef void held_done(const struct passage_call *call, int fd, int error);

/*
 * Takes a connecting socket over, to be closed after done, which is called from passage_held_serve(). Returns false with errno where it can't: the
 * socket is the caller's then.
 */
bool passage_held_add(const struct passage_call *call, int fd, long long microseconds, held_done *done);

/* To be read when there is something to serve; made by the first call. -1 with errno. */
int passage_held_source(void);

void passage_held_serve(void);

#endif
