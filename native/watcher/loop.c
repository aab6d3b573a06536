/* The watcher's main loop. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watcher/internal.h"
#include "watcher/setup_message.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum { OWN_SOURCES = 4 };

struct loop {
	struct network_log *log;
	int setup_socket, control, pending; /* -1: none */
	bool outlives_supervisor;	    /* end only after all watched processes have ended */
	struct dns_server dns_server;
	struct notifier notifier;
	size_t notification_size;
	int epoll; /* holds all sources except the listener; -1: none yet */
	struct pollfd in_epoll[OWN_SOURCES + DNS_SERVER_SOURCES];
	size_t in_epoll_count;
};

/* The running kernel's structures may be larger than those of the headers (seccomp_unotify(2)). */
static bool allocate_buffers(struct loop *loop)
{
	/* If the call is refused there will be no listener, but the DNS server still runs. */
	struct seccomp_notif_sizes sizes = {0};
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		sizes.seccomp_notif = 0;
	struct notifier *notifier = &loop->notifier;
	size_t response_size = sizeof *notifier->response;
	loop->notification_size = sizeof *notifier->notification;
	if (sizes.seccomp_notif > loop->notification_size)
		loop->notification_size = sizes.seccomp_notif;
	if (sizes.seccomp_notif_resp > response_size)
		response_size = sizes.seccomp_notif_resp;
	notifier->notification = calloc(1, loop->notification_size);
	notifier->response = calloc(1, response_size);
	return notifier->notification != NULL && notifier->response != NULL;
}

