#include "egress/pending.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "watcher/target.h"
#include "util/clock.h"
#include "watcher/target_state.h"
#include "egress/tcp.h"

enum { MOST = 1024 };
/* How often a caller is asked whether it is there, and a signal for it: nothing tells of that (add_filter() in filter_install.c). */
enum { LOOK_MICROSECONDS = 50000 };

/* The kernel's own, never seen by who calls: it starts the call again where the signal's handler wants that (signal(7)). */
enum { RESTART = 512 };

static struct held {
	struct egress_call call;
	held_done *done; /* NULL: none */
	int fd;
	long long deadline; /* 0: none */
} calls[MOST];
static size_t count;
static int events = -1, timer = -1;

int pending_source(void)
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

/* Until the next look, or the first deadline before it. */
static void start_timer(void)
{
	long long now = clock_microseconds(), next = now + LOOK_MICROSECONDS;
	for (size_t i = 0; i < MOST; i++)
		if (calls[i].done != NULL && calls[i].deadline != 0 && calls[i].deadline < next)
			next = calls[i].deadline > now ? calls[i].deadline : now + 1;
	if (count == 0)
		next = 0;
	struct itimerspec when = {.it_value = {next / 1000000, next % 1000000 * 1000}};
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

bool pending_add(const struct egress_call *call, int fd, short wanted, long long microseconds, held_done *done)
{
	size_t free = 0;
	while (free < MOST && calls[free].done != NULL)
		free++;
	errno = EAGAIN;
	if (free == MOST)
		return false;
	struct epoll_event event = {.events = (wanted & POLLOUT) != 0 ? EPOLLOUT : EPOLLIN, .data.ptr = &calls[free]};
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0)
		return false;
	calls[free] = (struct held){*call, done, fd, microseconds == 0 ? 0 : clock_microseconds() + microseconds};
	count++;
	start_timer();
	return true;
}

/* The one whose end is being seen to. */
static struct held *ending;

static void release(struct held *held)
{
	epoll_ctl(events, EPOLL_CTL_DEL, held->fd, NULL);
	close(held->fd);
	held->done = NULL;
	count--;
}

static void end(struct held *held, enum held_end how)
{
	ending = held;
	target_notification(held->call.listener, held->call.id);
	bool waits = held->done(&held->call, held->fd, how);
	ending = NULL;
	if (!waits)
		release(held);
}

void pending_give_up(void)
{
	if (ending == NULL)
		return;
	egress_answer(&ending->call, EFAULT);
	release(ending);
	ending = NULL;
}

static void look(void)
{
	long long now = clock_microseconds();
	for (size_t i = 0; i < MOST; i++) {
		struct held *held = &calls[i];
		if (held->done == NULL)
			continue;
		bool interrupted = target_is_interrupted(held->call.tid);
		target_notification(held->call.listener, held->call.id);
		if (!target_is_there())
			end(held, HELD_GONE);
		else if (held->deadline != 0 && held->deadline <= now)
			end(held, HELD_OVER);
		else if (interrupted)
			end(held, HELD_SIGNAL);
	}
}

int pending_interrupted(int socket)
{
	/* One that has a time limit is not started again (sock_intr_errno() in include/net/sock.h). */
	return tcp_patience(socket) > 0 ? EINTR : RESTART;
}

void pending_serve(void)
{
	struct epoll_event ready[16];
	int number = epoll_wait(events, ready, 16, 0);
	bool time = false;
	for (int i = 0; i < number; i++) {
		struct held *held = ready[i].data.ptr;
		if (held == NULL)
			time = true;
		else
			end(held, HELD_READY);
	}
	/* Last: it may end what the others in this list are about. */
	if (time)
		look();
	start_timer();
}
