#include "passage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "audit_target.h"
#include "clock.h"
#include "passage_held.h"
#include "passage_sockets.h"
#include "socks.h"
#include "tcp.h"
#include "socket_options.h"

static struct {
	const struct allow *allow;
	enum passage_way way;
	const char *socks;
	int source;
	bool handed_out;
} passage;

bool passage_open(const struct allow *allow, enum passage_way way, const char *socks)
{
	passage.allow = allow;
	passage.way = way;
	passage.socks = socks;
	passage.source = way == PASSAGE_SOCKS ? socks_open() : passage_held_source();
	/* A proxy connects to what it was asked for, and to nothing else. */
	return way == PASSAGE_SOCKS || passage_sockets_open(allow);
}

/* A thread's descriptors; the folder is good for that thread alone, whoever has its number later (proc(5), fdinfo). */
static int open_fdinfo(pid_t tid, int fd)
{
	static pid_t last;
	static int folder = -1;
	char path[64], name[16];
	snprintf(name, sizeof name, "%d", fd);
	int file = last == tid ? openat(folder, name, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0)
		return file;
	if (folder >= 0)
		close(folder);
	snprintf(path, sizeof path, "/proc/%d/fdinfo", tid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	last = tid;
	return openat(folder, name, O_RDONLY | O_CLOEXEC);
}

/* Whether exec closes the caller's descriptor: O_CLOEXEC or 0, -1 where somebody has closed it meanwhile. */
static int close_on_exec(const struct passage_call *call)
{
	char text[128];
	int fd = open_fdinfo(call->tid, call->fd);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	const char *flags = strstr(text, "flags:");
	return flags == NULL ? -1 : (int)(strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
}

/* Puts the socket in the place of the caller's. */
static bool hand_over(const struct passage_call *call, int fd)
{
	int kept = close_on_exec(call);
	struct seccomp_notif_addfd place = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (unsigned)fd,
		.newfd = (unsigned)call->fd,
		.newfd_flags = (unsigned)kept,
	};
	errno = EBADF;
	if (kept < 0)
		return false;
	int put;
	while ((put = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &place)) < 0 && errno == EINTR)
		;
	passage.handed_out = passage.handed_out || (put >= 0 && passage.way == PASSAGE_FROM_HERE);
	return put >= 0;
}

static void answer(const struct passage_call *call, int error)
{
	struct seccomp_notif_resp response = {.id = call->id, .error = -error};
	ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* The end of a connect that was to take so long at most. */
static void end_held(const struct passage_call *call, int fd, int error)
{
	bool goes_on = error == 0 || error == EINPROGRESS;
	/* Where a thread has closed it meanwhile, the answer is what it would have been. */
	if (goes_on && (fcntl(fd, F_SETFL, 0) != 0 || (!hand_over(call, fd) && errno != EBADF)))
		error = errno;
	call->table->failed += !goes_on;
	answer(call, error);
}

/* How long connect(2) may take, in microseconds; 0: as long as it takes (socket(7), SO_SNDTIMEO). */
static long long patience(int fd)
{
	struct timeval time = {0};
	socklen_t size = sizeof time;
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &size);
	return time.tv_sec * 1000000LL + time.tv_usec;
}

/* Connects the socket, and hands it over unless it fails right away. */
static enum passage connect_as(const struct passage_call *call, int theirs, int family, int fd, int *error)
{
	union address address;
	int flags = fcntl(theirs, F_GETFL);
	socket_options_copy(theirs, fd, family);
	int connected = connect(fd, &address.any, tcp_address(&call->to, family, &address));
	*error = connected == 0 ? 0 : errno;
	if (*error != 0 && *error != EINPROGRESS)
		return PASSAGE_ANSWER;
	bool waits = (flags & O_NONBLOCK) == 0;
	/* The one thing that the kernel would say in another way (EALREADY) of a socket that was connecting before. */
	if (waits && *error == EINPROGRESS && patience(fd) > 0) {
		int held = dup(fd);
		if (held >= 0 && passage_held_add(call, held, patience(fd), end_held))
			return PASSAGE_WAITS;
		if (held >= 0)
			close(held);
		*error = EAGAIN;
		return PASSAGE_ANSWER;
	}
	if ((waits && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) || !hand_over(call, fd)) {
		*error = errno;
		return *error == ENOENT ? PASSAGE_GONE : PASSAGE_ANSWER;
	}
	/*
	 * A socket that is connecting already waits for that, and takes no address (__inet_stream_connect() in
	 * net/ipv4/af_inet.c). So signals, SO_SNDTIMEO and how it ends are the kernel's business.
	 */
	return waits && *error == EINPROGRESS ? PASSAGE_GOES_ON : PASSAGE_ANSWER;
}

