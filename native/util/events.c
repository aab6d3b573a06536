// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/events.h"

#include <sys/epoll.h>

bool event_source_open(int epoll, struct event_source *source, struct event_source value, uint32_t events)
{
	*source = value;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, value.fd, &(struct epoll_event){.events = events, .data.ptr = source}) == 0)
		return true;
	source->fd = -1;
	return false;
}

void event_source_close(int epoll, struct event_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(epoll, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

void events_handle_one(int epoll, int timeout)
{
	struct epoll_event event;
	if (epoll_wait(epoll, &event, 1, timeout) != 1)
		return;
	struct event_source *source = event.data.ptr;
	source->handle(source->owner, source);
}
