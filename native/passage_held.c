#include "passage_held.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MOST = 256 };

static struct held {
	struct passage_call call;
	held_done *done;
	int fd, timer; /* 0: none */
} calls[MOST];
static int events = -1;

int passage_held_source(void)
{
	if (events < 0)
		events = epoll_create1(EPOLL_CLOEXEC);
	return events;
}

static int start_timer(long long microseconds)
{
	struct itimerspec when = {.it_value = {microseconds / 1000000, microseconds % 1000000 * 1000}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0 || timerfd_settime(timer, 0, &when, NULL) == 0)
		return timer;
	int error = errno;
	close(timer);
	errno = error;
	return -1;
}

bool passage_held_add(const struct passage_call *call, int fd, long long microseconds, held_done *done)
{
	struct held *held = NULL;
	for (size_t i = 0; i < MOST && held == NULL; i++)
		if (calls[i].fd == 0)
			held = &calls[i];
	int timer = held == NULL ? -1 : start_timer(microseconds);
	if (timer < 0)
		return false;
	struct epoll_event writable = {.events = EPOLLOUT, .data.ptr = held}, over = {.events = EPOLLIN, .data.ptr = held};
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &writable) != 0 || epoll_ctl(events, EPOLL_CTL_ADD, timer, &over) != 0) {
		epoll_ctl(events, EPOLL_CTL_DEL, fd, NULL);
		close(timer);
		return false;
	}
	*held = (struct held){*call, done, fd, timer};
	return true;
}

static int outcome(const struct held *held, unsigned happened)
{
	int error = 0;
	socklen_t size = sizeof error;
	/* A socket that is connecting has no event; the timer has this one alone. */
	if (happened == EPOLLIN)
		return EINPROGRESS;
	return getsockopt(held->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void passage_held_serve(void)
{
	struct epoll_event ready[16];
	int count = epoll_wait(events, ready, 16, 0);
	for (int i = 0; i < count; i++) {
		struct held *held = ready[i].data.ptr;
		/* Both may have come at once. */
		if (held->fd == 0)
			continue;
		int error = outcome(held, ready[i].events), fd = held->fd;
		epoll_ctl(events, EPOLL_CTL_DEL, fd, NULL);
		close(held->timer);
		held->fd = 0;
		held->done(&held->call, fd, error);
		close(fd);
	}
}
