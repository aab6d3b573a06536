/* Whoever waits for a socket with epoll before it is connected waits for the one that takes its place. */
#ifndef PASSAGE_EPOLL_H
#define PASSAGE_EPOLL_H

#include <stddef.h>
#include <sys/epoll.h>

#include "egress/egress.h"

enum { EPOLL_FOLLOWED = 8 }; /* most have one */

/* That a descriptor of the caller's is watched, by its descriptor of an epoll instance. */
struct epoll_watch {
	int epoll;
	struct epoll_event event;
};

/* Finds who watches the caller's socket. Returns how many they are. */
size_t epoll_watches_find(const struct egress_call *call, struct epoll_watch watches[EPOLL_FOLLOWED]);

/* Has them watch the socket that is there now. */
void epoll_watches_move(const struct egress_call *call, int fd, const struct epoll_watch *watches, size_t count);

#endif
