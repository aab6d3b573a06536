// SPDX-License-Identifier: GPL-2.0-or-later
/* Manages pending calls, the system calls of the phase that the watcher has received and will answer later. */
#include <sys/time.h>
#include <sys/timerfd.h>

#include "egress/egress_internal.h"

/* Interval at which the watcher checks the threads of pending calls: no event reports that such a thread has received a signal or has ended. */
enum { CHECK_MICROSECONDS = 50000 };

/* ERESTARTSYS, an errno that only the kernel uses. As the answer to a call, it makes the kernel restart the call if the signal handler has SA_RESTART, and return EINTR otherwise (signal(7)). */
enum { RESTART = 512 };

/* Sets the timer to the time of the next check or of the first deadline, whichever is earlier. Stops it if no call is pending. */
static void start_timer(const struct egress *egress)
{
	long long now = clock_microseconds(), next = now + CHECK_MICROSECONDS;
	for (size_t i = 0; i < PENDING_CALLS; i++) {
		const struct pending_call *pending = &egress->calls[i];
		if (pending->handler != NULL && pending->deadline != 0 && pending->deadline < next)
			next = pending->deadline > now ? pending->deadline : now + 1;
	}
	if (egress->count == 0)
		next = 0;
	struct itimerspec when = {.it_value = {(time_t)(next / 1000000), (long)(next % 1000000 * 1000)}};
	timerfd_settime(egress->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void release(struct egress *egress, struct pending_call *pending)
{
	event_source_close(egress->epoll, &pending->source);
	pending->handler = NULL;
	egress->count--;
}

static void call_handler(struct egress *egress, struct pending_call *pending, enum pending_event event)
{
	egress->current = pending;
	bool stays = pending->handler(pending, event);
	egress->current = NULL;
	if (!stays)
		release(egress, pending);
}

static void handle_ready(void *owner, struct event_source *source)
{
	call_handler(owner, (struct pending_call *)source, PENDING_READY);
	start_timer(owner);
}

/* Returns the time limit of connect(2) on this socket in microseconds, or 0 if there is no limit (socket(7), SO_SNDTIMEO). */
static long long connect_timeout(int fd)
{
	struct timeval time = {0};
	socklen_t size = sizeof time;
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &size);
	return time.tv_sec * 1000000LL + time.tv_usec;
}

struct pending_call *pending_add(const struct egress_call *call, int fd, uint32_t events, bool limited, pending_handler *handler)
{
	struct egress *egress = call->egress;
	struct pending_call *pending = egress->calls;
	while (pending < egress->calls + PENDING_CALLS && pending->handler != NULL)
		pending++;
	errno = EAGAIN;
	if (pending == egress->calls + PENDING_CALLS ||
	    !event_source_open(egress->epoll, &pending->source, (struct event_source){fd, handle_ready, egress}, events))
		return NULL;
	long long timeout = connect_timeout(call->socket);
	pending->call = *call;
	pending->handler = handler;
	pending->deadline = limited && timeout > 0 ? clock_microseconds() + timeout : 0;
	/* After a signal, a connect with a time limit fails with EINTR and is not restarted, as in the kernel (sock_intr_errno() in include/net/sock.h). */
	pending->interrupted = timeout > 0 ? EINTR : RESTART;
	egress->count++;
	start_timer(egress);
	return pending;
}

void egress_abandon_pending(struct egress *egress)
{
	if (egress->current == NULL)
		return;
	target_respond(&egress->current->call.target, 0, EFAULT, 0);
	release(egress, egress->current);
	egress->current = NULL;
}

void egress_check_pending(struct egress *egress)
{
	long long now = clock_microseconds();
	for (size_t i = 0; i < PENDING_CALLS; i++) {
		struct pending_call *pending = &egress->calls[i];
		if (pending->handler == NULL)
			continue;
		bool interrupted = thread_has_signal(pending->call.target.tid);
		if (!target_is_valid(&pending->call.target))
			call_handler(egress, pending, PENDING_GONE);
		else if (pending->deadline != 0 && pending->deadline <= now)
			call_handler(egress, pending, PENDING_TIMEOUT);
		else if (interrupted)
			call_handler(egress, pending, PENDING_SIGNAL);
	}
	start_timer(egress);
}

static void handle_timer(void *owner, struct event_source *timer)
{
	(void)timer;
	egress_check_pending(owner);
}

bool pending_open(struct egress *egress)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return timer >= 0 && event_source_open(egress->epoll, &egress->timer, (struct event_source){timer, handle_timer, egress}, EPOLLIN);
}
