/* Descriptors that one epoll instance waits for. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct event_source {
	int fd; /* -1: none */
	void (*handle)(void *owner, struct event_source *source);
	void *owner;
};

/* Makes the instance wait for events (epoll_ctl(2)) of value.fd and stores value in *source, which must stay in place. Returns false with errno. */
bool event_source_open(int epoll, struct event_source *source, struct event_source value, uint32_t events);

/* Closes the descriptor, if there is one. A copy in a forked process no longer causes events. */
void event_source_close(int epoll, struct event_source *source);

/* Handles one event, if there is any. One at a time, because a handler may close other sources. */
void events_handle_one(int epoll);

#endif
