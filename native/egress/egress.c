#include "egress/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/clock.h"
#include "egress/pending.h"
#include "egress/addfd.h"
#include "egress/socket_inodes.h"
#include "egress/socket_options.h"
#include "egress/socks.h"
#include "egress/emulate.h"
#include "egress/tcp.h"

static struct {
	const struct allow *allow;
	enum egress_route way;
	const char *socks;
	bool begun; /* a socket was handed out, or is to be */
} egress_decision;

/* Each call that is held takes a descriptor. */
static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Nothing is let through any more. */
static void stop(struct network_log *log, const char *why)
{
	egress_decision.way = log->route = ROUTE_NONE;
	snprintf(log->route_reason, sizeof log->route_reason, "%s", why);
}

void egress_open(const struct allow *allow, enum egress_route way, const char *socks, struct network_log *log)
{
	raise_limit();
	egress_decision.allow = allow;
	egress_decision.socks = socks;
	egress_decision.way = log->route = way;
	/* What can't be told from the phase's own sockets can't be held to the list. */
	if (way == ROUTE_DIRECT && !socket_inodes_open())
		stop(log, "Linux before 5.14 doesn't tell the sockets of one network from those of another");
}

bool egress_answer(const struct egress_call *call, int error)
{
	struct seccomp_notif_resp response = {.id = call->id, .error = -error};
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

void egress_answer_count(const struct egress_call *call, long count)
{
	struct seccomp_notif_resp response = {.id = call->id, .val = count};
	ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* The same call again: 0 where it is connected by now, and from then on the kernel says EISCONN. */
static int connect_to(const struct egress_call *call, int fd)
{
	union address address;
	return connect(fd, &address.any, tcp_address(&call->to, tcp_family(fd), &address)) == 0 ? 0 : errno;
}

/* Hands over what is connected or goes on connecting, for a caller that waits in connect(2), and answers that. */
static int give(const struct egress_call *call, int fd, int error)
{
	/* Where a thread has closed it meanwhile, the answer is what it would have been. */
	if (fcntl(fd, F_SETFL, 0) != 0 || (!egress_addfd(call, fd) && errno != EBADF))
		return errno;
	return error;
}

static bool end_held(const struct egress_call *call, int fd, enum held_end end)
{
	int error = EINPROGRESS;
	if (end == HELD_GONE)
		return false;
	if (end == HELD_SIGNAL)
		error = call->interrupted;
	if (end == HELD_READY)
		error = connect_to(call, fd);
	bool failed = end == HELD_READY && error != 0;
	call->log->allowed_failed += failed;
	egress_answer(call, failed ? error : give(call, fd, error));
	return false;
}

/* Connects the socket, and hands it over unless it fails right away. */
static enum egress_decision connect_as(const struct egress_call *call, int family, int fd, int *error)
{
	bool waits = (fcntl(call->socket, F_GETFL) & O_NONBLOCK) == 0;
	socket_options_copy(call->socket, fd, family, true);
	*error = connect_to(call, fd);
	/* From next door the answer is there already. */
	if (waits && *error == EINPROGRESS)
		*error = connect_to(call, fd);
	if (waits && *error == EALREADY) {
		int held = dup(fd);
		struct egress_call later = *call;
		later.interrupted = pending_interrupted(fd);
		*error = 0;
		if (held >= 0 && pending_add(&later, held, POLLOUT, tcp_patience(fd), end_held))
			return EGRESS_PENDING;
		if (held >= 0)
			close(held);
		*error = EAGAIN;
	} else if (waits && *error == 0) {
		*error = give(call, fd, 0);
	} else if (*error == 0 || *error == EINPROGRESS) {
		*error = egress_addfd(call, fd) ? *error : errno;
	}
	return *error == ENOENT ? EGRESS_GONE : EGRESS_CONNECTED;
}

static bool is_listed(const struct egress_call *call)
{
	return call->to.family != AF_UNSPEC && allow_has(egress_decision.allow, call->to.family, call->to.address, call->to.port);
}

/* One that was handed out is connected to nothing else, and not taken apart: its network is the host's. */
static enum egress_decision answer_for_ours(const struct egress_call *call, int *error)
{
	union address name;
	socklen_t size = sizeof name;
	if (call->to.family == AF_UNSPEC)
		*error = EOPNOTSUPP;
	else if (tcp_is_idle(call->socket))
		*error = ENETUNREACH;
	else
		*error = getpeername(call->socket, &name.any, &size) == 0 ? EISCONN : EALREADY;
	return *error == ENETUNREACH ? EGRESS_REFUSED : EGRESS_DENIED;
}

/* The proxy has connected: with what is its own, or only lead there. */
static void end_proxy(const struct egress_call *call, int fd, int error)
{
	bool waits = (fcntl(call->socket, F_GETFL) & O_NONBLOCK) == 0;
	if (error == 0 && tcp_is(fd)) {
		int family = tcp_family(fd);
		socket_options_copy(call->socket, fd, family == tcp_family(call->socket) ? family : 0, false);
		connect_to(call, fd);
	}
	if (error == 0 && (fcntl(fd, F_SETFL, waits ? 0 : O_NONBLOCK) != 0 || (!egress_addfd(call, fd) && errno != EBADF)))
		error = errno;
	call->log->allowed_failed += error != 0;
	egress_answer(call, error);
}

void egress_count(const struct egress_call *call, const struct program *who, int error)
{
	struct destination to = call->to;
	memcpy(to.protocol, "tcp", sizeof "tcp");
	error = error == EINPROGRESS ? 0 : error;
	struct connection_attempt *row = network_log_add_allowed(call->log, &to, who, error, clock_microseconds());
	if (row != NULL && row->count == 1)
		target_parents(call->tid, &row->parents);
}

static enum egress_decision judge_connect(const struct egress_call *call, bool ours, enum egress_decision as_usual, int *error)
{
	bool listed = is_listed(call);
	if (ours)
		return listed ? EGRESS_EMULATE_ALLOWED : answer_for_ours(call, error);
	int family = tcp_family(call->socket);
	/* What is connected, connects or listens: the kernel has its answer to that. */
	if (!listed || !tcp_is(call->socket) || !tcp_is_idle(call->socket) || (family == AF_INET && call->to.family != AF_INET))
		return as_usual;
	*error = EADDRNOTAVAIL;
	if (tcp_is_bound(call->socket))
		return EGRESS_BOUND;
	egress_decision.begun = true;
	if (egress_decision.way == ROUTE_SOCKS) {
		/* Who would not wait for the connection waits for this. */
		*error = socks_begin(egress_decision.socks, call, end_proxy);
		return *error == 0 ? EGRESS_PENDING : EGRESS_CONNECTED;
	}
	int fd = socket_inodes_open_socket(family);
	if (fd < 0) {
		/* No more descriptors than this are ours to give; connect(2) has the word for it. */
		*error = EAGAIN;
		return EGRESS_CONNECTED;
	}
	enum egress_decision passed = connect_as(call, family, fd, error);
	close(fd);
	return passed;
}

/* Its socket can't be seen: it may be one that nobody can look into (ptrace(2), access mode checking). */
static enum egress_decision deny_unseen(const struct egress_call *call, int *error)
{
	/* Who has got nothing so far gets nothing any more: then there is nothing to hold. */
	if (errno == EPERM && !egress_decision.begun) {
		char why[96];
		const char *name = target_program(call->tid)->comm;
		snprintf(why, sizeof why, "%s, which was the first to connect or to listen, may not be looked into", *name == '\0' ? "a hidden process" : name);
		stop(call->log, why);
		return EGRESS_CONTINUE;
	}
	*error = errno == EBADF ? EBADF : errno == EPERM ? EACCES
							 : EAGAIN;
	return EGRESS_DENIED;
}

enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error)
{
	struct stat status;
	if (egress_decision.way != ROUTE_DIRECT && egress_decision.way != ROUTE_SOCKS)
		return EGRESS_CONTINUE;
	call->socket = target_socket(call->tid, call->fd);
	if (call->socket < 0)
		return deny_unseen(call, error);
	/* Nothing else is asked anything: what is behind it may not answer. */
	*error = ENOTSOCK;
	if (tcp_family(call->socket) < 0)
		return EGRESS_DENIED;
	call->inode = fstat(call->socket, &status) == 0 ? status.st_ino : 0;
	enum egress_decision as_usual = emulate_is_needed(call, request) ? EGRESS_EMULATE : EGRESS_CONTINUE;
	bool ours = socket_inodes_has(call->socket);
	if (request->call == CALL_CONNECT)
		return judge_connect(call, ours, as_usual, error);
	if (request->call == CALL_LISTEN || request->call == CALL_BIND) {
		/* Nobody is served in the host's network. A port of it that is taken in a race leads nowhere by itself. */
		*error = EACCES;
		return ours ? EGRESS_DENIED : request->call == CALL_BIND ? EGRESS_CONTINUE
									 : as_usual;
	}
	return as_usual;
}
