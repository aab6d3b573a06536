/*
 * A deadline for the watcher's own system calls. Reading a watched process' memory, and closing a copy of its descriptor, may wait
 * for a FUSE server, which may be the build itself; and such a wait can outlast SIGKILL (request_wait_answer() in fs/fuse/dev.c).
 * So such a call stands between watchdog_begin() and watchdog_end(). Where it takes too long, another thread goes on in the place of
 * the one that waits. Only one thread runs outside of such calls, so that nothing needs a lock, and none of them writes to what
 * another one may read: a buffer of such a call is the thread's own.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdnoreturn.h>

struct watchdog {
	void (*serve)(void *data);   /* never returns */
	void (*stalled)(void *data); /* called by the next thread first: what the last one was about is to be answered */
	void (*failed)(void *data);  /* too many threads are stuck; never returns */
	void *data;
};

/* Serves, in this thread as long as it gets stuck nowhere. */
noreturn void watchdog_run(const struct watchdog *watchdog);

/* Costs two atomic operations. In a process that runs none, or a child of one, there is no deadline. */
void watchdog_begin(void);

/* Does not return in a thread that another one has taken the place of. Keeps errno. */
void watchdog_end(void);

#endif
