#include "egress/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "egress/internal.h"
#include "util/clock.h"

static struct {
	const struct allow *allow;
	enum egress_route route;
	const char *socks;
	bool connected; /* the phase has a socket of the host's network, or will have one */
} egress;

/* Each pending call uses a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* From now on no connection is made. */
static void disable(struct network_log *log, const char *reason)
{
	egress.route = log->route = ROUTE_NONE;
	snprintf(log->route_reason, sizeof log->route_reason, "%s", reason);
}

void egress_open(const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root, struct network_log *log)
{
	raise_descriptor_limit();
	emulate_open(phase_is_root);
	egress.allow = allow;
	egress.socks = socks;
	egress.route = log->route = route;
	/* The list applies to sockets of the host's network, so they must be distinguishable from those of the phase. */
	if (route == ROUTE_DIRECT && !host_network_set(-1))
		disable(log, "allowed connections need Linux 5.14 or later");
}

/* Once the socket is connected, a second call returns 0, and later ones EISCONN. */
static int connect_socket(const struct egress_call *call, int fd)
{
	union address address;
	return connect(fd, &address.any, socket_address(&call->to, socket_family(fd), &address)) == 0 ? 0 : errno;
}

/* Replaces the socket of a target that waits in connect(2). Returns the answer to that call. */
static int replace_socket(const struct egress_call *call, int fd, int error)
{
	/* EBADF: another thread has closed the socket. As in the kernel, that does not change the result of connect(2). */
	if (fcntl(fd, F_SETFL, 0) != 0 || (!answer_replace_socket(call, fd) && errno != EBADF))
		return errno;
	return error;
}

/* The handler of a pending connect. */
static bool end_connect(const struct egress_call *call, int fd, enum pending_event event)
{
	int error = EINPROGRESS;
	if (event == PENDING_GONE)
		return false;
	if (event == PENDING_SIGNAL)
		error = call->interrupted;
	if (event == PENDING_READY)
		error = connect_socket(call, fd);
	bool failed = event == PENDING_READY && error != 0;
	call->log->allowed_failed += failed;
	egress_answer(call, failed ? error : replace_socket(call, fd, error));
	return false;
}

/* Connects fd, and puts it in place of the target's socket unless the connect fails at once. */
static enum egress_decision connect_and_replace(const struct egress_call *call, int family, int fd, int *error)
{
	bool blocking = socket_is_blocking(call->socket);
	socket_copy_options(call->socket, fd, family, true);
	*error = connect_socket(call, fd);
	/* A connection to a near host may be complete already. */
	if (blocking && *error == EINPROGRESS)
		*error = connect_socket(call, fd);
	if (blocking && *error == EALREADY) {
		int copy = dup(fd);
		struct egress_call pending = *call;
		pending.interrupted = pending_interrupt_error(fd);
		*error = 0;
		if (copy >= 0 && pending_add(&pending, copy, POLLOUT, socket_connect_timeout(fd), end_connect))
			return EGRESS_PENDING;
		if (copy >= 0)
			close(copy);
		*error = EAGAIN;
	} else if (blocking && *error == 0) {
		*error = replace_socket(call, fd, 0);
	} else if (*error == 0 || *error == EINPROGRESS) {
		*error = answer_replace_socket(call, fd) ? *error : errno;
	}
	return *error == ENOENT ? EGRESS_GONE : EGRESS_CONNECTED;
}

/* The handler of a proxy's connection: fd is the TCP socket, or the connection to the proxy. */
static void end_socks(const struct egress_call *call, int fd, int error)
{
	bool blocking = socket_is_blocking(call->socket);
	if (error == 0 && socket_is_tcp(fd)) {
		int family = socket_family(fd);
		socket_copy_options(call->socket, fd, family == socket_family(call->socket) ? family : 0, false);
		connect_socket(call, fd);
	}
	if (error == 0 && (fcntl(fd, F_SETFL, blocking ? 0 : O_NONBLOCK) != 0 || (!answer_replace_socket(call, fd) && errno != EBADF)))
		error = errno;
	call->log->allowed_failed += error != 0;
	egress_answer(call, error);
}

