#include "watcher/loop.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watcher/yama_broker.h"
#include "dns/client.h"
#include "watcher/notification.h"
#include "watcher/setup_message.h"
#include "egress/egress.h"
#include "egress/pending.h"
#include "dns/stub_server.h"
#include "egress/emulate.h"
#include "watcher/watchdog.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum { OWN_SOURCES = 4 };

struct watcher {
	struct network_log *log;
	int news, control, held;
	bool stays; /* the supervisor is done; we are not before everybody who is watched is gone */
	struct dns_server dns_server;
	struct notification_handle look;
	size_t call_size;
	int others; /* an epoll instance that stands for all sources but the listener; -1: none yet */
	struct pollfd gathered[OWN_SOURCES + DNS_SERVER_SOURCES];
	size_t gathered_count;
};

/* The kernel's structures may have grown since this was compiled (seccomp_unotify(2)). */
static bool allocate(struct watcher *w)
{
	/* Where that is refused there will be no listener either, and the names are still to be answered. */
	struct seccomp_notif_sizes sizes = {0};
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		sizes.seccomp_notif = 0;
	struct notification_handle *look = &w->look;
	w->call_size = sizes.seccomp_notif > sizeof *look->call ? sizes.seccomp_notif : sizeof *look->call;
	size_t answer_size = sizes.seccomp_notif_resp > sizeof *look->answer ? sizes.seccomp_notif_resp : sizeof *look->answer;
	look->call = calloc(1, w->call_size);
	look->answer = calloc(1, answer_size);
	return look->call != NULL && look->answer != NULL;
}