static bool is_listed(const struct passage_call *call)
{
	return call->to.family != AF_UNSPEC && allow_has(passage.allow, call->to.family, call->to.address, call->to.port);
}

/* One that was handed out is connected to nothing else, and not taken apart: its network is the host's. */
static enum passage answer_for_ours(const struct passage_call *call, int theirs, int *error)
{
	union address name;
	socklen_t size = sizeof name;
	if (call->to.family == AF_UNSPEC)
		*error = EOPNOTSUPP;
	else if (tcp_is_idle(theirs))
		*error = ENETUNREACH;
	else if (is_listed(call) && tcp_is_connecting(theirs) && (fcntl(theirs, F_GETFL) & O_NONBLOCK) == 0)
		/* Started again after a signal: it goes on to wait. */
		return PASSAGE_NONE;
	else
		*error = getpeername(theirs, &name.any, &size) == 0 ? EISCONN : EALREADY;
	return *error == ENETUNREACH ? PASSAGE_REFUSED : PASSAGE_ANSWER;
}

/* What is left of a call until the proxy has answered. */
struct waiting {
	struct passage_call call;
	int flags; /* of its socket */
};

static void end_waiting(void *whose, int fd, int error)
{
	const struct waiting *waiting = whose;
	if (error == 0 && ((waiting->flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, 0) != 0))
		error = errno;
	if (error == 0 && !hand_over(&waiting->call, fd))
		error = errno;
	if (error != 0)
		waiting->call.table->failed++;
	answer(&waiting->call, error);
}

int passage_source(void)
{
	return passage.source;
}

void passage_serve(void)
{
	if (passage.way == PASSAGE_SOCKS)
		socks_serve();
	else
		passage_held_serve();
}

void passage_count(const struct passage_call *call, const struct program *who, int error)
{
	struct destination to = call->to;
	memcpy(to.protocol, "tcp", sizeof "tcp");
	error = error == EINPROGRESS ? 0 : error;
	struct audit_attempt *row = audit_table_allowed(call->table, &to, who, error, clock_microseconds());
	if (row != NULL && row->count == 1)
		target_parents(call->tid, &row->parents);
}

/* Asks the proxy. Who would not wait for the connection waits for this. */
static enum passage ask_proxy(const struct passage_call *call, int theirs, int *error)
{
	struct waiting waiting = {*call, fcntl(theirs, F_GETFL)};
	*error = socks_begin(passage.socks, &call->to, end_waiting, &waiting, sizeof waiting);
	return *error == 0 ? PASSAGE_WAITS : PASSAGE_ANSWER;
}

static enum passage judge(const struct passage_call *call, int theirs, int *error)
{
	bool listed = is_listed(call);
	if (!tcp_is(theirs))
		return PASSAGE_NONE;
	bool ours = passage.handed_out && passage_sockets_is_ours(theirs);
	/* What is connected, connects or listens: the kernel has its answer to that, but may not act on a socket of ours. */
	if (ours && (!listed || !tcp_is_idle(theirs)))
		return answer_for_ours(call, theirs, error);
	int family = tcp_family(theirs);
	if (!listed || (!ours && !tcp_is_idle(theirs)) || (family == AF_INET && call->to.family != AF_INET))
		return PASSAGE_NONE;
	*error = EADDRNOTAVAIL;
	/* One of ours that failed keeps the port that it had. */
	if (!ours && tcp_is_bound(theirs))
		return PASSAGE_BOUND;
	if (passage.way == PASSAGE_SOCKS)
		return ask_proxy(call, theirs, error);
	int fd = passage_sockets_take(family);
	if (fd < 0) {
		/* No more descriptors than this are ours to give; connect(2) has the word for it. */
		*error = EAGAIN;
		return PASSAGE_ANSWER;
	}
	enum passage passed = connect_as(call, theirs, family, fd, error);
	close(fd);
	return passed;
}

enum passage passage_try(const struct passage_call *call, int *error)
{
	if (passage.way == PASSAGE_FROM_NOWHERE || (!is_listed(call) && !passage.handed_out))
		return PASSAGE_NONE;
	int theirs = target_socket(call->tid, call->fd);
	if (theirs < 0)
		return PASSAGE_NONE;
	enum passage passed = judge(call, theirs, error);
	close(theirs);
	return passed;
}