void egress_count(const struct egress_call *call, const struct program *program, int error)
{
	struct destination to = call->to;
	memcpy(to.protocol, "tcp", sizeof "tcp");
	error = error == EINPROGRESS ? 0 : error;
	struct connection_attempt *row = network_log_add_allowed(call->log, &to, program, error, clock_microseconds());
	if (row != NULL && row->count == 1)
		target_parents(&call->target, &row->parents);
}

/* A socket of the host's network must not be disconnected or connected to another destination. */
static enum egress_decision refuse_reconnect(const struct egress_call *call, int *error)
{
	union address name;
	socklen_t size = sizeof name;
	if (call->to.family == AF_UNSPEC)
		*error = EOPNOTSUPP;
	else if (socket_is_idle(call->socket))
		*error = ENETUNREACH;
	else
		*error = getpeername(call->socket, &name.any, &size) == 0 ? EISCONN : EALREADY;
	return *error == ENETUNREACH ? EGRESS_REFUSED : EGRESS_DENIED;
}

static enum egress_decision decide_connect(const struct egress_call *call, bool on_host_network, enum egress_decision default_decision, int *error)
{
	bool allowed = call->to.family != AF_UNSPEC && allow_has(egress.allow, call->to.family, call->to.address, call->to.port);
	if (on_host_network)
		return allowed ? EGRESS_EMULATE_ALLOWED : refuse_reconnect(call, error);
	int family = socket_family(call->socket);
	/* The kernel refuses a connect on a socket that is connected or listens, and an IPv6 destination on an IPv4 socket. */
	if (!allowed || !socket_is_tcp(call->socket) || !socket_is_idle(call->socket) || (family == AF_INET && call->to.family != AF_INET))
		return default_decision;
	*error = EADDRNOTAVAIL;
	if (socket_is_bound(call->socket))
		return EGRESS_BOUND;
	egress.connected = true;
	if (egress.route == ROUTE_SOCKS) {
		/* The proxy's answer is awaited for a non-blocking socket too. */
		*error = socks_connect(egress.socks, call, end_socks);
		return *error == 0 ? EGRESS_PENDING : EGRESS_CONNECTED;
	}
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (fd < 0) {
		/* The watcher has no free descriptor. EAGAIN is an error that connect(2) documents. */
		*error = EAGAIN;
		return EGRESS_CONNECTED;
	}
	enum egress_decision decision = connect_and_replace(call, family, fd, error);
	close(fd);
	return decision;
}

/* The socket could not be duplicated; errno is EPERM if the target denies ptrace access (ptrace(2)). */
static enum egress_decision deny_inaccessible(const struct egress_call *call, int *error)
{
	/* While the phase has no socket of the host's network, disabling the list is enough. */
	if (errno == EPERM && !egress.connected) {
		char reason[96];
		const char *name = target_program(&call->target)->comm;
		snprintf(reason, sizeof reason, "confine cannot inspect %s, the first program that connected or listened", *name == '\0' ? "an unknown program" : name);
		disable(call->log, reason);
		return EGRESS_CONTINUE;
	}
	*error = errno == EBADF ? EBADF : errno == EPERM ? EACCES
							 : EAGAIN;
	return EGRESS_DENIED;
}

enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error)
{
	struct stat status;
	if (egress.route != ROUTE_DIRECT && egress.route != ROUTE_SOCKS)
		return EGRESS_CONTINUE;
	call->socket = target_duplicate(&call->target, call->fd);
	if (call->socket < 0)
		return deny_inaccessible(call, error);
	/* Make no other system call on it: a file of another kind may not answer. */
	*error = ENOTSOCK;
	if (socket_family(call->socket) < 0)
		return EGRESS_DENIED;
	call->inode = fstat(call->socket, &status) == 0 ? status.st_ino : 0;
	enum egress_decision default_decision = emulate_is_needed(call, request) ? EGRESS_EMULATE : EGRESS_CONTINUE;
	bool on_host_network = host_network_has(call->socket);
	*error = EACCES;
	switch (request->call) {
	case CALL_CONNECT:
		return decide_connect(call, on_host_network, default_decision, error);
	case CALL_LISTEN:
		/* The phase must not serve the host's network. */
		return on_host_network ? EGRESS_DENIED : default_decision;
	case CALL_BIND:
		/* A bind is never emulated. If a thread exchanges the socket meanwhile, it binds a port of the host but cannot listen. */
		return on_host_network ? EGRESS_DENIED : EGRESS_CONTINUE;
	default:
		return default_decision;
	}
}
