// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watcher's main loop. The first thread waits for all events. At the first notification, this thread starts a second one, which from then
 * on waits for notifications in the ioctl SECCOMP_IOCTL_NOTIF_RECV. This saves a poll(2) for each call of the phase. Because of a lock, the
 * threads handle events one at a time. The watchdog, a third thread, replaces a thread whose system call takes too long by a new thread.
 */
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "target/watchdog.h"
#include "util/events.h"
#include "util/fds.h"
#include "watcher/watcher_internal.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* defined in the headers of Linux 6.6 and later */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct loop {
	int epoll; /* epoll instance that waits for all sources of events except the listener */
	struct event_source setup, control, dns, dns_timer;
	struct event_source listener_end; /* the seccomp listener, to detect that all processes with the filter have ended; used only if the watcher outlives the supervisor */
	sem_t lock;
	bool has_second_thread;
	bool is_listening; /* which events a new thread that takes over the lock must wait for (serve()): true: notifications; false: all other events */
	struct notifier notifier;
};

static void receive_listener(void *owner, struct event_source *setup)
{
	struct loop *loop = owner;
	char byte;
	int fds[PASSED_FDS];
	bool has_listener = loop->notifier.listener >= 0;
	bool received = fd_passing_receive(setup->fd, &byte, 1, fds, has_listener ? 0 : PASSED_FDS, NULL);
	/* After the message with the listener, confine's init sends only replies to requests (maker.c). A reply that came too late for maker.c can arrive here. Discard it. */
	if (has_listener && (received || errno == EPROTO))
		return;
	if (!received) {
		event_source_close(loop->epoll, setup);
		loop->notifier.maker = -1;
		return;
	}
	loop->notifier.listener = fds[0];
	loop->notifier.maker = setup->fd;
	loop->notifier.sockets.phase_diag = fds[1];
	/* Make the kernel wake the watcher faster. Ignore a failure, because Linux before 6.6 does not have this ioctl. */
	ioctl(fds[0], SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* Ends the watcher. Called by events_handle_one() when all processes with the filter have ended, if the watcher has outlived the supervisor. */
static void exit_after_phase(void *owner, struct event_source *unused)
{
	(void)owner;
	(void)unused;
	_exit(0);
}

/* Called at the end of the phase, when the supervisor sends a byte or closes the socket. After a byte, the watcher sends a byte back and stays, unless all processes with the filter have ended or init has sent no listener. Otherwise the watcher exits. */
static void handle_control(void *owner, struct event_source *control)
{
	struct loop *loop = owner;
	char byte;
	ssize_t got = recv(control->fd, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* First receive the seccomp listener, which the code below tests: after a short command, the message in which init has sent the listener may still be unread. */
	struct pollfd setup = {.fd = loop->setup.fd, .events = POLLIN};
	while (loop->setup.fd >= 0 && poll(&setup, 1, 0) > 0)
		receive_listener(loop, &loop->setup);
	/* If poll(2) reports POLLHUP, no process uses the listener any more: the kernel reports POLLHUP as soon as all processes with the filter have ended. */
	struct pollfd listener = {.fd = loop->notifier.listener, .events = POLLIN};
	bool is_used = listener.fd >= 0 && poll(&listener, 1, 0) >= 0 && (listener.revents & POLLHUP) == 0;
	/* Poll the listener for its end, because before Linux 6.11 SECCOMP_IOCTL_NOTIF_RECV does not return when the last process with the filter ends. */
	bool stays = got == 1 && is_used &&
		     event_source_open(loop->epoll, &loop->listener_end, (struct event_source){listener.fd, exit_after_phase, loop}, 0);
	if (!stays || send(control->fd, &byte, 1, MSG_NOSIGNAL) != 1) {
		if (loop->notifier.egress != NULL)
			egress_check_pending(loop->notifier.egress);
		_exit(0);
	}
	event_source_close(loop->epoll, control);
}

/* Closes the listener after all processes with the filter have ended. Exits if the supervisor has asked the watcher to stay until then (handle_control()). */
static void close_listener(struct loop *loop)
{
	close(loop->notifier.listener);
	loop->notifier.listener = -1;
	if (loop->control.fd < 0)
		_exit(0);
}

static void lock(struct loop *loop, bool is_listening)
{
	while (sem_wait(&loop->lock) != 0)
		;
	loop->is_listening = is_listening;
}

/* Waits for a notification and returns true. Returns false if a signal has ended the call before the watcher could receive the notification, or if all processes with the filter have ended. */
static bool receive_notification(const struct loop *loop, struct seccomp_notif *notification)
{
	*notification = (struct seccomp_notif){0};
	return ioctl(loop->notifier.listener, SECCOMP_IOCTL_NOTIF_RECV, notification) == 0;
}

/* Ends the redirection of DNS queries to the DNS server process, and handles the calls that wait for a socket from the DNS server process, without a redirection. */
static void end_dns(struct loop *loop, const char *reason)
{
	struct seccomp_notif notification;
	const int none = -1;
	dns_redirect_end(&loop->notifier.dns_redirect, reason);
	event_source_close(loop->epoll, &loop->dns);
	while (dns_redirect_take(&loop->notifier.dns_redirect, &notification))
		notification_handle(&loop->notifier, &notification, &none);
}

/* Receives a reply of the DNS server process, and handles the call that waits for it. If the process has exited, ends the redirection of DNS queries. */
static void handle_dns(void *owner, struct event_source *dns)
{
	struct loop *loop = owner;
	struct seccomp_notif notification;
	char reply;
	int fd;
	if (!fd_passing_receive(dns->fd, &reply, sizeof reply, &fd, 1, NULL))
		end_dns(loop, "the DNS server process of confine has exited");
	else if (dns_redirect_take(&loop->notifier.dns_redirect, &notification))
		notification_handle(&loop->notifier, &notification, &fd);
	close_fd(fd);
}

static void handle_dns_timeout(void *owner, struct event_source *timer)
{
	struct loop *loop = owner;
	uint64_t expirations;
	if (read(timer->fd, &expirations, sizeof expirations) > 0 && loop->notifier.dns_redirect.waiting_count > 0)
		end_dns(loop, "the DNS server process of confine does not respond");
}

static noreturn void serve_listener(struct loop *loop)
{
	struct seccomp_notif notification;
	while (loop->notifier.listener >= 0) {
		bool received = receive_notification(loop, &notification);
		struct pollfd listener = {.fd = loop->notifier.listener};
		lock(loop, true);
		if (received)
			notification_handle(&loop->notifier, &notification, NULL);
		else if (poll(&listener, 1, 0) == 1)
			close_listener(loop);
		sem_post(&loop->lock);
	}
	for (;;)
		poll(NULL, 0, -1);
}

/* Starts a second thread, which waits for notifications. If that fails, handles one notification in this thread. */
static void start_second_thread(struct loop *loop)
{
	struct seccomp_notif notification;
	/* The second thread takes over the lock from this thread, and releases it at once (serve()). */
	loop->is_listening = true;
	if (watchdog_start_thread()) {
		loop->has_second_thread = true;
		lock(loop, false);
		return;
	}
	loop->is_listening = false;
	if (receive_notification(loop, &notification))
		notification_handle(&loop->notifier, &notification, NULL);
}

static noreturn void serve_others(struct loop *loop)
{
	for (;;) {
		struct pollfd events[] = {{.fd = loop->epoll, .events = POLLIN},
					  {.fd = loop->has_second_thread ? -1 : loop->notifier.listener, .events = POLLIN}};
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		lock(loop, false);
		if ((events[1].revents & POLLIN) != 0)
			start_second_thread(loop);
		else if (events[1].revents != 0)
			close_listener(loop);
		events_handle_one(loop->epoll, 0);
		sem_post(&loop->lock);
	}
}

/* Runs the main loop in the calling thread, which must have the lock; the function releases the lock. replaces: true: first answers the call that a stuck thread was handling; false: there is no such call. */
static void serve(void *owner, bool replaces)
{
	struct loop *loop = owner;
	bool is_listening = loop->is_listening;
	if (replaces)
		notification_abandon(&loop->notifier);
	sem_post(&loop->lock);
	if (is_listening)
		serve_listener(loop);
	serve_others(loop);
}

/* Ends the watcher. Called by the watchdog if it cannot replace a stuck thread. Closes the listener, which would stay open until the last stuck thread ends. Shuts down the socket to the supervisor, which otherwise would not detect the end while a stuck thread keeps a copy of the socket open (close_in_thread()). */
static void fail(void *owner)
{
	struct loop *loop = owner;
	close(loop->notifier.listener);
	shutdown(loop->control.fd, SHUT_RDWR);
	_exit(1);
}

noreturn void loop_run(const struct watcher *watcher, const struct options *options, enum egress_route route, bool phase_is_root)
{
	/* Assign single members of loop: an assignment of the whole struct would write 300 kB, which takes 0.1 ms. */
	static struct loop loop;
	sem_init(&loop.lock, 0, 0);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.notifier.log = watcher->log;
	loop.notifier.options = options;
	loop.notifier.dns_redirect.server = watcher->dns_client;
	loop.notifier.dns_redirect.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	loop.notifier.dns_redirect.log = watcher->log;
	loop.notifier.access = target_access_new(watcher->broker);
	loop.notifier.listener = -1;
	path_sockets_open(&loop.notifier.sockets, options);
	if (watcher->net_filter) {
		loop.notifier.net_filter = net_filter_new();
		query_traps_open(&loop.notifier.query_traps, loop.epoll, &options->allow, watcher->log);
		watcher->log->route = ROUTE_DIRECT;
	}
	bool has_egress = options->allow.count > 0 && !watcher->net_filter;
	if (has_egress)
		loop.notifier.egress = egress_open(loop.epoll, &options->allow, route, options->socks, phase_is_root, watcher->log);
	if (loop.notifier.access == NULL || (has_egress && loop.notifier.egress == NULL) || (watcher->net_filter && loop.notifier.net_filter == NULL) ||
	    !event_source_open(loop.epoll, &loop.setup, (struct event_source){watcher->setup_socket_watcher, receive_listener, &loop}, EPOLLIN) ||
	    (watcher->dns_client >= 0 &&
	     !event_source_open(loop.epoll, &loop.dns, (struct event_source){watcher->dns_client, handle_dns, &loop}, EPOLLIN)) ||
	    !event_source_open(loop.epoll, &loop.dns_timer, (struct event_source){loop.notifier.dns_redirect.timer, handle_dns_timeout, &loop}, EPOLLIN) ||
	    !event_source_open(loop.epoll, &loop.control, (struct event_source){watcher->control, handle_control, &loop}, EPOLLIN))
		_exit(1);
	watchdog_run(&(struct watched_loop){&loop, serve, fail});
	/* watchdog_run() returns after a new thread has replaced this one, the first thread of the process. Wait forever: if the first thread ended, /proc would show the process as a zombie (proc_pid_stat(5)). */
	for (;;)
		poll(NULL, 0, -1);
}
