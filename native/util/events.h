/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event loop: descriptors that one epoll instance waits for, and the function to call when one of them is ready. */
#pragma once

#include "util/base.h"

struct event_source {
	int fd; /* descriptor to wait for; -1: the source is closed */
	void (*handle)(void *owner, struct event_source *source);
	void *owner;
};

/*
 * Stores value in *source and makes the epoll instance wait for these events of value.fd. epoll keeps the address of *source, so *source must not
 * move before event_source_close(). On an error, sets source->fd to -1 and returns false with errno; value.fd then stays open.
 */
bool event_source_open(int epoll, struct event_source *source, struct event_source value, uint32_t events);

/* Removes the descriptor of source from epoll and closes the descriptor. Closing alone is not enough: while a forked process has a copy, epoll would report events. */
void event_source_close(int epoll, struct event_source *source);

/* Waits at most timeout milliseconds (-1: without limit) for an event, and calls handle() of its source. Leaves other events to the next call, because handle() may close their sources. */
void events_handle_one(int epoll, int timeout);