static void take_listener(struct watcher *w, const struct setup_message *message)
{
	w->look.listener = message->fds[0];
	w->log->watched = WATCHED_YES;
	/* A kernel that doesn't know it just takes a little longer for each call. */
	ioctl(w->look.listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

static void hear_news(struct watcher *w)
{
	struct setup_message message = {0};
	if (setup_message_receive(w->news, &message) != 1) {
		close(w->news);
		w->news = -1;
		return;
	}
	struct network_log *log = w->log;
	switch (message.type) {
	case SETUP_LISTENER:
		take_listener(w, &message);
		log->setuid_inert = message.setuid_inert;
		break;
	case SETUP_NO_LISTENER:
		log->watched = WATCHED_NO;
		log->watched_errno = message.error;
		log->setuid_inert = message.setuid_inert;
		memcpy(log->watched_reason, message.reason, sizeof log->watched_reason);
		break;
	case SETUP_DNS_SERVER:
		/* Of the last try: a set-up that failed later on may have sent some before. */
		dns_server_open(&w->dns_server, message.fds[0], message.fds[1]);
		log->names_watched = WATCHED_YES;
		break;
	case SETUP_NO_DNS_SERVER:
		dns_server_close(&w->dns_server);
		log->names_watched = WATCHED_NO;
		log->names_errno = message.error;
		memcpy(log->names_reason, message.reason, sizeof log->names_reason);
		break;
	}
}

static void receive(struct watcher *w)
{
	memset(w->look.call, 0, w->call_size);
	w->look.maker.news = w->news;
	/* ENOENT or EINTR: a signal took the call away before we had it. */
	if (ioctl(w->look.listener, SECCOMP_IOCTL_NOTIF_RECV, w->look.call) == 0)
		notification_handle(&w->look);
}

/* The supervisor is done, or gone. */
static void hear_supervisor(struct watcher *w)
{
	char byte;
	ssize_t got = recv(w->control, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A command that ended at once may have been faster than the listener that came from it. */
	struct pollfd late = {.fd = w->news, .events = POLLIN};
	while (w->news >= 0 && poll(&late, 1, 0) > 0)
		hear_news(w);
	struct pollfd last = {.fd = w->look.listener, .events = POLLIN};
	bool anybody = w->look.listener >= 0 && poll(&last, 1, 0) >= 0 && (last.revents & POLLHUP) == 0;
	if (got != 1 || !anybody || send(w->control, &byte, 1, MSG_NOSIGNAL) != 1)
		_exit(0);
	close(w->control);
	w->control = -1;
	w->stays = true;
}

static void add_source(struct pollfd *sources, size_t *count, int fd)
{
	if (fd >= 0)
		sources[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static bool is_same(const struct pollfd *some, const struct pollfd *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (some[i].fd != others[i].fd)
			return false;
	return true;
}

/* Has w->others stand for these. */
static bool gather(struct watcher *w, const struct pollfd *sources, size_t count)
{
	if (w->others >= 0 && count == w->gathered_count && is_same(sources, w->gathered, count))
		return true;
	if (w->others >= 0)
		close(w->others);
	w->others = epoll_create1(EPOLL_CLOEXEC);
	w->gathered_count = count;
	for (size_t i = 0; i < count && w->others >= 0; i++) {
		w->gathered[i] = sources[i];
		if (epoll_ctl(w->others, EPOLL_CTL_ADD, sources[i].fd, &(struct epoll_event){.events = EPOLLIN}) == 0)
			continue;
		close(w->others);
		w->others = -1;
	}
	return w->others >= 0;
}

/*
 * As poll(2) without a deadline. Calls come one after another while nothing else does: so each of them asks two descriptors, and not
 * all. Connections to the resolver come and go under the same numbers, and are asked each.
 */
static int wait_for_any(struct watcher *w, struct pollfd *sources, size_t count)
{
	size_t least = (w->look.listener >= 0) + (w->news >= 0) + (w->control >= 0) + (w->look.listener >= 0 && w->held >= 0) +
		       (w->dns_server.udp >= 0) + (w->dns_server.tcp >= 0);
	if (w->look.listener < 0 || count != least || !gather(w, sources + 1, count - 1))
		return poll(sources, count, -1);
	struct pollfd two[] = {sources[0], {.fd = w->others, .events = POLLIN}};
	int ready = poll(two, 2, -1);
	sources[0].revents = two[0].revents;
	return ready > 0 && two[1].revents != 0 ? poll(sources + 1, count - 1, 0) : ready;
}

static void serve(void *data)
{
	struct watcher *w = data;
	for (;;) {
		struct pollfd sources[OWN_SOURCES + DNS_SERVER_SOURCES];
		size_t count = 0;
		add_source(sources, &count, w->look.listener);
		add_source(sources, &count, w->news);
		add_source(sources, &count, w->control);
		if (w->look.listener >= 0)
			add_source(sources, &count, w->held);
		size_t own = count;
		count += dns_server_sources(&w->dns_server, sources + own);
		if (count == 0 || (wait_for_any(w, sources, count) < 0 && errno != EINTR))
			_exit(0);
		for (size_t i = 0; i < own; i++) {
			if (sources[i].revents == 0)
				continue;
			if (sources[i].fd == w->look.listener && (sources[i].revents & POLLIN) != 0)
				receive(w);
			else if (sources[i].fd == w->look.listener) {
				/* Nobody who is watched is left. */
				close(w->look.listener);
				w->look.listener = -1;
				if (w->stays)
					_exit(0);
			} else if (sources[i].fd == w->held)
				pending_serve();
			else if (sources[i].fd == w->news)
				hear_news(w);
			else
				hear_supervisor(w);
		}
		/* After the calls: who asks has announced itself by one. */
		dns_server_serve(&w->dns_server, sources + own, count - own, w->log, dns_client_find);
	}
}

static void give_up(void *data)
{
	struct watcher *w = data;
	notification_give_up(&w->look);
	pending_give_up();
}

/* A process whose threads are stuck keeps its descriptors open beyond its end: so they are closed first. */
static void fail(void *data)
{
	struct watcher *w = data;
	close(w->look.listener);
	close(w->control);
	_exit(1);
}

noreturn void watcher_loop(const struct watcher_loop *watch)
{
	static struct watcher watcher;
	watcher = (struct watcher){
		.log = watch->log,
		.news = watch->news,
		.control = watch->control,
		.held = -1,
		.others = -1,
		.dns_server = {.udp = -1, .tcp = -1, .known = watch->allow},
		.look = {.log = watch->log, .allow = watch->allow, .dns_server = &watcher.dns_server, .listener = -1, .maker = {.families = watch->families}},
	};
	yama_broker_connect(watch->ancestor);
	if (!allocate(&watcher))
		_exit(1);
	if (watch->allow->count > 0) {
		egress_open(watch->allow, watch->way, watch->socks, watch->log);
		emulate_open(watch->root);
		watcher.held = pending_source();
	}
	watchdog_run(&(struct watchdog){serve, give_up, fail, &watcher});
}
