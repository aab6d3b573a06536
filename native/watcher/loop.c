// SPDX-License-Identifier: GPL-2.0-or-later
/* The watcher's main loop. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/events.h"
#include "util/fds.h"
#include "watcher/internal.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* in the headers of Linux 6.6 and later */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct loop {
	struct network_log *log;
	int epoll; /* epoll instance that waits for all sources of events except the listener */
	struct event_source setup, control, dns;
	bool outlives_supervisor; /* the watcher exits only after all processes with the filter have ended */
	struct notifier notifier;
};

static void receive_setup_message(void *owner, struct event_source *setup)
{
	struct loop *loop = owner;
	struct setup_message message;
	if (fd_passing_receive(setup->fd, &message, sizeof message, message.fds, NULL) != 1) {
		event_source_close(loop->epoll, setup);
		return;
	}
	struct network_log *log = loop->log;
	message.reason[sizeof message.reason - 1] = '\0';
	switch (message.type) {
	case SETUP_LISTENER:
		loop->notifier.listener = message.fds[0];
		loop->notifier.sockets.phase_diag = message.fds[1];
		log->watched = WATCHED_YES;
		log->setuid_inert = message.setuid_inert;
		/* Makes the kernel wake the watcher faster. Linux before 6.6 refuses this ioctl, which does no harm. */
		ioctl(message.fds[0], SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
		break;
	case SETUP_NO_LISTENER:
		log->watched = WATCHED_NO;
		log->watched_errno = message.error;
		log->setuid_inert = message.setuid_inert;
		memcpy(log->watched_reason, message.reason, sizeof log->watched_reason);
		break;
	}
}

/* Handles a byte from the supervisor, which requests that the watcher stay, or the end of file. Exits at the end of file, or if no process has the filter. */
static void handle_control(void *owner, struct event_source *control)
{
	struct loop *loop = owner;
	char byte;
	ssize_t got = recv(control->fd, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Receive the message with the listener first: it may still be unread if the command has ended quickly. */
	struct pollfd setup = {.fd = loop->setup.fd, .events = POLLIN};
	while (loop->setup.fd >= 0 && poll(&setup, 1, 0) > 0)
		receive_setup_message(loop, &loop->setup);
	/* The kernel reports POLLHUP for the listener as soon as no process has the filter. */
	struct pollfd listener = {.fd = loop->notifier.listener, .events = POLLIN};
	bool is_used = listener.fd >= 0 && poll(&listener, 1, 0) >= 0 && (listener.revents & POLLHUP) == 0;
	if (got != 1 || !is_used || send(control->fd, &byte, 1, MSG_NOSIGNAL) != 1)
		_exit(0);
	event_source_close(loop->epoll, control);
	loop->outlives_supervisor = true;
}

static void handle_listener(struct loop *loop, short events)
{
	struct notifier *notifier = &loop->notifier;
	if ((events & POLLIN) != 0) {
		notifier->notification = (struct seccomp_notif){0};
		notifier->maker.socket = loop->setup.fd;
		/* This ioctl fails with ENOENT or EINTR if a signal has interrupted the stopped call. Then there is nothing to handle. */
		if (ioctl(notifier->listener, SECCOMP_IOCTL_NOTIF_RECV, &notifier->notification) == 0)
			notification_handle(notifier);
		return;
	}
	/* The event is POLLHUP: no process has the filter any more, so close the listener. */
	if (notifier->egress != NULL)
		egress_check_pending(notifier->egress);
	close(notifier->listener);
	notifier->listener = -1;
	if (loop->outlives_supervisor)
		_exit(0);
}

static void receive_redirected(void *owner, struct event_source *dns)
{
	struct loop *loop = owner;
	notification_resume_redirected(&loop->notifier);
	if (loop->notifier.dns_redirect.server >= 0)
		return;
	notification_end_redirection(&loop->notifier);
	event_source_close(loop->epoll, dns);
}

static void serve(void *data)
{
	struct loop *loop = data;
	for (;;) {
		/* The listener is not in the epoll instance: FD_SYNC_WAKE_UP wakes the watcher on the CPU of the caller only if it polls the listener directly. */
		struct pollfd sources[] = {{.fd = loop->notifier.listener, .events = POLLIN}, {.fd = loop->epoll, .events = POLLIN}};
		if (poll(sources, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (sources[0].revents != 0)
			handle_listener(loop, sources[0].revents);
		if (sources[1].revents != 0)
			events_handle_one(loop->epoll);
	}
}

static void abandon_call(void *data)
{
	struct loop *loop = data;
	notification_abandon(&loop->notifier);
	if (loop->notifier.egress != NULL)
		egress_abandon_pending(loop->notifier.egress);
}

/*
 * Exits because too many threads are stuck. Closes the listener first, because the kernel would keep it open until the last stuck thread has
 * ended. Shuts down the socket of the supervisor, because a thread that is stuck since the start has a copy of that descriptor.
 */
static void fail(void *data)
{
	struct loop *loop = data;
	close(loop->notifier.listener);
	shutdown(loop->control.fd, SHUT_RDWR);
	_exit(1);
}

noreturn void loop_run(const struct watcher *watcher, const struct options *options, enum egress_route route, bool phase_is_root)
{
	static struct loop loop;
	loop.log = watcher->log;
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.notifier = (struct notifier){
		.log = watcher->log,
		.allow = &options->allow,
		.dns_redirect.server = watcher->dns_client,
		.access = target_access_new(watcher->broker),
		.listener = -1,
		.maker.families = options->families,
	};
	path_sockets_open(&loop.notifier.sockets, options);
	if (options->allow.count > 0)
		loop.notifier.egress = egress_open(loop.epoll, &options->allow, route, options->socks, phase_is_root, watcher->log);
	if (loop.notifier.access == NULL || (options->allow.count > 0 && loop.notifier.egress == NULL) ||
	    !event_source_open(loop.epoll, &loop.setup, (struct event_source){watcher->setup_socket_watcher, receive_setup_message, &loop}, EPOLLIN) ||
	    (watcher->dns_client >= 0 &&
	     !event_source_open(loop.epoll, &loop.dns, (struct event_source){watcher->dns_client, receive_redirected, &loop}, EPOLLIN)) ||
	    !event_source_open(loop.epoll, &loop.control, (struct event_source){watcher->control, handle_control, &loop}, EPOLLIN))
		_exit(1);
	watchdog_run(&(struct watchdog){serve, abandon_call, fail, &loop});
}
