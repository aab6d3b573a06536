#include "audit_watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asker.h"
#include "audit_calls.h"
#include "audit_news.h"
#include "audit_protocol.h"
#include "clock.h"
#include "passage.h"
#include "passage_sockets.h"
#include "resolver.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct watcher {
	struct audit_table *table;
	const struct allow *allow;
	int news, control, listener, proxy;
	bool stays; /* the supervisor is done; we are not before everybody who is watched is gone */
	struct resolver resolver;
	struct seccomp_notif *call;
	struct seccomp_notif_resp *answer;
	size_t call_size;
};

/* The kernel's structures may have grown since this was compiled (seccomp_unotify(2)). */
static bool allocate(struct watcher *w)
{
	/* Where that is refused there will be no listener either, and the names are still to be answered. */
	struct seccomp_notif_sizes sizes = {0};
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		sizes.seccomp_notif = 0;
	w->call_size = sizes.seccomp_notif > sizeof *w->call ? sizes.seccomp_notif : sizeof *w->call;
	size_t answer_size = sizes.seccomp_notif_resp > sizeof *w->answer ? sizes.seccomp_notif_resp : sizeof *w->answer;
	w->call = calloc(1, w->call_size);
	w->answer = calloc(1, answer_size);
	return w->call != NULL && w->answer != NULL;
}

