/* Calls that are answered later, while the target waits. */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "egress/internal.h"
#include "util/clock.h"

enum { MOST_CALLS = 1024 };
/* How often targets are checked for signals and for their end. No event reports these (install_filter() in filter_install.c). */
enum { CHECK_MICROSECONDS = 50000 };

/* ERESTARTSYS, which is internal to the kernel: it restarts the call if the signal handler has SA_RESTART (signal(7)). */
enum { RESTART = 512 };

static struct pending_call {
	struct egress_call call;
	pending_handler *handler; /* NULL: the entry is free */
	int fd;
	long long deadline; /* 0: none */
} calls[MOST_CALLS];
static size_t count;
static int events = -1, timer = -1;

int egress_pending_source(void)
{
	struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
	if (events >= 0)
		return events;
	events = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (events >= 0 && (timer < 0 || epoll_ctl(events, EPOLL_CTL_ADD, timer, &tick) != 0)) {
		close(events);
		events = -1;
	}
	return events;
}

/* Sets the timer to the next check or the first deadline, whichever is earlier. */
static void start_timer(void)
{
	long long now = clock_microseconds(), next = now + CHECK_MICROSECONDS;
	for (size_t i = 0; i < MOST_CALLS; i++)
		if (calls[i].handler != NULL && calls[i].deadline != 0 && calls[i].deadline < next)
			next = calls[i].deadline > now ? calls[i].deadline : now + 1;
	if (count == 0)
		next = 0;
	struct itimerspec when = {.it_value = {(time_t)(next / 1000000), (long)(next % 1000000 * 1000)}};
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

bool pending_add(const struct egress_call *call, int fd, short poll_events, long long microseconds, pending_handler *handler)
{
	size_t free = 0;
	while (free < MOST_CALLS && calls[free].handler != NULL)
		free++;
	errno = EAGAIN;
	if (free == MOST_CALLS)
		return false;
	struct epoll_event event = {.events = (poll_events & POLLOUT) != 0 ? EPOLLOUT : EPOLLIN, .data.ptr = &calls[free]};
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0)
		return false;
	calls[free] = (struct pending_call){*call, handler, fd, microseconds == 0 ? 0 : clock_microseconds() + microseconds};
	count++;
	start_timer();
	return true;
}

/* The call whose handler is running. */
static struct pending_call *current;

static void release(struct pending_call *pending)
{
	epoll_ctl(events, EPOLL_CTL_DEL, pending->fd, NULL);
	close(pending->fd);
	pending->handler = NULL;
	count--;
}

static void call_handler(struct pending_call *pending, enum pending_event event)
{
	current = pending;
	bool stays = pending->handler(&pending->call, pending->fd, event);
	current = NULL;
	if (!stays)
		release(pending);
}

void egress_abandon_pending(void)
{
	if (current == NULL)
		return;
	egress_answer(&current->call, EFAULT);
	release(current);
	current = NULL;
}

static void check_targets(void)
{
	long long now = clock_microseconds();
	for (size_t i = 0; i < MOST_CALLS; i++) {
		struct pending_call *pending = &calls[i];
		if (pending->handler == NULL)
			continue;
		bool interrupted = target_has_signal(&pending->call.target);
		if (!target_is_valid(&pending->call.target))
			call_handler(pending, PENDING_GONE);
		else if (pending->deadline != 0 && pending->deadline <= now)
			call_handler(pending, PENDING_TIMEOUT);
		else if (interrupted)
			call_handler(pending, PENDING_SIGNAL);
	}
}

int pending_interrupt_error(int socket)
{
	/* The kernel does not restart a connect with a time limit (sock_intr_errno() in include/net/sock.h). */
	return socket_connect_timeout(socket) > 0 ? EINTR : RESTART;
}

void egress_serve_pending(void)
{
	struct epoll_event ready[16];
	int number = epoll_wait(events, ready, 16, 0);
	bool timer_expired = false;
	for (int i = 0; i < number; i++) {
		struct pending_call *pending = ready[i].data.ptr;
		if (pending == NULL)
			timer_expired = true;
		else
			call_handler(pending, PENDING_READY);
	}
	/* Last, because it may release calls that are in this list. */
	if (timer_expired)
		check_targets();
	start_timer();
}