static void receive_setup_message(struct loop *loop)
{
	struct setup_message message = {0};
	if (setup_message_receive(loop->setup_socket, &message) != 1) {
		close(loop->setup_socket);
		loop->setup_socket = -1;
		return;
	}
	struct network_log *log = loop->log;
	switch (message.type) {
	case SETUP_LISTENER:
		loop->notifier.listener = message.fds[0];
		log->watched = WATCHED_YES;
		log->setuid_inert = message.setuid_inert;
		/* Saves time; older kernels refuse it. */
		ioctl(message.fds[0], SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
		break;
	case SETUP_NO_LISTENER:
		log->watched = WATCHED_NO;
		log->watched_errno = message.error;
		log->setuid_inert = message.setuid_inert;
		memcpy(log->watched_reason, message.reason, sizeof log->watched_reason);
		break;
	case SETUP_DNS_SERVER:
		/* A set-up that failed later may have sent sockets before. The last ones count. */
		dns_server_open(&loop->dns_server, message.fds[0], message.fds[1]);
		log->names_watched = WATCHED_YES;
		break;
	case SETUP_NO_DNS_SERVER:
		dns_server_close(&loop->dns_server);
		log->names_watched = WATCHED_NO;
		log->names_errno = message.error;
		memcpy(log->names_reason, message.reason, sizeof log->names_reason);
		break;
	}
}

static void receive_notification(struct loop *loop)
{
	memset(loop->notifier.notification, 0, loop->notification_size);
	loop->notifier.maker.socket = loop->setup_socket;
	/* Fails with ENOENT or EINTR if a signal interrupted the call first. */
	if (ioctl(loop->notifier.listener, SECCOMP_IOCTL_NOTIF_RECV, loop->notifier.notification) == 0)
		notification_handle(&loop->notifier);
}

/* The supervisor asks the watcher to stay (one byte) or has ended (end of file). Exits if nothing is left to watch. */
static void handle_control(struct loop *loop)
{
	char byte;
	ssize_t got = recv(loop->control, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* The listener of a command that ended at once may still be in the socket. */
	struct pollfd setup = {.fd = loop->setup_socket, .events = POLLIN};
	while (loop->setup_socket >= 0 && poll(&setup, 1, 0) > 0)
		receive_setup_message(loop);
	/* The kernel reports POLLHUP once no process has the filter. */
	struct pollfd listener = {.fd = loop->notifier.listener, .events = POLLIN};
	bool is_used = listener.fd >= 0 && poll(&listener, 1, 0) >= 0 && (listener.revents & POLLHUP) == 0;
	if (got != 1 || !is_used || send(loop->control, &byte, 1, MSG_NOSIGNAL) != 1)
		_exit(0);
	close(loop->control);
	loop->control = -1;
	loop->outlives_supervisor = true;
}

static void add_source(struct pollfd *sources, size_t *count, int fd)
{
	if (fd >= 0)
		sources[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static bool is_in_epoll(const struct loop *loop, const struct pollfd *sources, size_t count)
{
	if (loop->epoll < 0 || count != loop->in_epoll_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (sources[i].fd != loop->in_epoll[i].fd)
			return false;
	return true;
}

/* Makes loop->epoll hold these sources. Returns false on failure. */
static bool update_epoll(struct loop *loop, const struct pollfd *sources, size_t count)
{
	if (is_in_epoll(loop, sources, count))
		return true;
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->in_epoll_count = count;
	for (size_t i = 0; i < count && loop->epoll >= 0; i++) {
		loop->in_epoll[i] = sources[i];
		if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, sources[i].fd, &(struct epoll_event){.events = EPOLLIN}) == 0)
			continue;
		close(loop->epoll);
		loop->epoll = -1;
	}
	return loop->epoll >= 0;
}

/*
 * As poll(2) without a time limit. Notifications often follow each other while all other sources are idle, so only two descriptors are
 * polled: the listener and the epoll instance. DNS connections reuse descriptor numbers, so with them all sources are polled.
 */
static int wait_for_sources(struct loop *loop, struct pollfd *sources, size_t count)
{
	bool has_listener = loop->notifier.listener >= 0;
	size_t without_connections = has_listener + (loop->setup_socket >= 0) + (loop->control >= 0) + (has_listener && loop->pending >= 0) +
				     (loop->dns_server.udp >= 0) + (loop->dns_server.tcp >= 0);
	if (!has_listener || count != without_connections || !update_epoll(loop, sources + 1, count - 1))
		return poll(sources, count, -1);
	struct pollfd two[] = {sources[0], {.fd = loop->epoll, .events = POLLIN}};
	int ready = poll(two, 2, -1);
	sources[0].revents = two[0].revents;
	return ready > 0 && two[1].revents != 0 ? poll(sources + 1, count - 1, 0) : ready;
}

static void handle_listener(struct loop *loop, short events)
{
	if ((events & POLLIN) != 0) {
		receive_notification(loop);
		return;
	}
	/* No process has the filter any more. */
	close(loop->notifier.listener);
	loop->notifier.listener = -1;
	if (loop->outlives_supervisor)
		_exit(0);
}

static void serve(void *data)
{
	struct loop *loop = data;
	for (;;) {
		struct pollfd sources[OWN_SOURCES + DNS_SERVER_SOURCES];
		size_t count = 0;
		add_source(sources, &count, loop->notifier.listener);
		add_source(sources, &count, loop->setup_socket);
		add_source(sources, &count, loop->control);
		if (loop->notifier.listener >= 0)
			add_source(sources, &count, loop->pending);
		size_t own = count;
		count += dns_server_sources(&loop->dns_server, sources + own);
		if (count == 0 || (wait_for_sources(loop, sources, count) < 0 && errno != EINTR))
			_exit(0);
		for (size_t i = 0; i < own; i++) {
			if (sources[i].revents == 0)
				continue;
			if (sources[i].fd == loop->notifier.listener)
				handle_listener(loop, sources[i].revents);
			else if (sources[i].fd == loop->pending)
				egress_serve_pending();
			else if (sources[i].fd == loop->setup_socket)
				receive_setup_message(loop);
			else
				handle_control(loop);
		}
		/* After the notifications, which add the clients of the DNS server. */
		dns_server_serve(&loop->dns_server, sources + own, count - own, loop->log);
	}
}

static void abandon_call(void *data)
{
	struct loop *loop = data;
	notification_abandon(&loop->notifier);
	egress_abandon_pending();
}

/* Closes the descriptors first: the kernel keeps them open until the last stuck thread has ended. */
static void fail(void *data)
{
	struct loop *loop = data;
	close(loop->notifier.listener);
	close(loop->control);
	_exit(1);
}

noreturn void loop_run(const struct loop_options *options)
{
	static struct loop loop;
	loop = (struct loop){
		.log = options->log,
		.setup_socket = options->setup_socket,
		.control = options->control,
		.pending = -1,
		.epoll = -1,
		.dns_server = {.udp = -1, .tcp = -1, .hosts = options->allow},
		.notifier = {.log = options->log, .allow = options->allow, .dns_server = &loop.dns_server, .listener = -1, .maker = {.families = options->families}},
	};
	yama_broker_connect(options->broker);
	if (!allocate_buffers(&loop))
		_exit(1);
	if (options->allow->count > 0) {
		egress_open(options->allow, options->route, options->socks, options->runs_as_root, options->log);
		loop.pending = egress_pending_source();
	}
	watchdog_run(&(struct watchdog){serve, abandon_call, fail, &loop});
}