static void take_listener(struct watcher *w, const struct audit_news *news)
{
	w->listener = news->fds[0];
	w->table->watched = WATCHED_YES;
	/* A kernel that doesn't know it just takes a little longer for each call. */
	ioctl(w->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

static void hear_news(struct watcher *w)
{
	struct audit_news news = {0};
	if (audit_news_receive(w->news, &news) != 1) {
		close(w->news);
		w->news = -1;
		return;
	}
	struct audit_table *table = w->table;
	switch (news.news) {
	case NEWS_LISTENER:
		take_listener(w, &news);
		table->setuid_inert = news.setuid_inert;
		break;
	case NEWS_NO_LISTENER:
		table->watched = WATCHED_NO;
		table->error = news.error;
		table->setuid_inert = news.setuid_inert;
		memcpy(table->why, news.why, sizeof table->why);
		break;
	case NEWS_RESOLVER:
		/* Of the last try: a set-up that failed later on may have sent some before. */
		resolver_open(&w->resolver, news.fds[0], news.fds[1]);
		table->names = WATCHED_YES;
		break;
	case NEWS_NO_RESOLVER:
		resolver_close(&w->resolver);
		table->names = WATCHED_NO;
		table->names_error = news.error;
		memcpy(table->names_why, news.why, sizeof table->names_why);
		break;
	}
}

/* Lets the call go on. False where there is none any more: a signal took it away, or its process is dead. */
static bool let_go_on(struct watcher *w)
{
	struct seccomp_notif_resp *answer = w->answer;
	*answer = (struct seccomp_notif_resp){.id = w->call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	return ioctl(w->listener, SECCOMP_IOCTL_NOTIF_SEND, answer) == 0;
}

/* Answers the call in the kernel's place. */
static void answer(struct watcher *w, int error)
{
	*w->answer = (struct seccomp_notif_resp){.id = w->call->id, .error = -error};
	ioctl(w->listener, SECCOMP_IOCTL_NOTIF_SEND, w->answer);
}

struct counted {
	struct audit_attempt *row;
	struct destination to;
};

static size_t count_attempts(struct watcher *w, const struct audit_request *request, struct counted *counted)
{
	pid_t tid = (pid_t)w->call->pid;
	const struct program *who;
	size_t count = 0;
	for (size_t i = 0; i < request->count; i++) {
		struct destination to = request->to[i];
		if (resolver_is_at(&to) && w->resolver.udp >= 0)
			asker_note(tid, request->fd);
		if (destination_is_loopback(&to))
			continue;
		who = target_program(tid);
		audit_protocol(tid, request->fd, &to);
		/* glibc connects datagrams, and sends none, to sort the addresses of a host (getaddrinfo(3)). */
		if (request->call == CALL_CONNECT && strcmp(to.protocol, "udp") == 0 &&
		    allow_has(w->allow, to.family, to.address, to.port)) {
			audit_table_excuse(w->table, &to);
			continue;
		}
		struct audit_attempt *row = audit_table_attempt(w->table, &to, who, clock_microseconds());
		if (row != NULL && row->count == 1)
			target_parents(tid, &row->parents);
		counted[count++] = (struct counted){row, to};
	}
	return count;
}

/* Makes the connection, if it may be made. Returns false where the call has to be looked at as any other. */
static bool let_through(struct watcher *w, const struct audit_request *request)
{
	static struct counted counted[AUDIT_ADDRESSES];
	struct passage_call call = {.listener = w->listener, .id = w->call->id, .tid = (pid_t)w->call->pid, .fd = request->fd, .table = w->table};
	if (request->count == 1)
		call.to = request->to[0];
	const struct program *who = target_program(call.tid);
	int error = 0;
	enum passage passed = passage_try(&call, &error);
	if (passed == PASSAGE_NONE)
		return false;
	if (passed == PASSAGE_GONE)
		return true;
	if (passed == PASSAGE_BOUND || passed == PASSAGE_REFUSED) {
		if (count_attempts(w, request, counted) > 0 && counted[0].row != NULL)
			counted[0].row->bound = passed == PASSAGE_BOUND;
	} else if (request->count == 1 && error != EISCONN && error != EALREADY) {
		passage_count(&call, who, error);
	}
	if (passed == PASSAGE_GOES_ON)
		let_go_on(w);
	else if (passed != PASSAGE_WAITS)
		answer(w, error);
	passage_prepare();
	return true;
}

static void look(struct watcher *w)
{
	static struct audit_request request;
	static struct counted counted[AUDIT_ADDRESSES];
	size_t count = 0;
	if (!audit_request_read(&request, w->call)) {
		let_go_on(w);
		return;
	}
	if (w->allow->count > 0 && request.call == CALL_CONNECT && let_through(w, &request))
		return;
	switch (request.call) {
	case CALL_SECCOMP:
		w->table->listener = *target_program((pid_t)w->call->pid);
		w->table->listeners++;
		break;
	case CALL_BIND:
		if (request.count > 0 && w->resolver.udp >= 0 && resolver_is_in_the_way(&request.to[0]) &&
		    target_may_bind((pid_t)w->call->pid)) {
			resolver_close(&w->resolver);
			asker_forget();
			w->table->names_given_up = true;
		}
		break;
	default:
		if (request.path && audit_is_host_resolver(request.path_name))
			w->table->host_resolver = true;
		/* Before it goes on: once it has, the process may be over, and its supervisor's record written. */
		count = count_attempts(w, &request, counted);
		w->table->unreadable += request.unreadable;
		break;
	}
	if (let_go_on(w))
		return;
	while (count > 0) {
		count--;
		audit_table_take_back(w->table, counted[count].row, &counted[count].to);
	}
}

static void receive(struct watcher *w)
{
	memset(w->call, 0, w->call_size);
	/* ENOENT or EINTR: a signal took the call away before we had it. */
	if (ioctl(w->listener, SECCOMP_IOCTL_NOTIF_RECV, w->call) == 0)
		look(w);
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
	struct pollfd last = {.fd = w->listener, .events = POLLIN};
	bool anybody = w->listener >= 0 && poll(&last, 1, 0) >= 0 && (last.revents & POLLHUP) == 0;
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

static noreturn void serve(struct watcher *w)
{
	for (;;) {
		struct pollfd sources[4 + RESOLVER_SOURCES];
		size_t count = 0;
		add_source(sources, &count, w->listener);
		add_source(sources, &count, w->news);
		add_source(sources, &count, w->control);
		if (w->listener >= 0)
			add_source(sources, &count, w->proxy);
		size_t own = count;
		count += resolver_sources(&w->resolver, sources + own);
		if (count == 0 || (poll(sources, count, -1) < 0 && errno != EINTR))
			_exit(0);
		for (size_t i = 0; i < own; i++) {
			if (sources[i].revents == 0)
				continue;
			if (sources[i].fd == w->listener && (sources[i].revents & POLLIN) != 0)
				receive(w);
			else if (sources[i].fd == w->listener) {
				/* Nobody who is watched is left. */
				close(w->listener);
				w->listener = -1;
				if (w->stays)
					_exit(0);
			} else if (sources[i].fd == w->proxy)
				passage_serve();
			else if (sources[i].fd == w->news)
				hear_news(w);
			else
				hear_supervisor(w);
		}
		/* After the calls: who asks has announced itself by one. */
		resolver_serve(&w->resolver, sources + own, count - own, w->table, asker_find);
	}
}

noreturn void audit_watch(const struct audit_watch *watch)
{
	static struct watcher watcher;
	watcher = (struct watcher){
		.table = watch->table,
		.allow = watch->allow,
		.news = watch->news,
		.control = watch->control,
		.listener = -1,
		.proxy = -1,
		.resolver = {.udp = -1, .tcp = -1, .known = watch->allow},
	};
	if (!allocate(&watcher))
		_exit(1);
	if (watch->allow->count > 0) {
		watch->table->guarded = passage_open(watch->allow, watch->way, watch->socks);
		watch->table->way = watch->way;
		watcher.proxy = passage_source();
	}
	serve(&watcher);
}
