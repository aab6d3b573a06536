// SPDX-License-Identifier: GPL-2.0-or-later

#include <sys/resource.h>
#include <sys/stat.h>

#include "egress/egress_internal.h"
#include "util/fds.h"

/* Stops the watcher from connecting to allowed destinations in place of the phase: the watcher then lets the kernel continue all calls, so connections to these destinations fail like all others. reason: text for the log. */
static void disable(struct egress *egress, const char *reason)
{
	egress->route = egress->log->route = ROUTE_NONE;
	snprintf(egress->log->route_reason, sizeof egress->log->route_reason, "%s", reason);
}

struct egress *egress_open(int epoll, const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root,
			   struct network_log *log)
{
	struct egress *egress = calloc(1, sizeof *egress);
	if (egress == NULL)
		return NULL;
	*egress = (struct egress){.epoll = epoll, .allow = allow, .route = route, .socks = socks, .phase_is_root = phase_is_root, .log = log};
	if (!pending_open(egress)) {
		free(egress);
		return NULL;
	}
	/* Raise the watcher's limit of open descriptors (RLIMIT_NOFILE) to the hard limit, because each pending call needs descriptors. */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit.rlim_max, limit.rlim_max});
	log->route = route;
	/* Before Linux 5.14, make no direct connections for the phase: the watcher must restrict calls on sockets of the host's network, and without SO_NETNS_COOKIE it cannot distinguish them from sockets of the phase's network. */
	AUTO_CLOSE int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (route == ROUTE_DIRECT && !host_network_set(egress, own))
		disable(egress, "allowed connections need Linux 5.14 or later");
	return egress;
}

static enum egress_decision answer(const struct egress_call *call, int error)
{
	target_respond(&call->target, 0, error, 0);
	return EGRESS_ANSWERED;
}

/* Refuses a connection attempt with the errno error and, unless the attempt goes to loopback, logs it. Returns EGRESS_ANSWERED. bound: true: the attempt is refused only because the socket is bound to an address or port; false: for another reason. */
static enum egress_decision log_and_refuse(const struct egress_call *call, int error, bool bound)
{
	struct log_row *row = destination_is_loopback(&call->to) ? NULL : network_log_add_attempt(call->egress->log, &call->to, &call->target);
	if (row != NULL)
		row->bound = bound;
	return answer(call, error);
}

/* Refuses a connect(2) that would disconnect a socket of the host's network or connect it to a destination that is not allowed. Returns EGRESS_ANSWERED. */
static enum egress_decision refuse_reconnect(const struct egress_call *call)
{
	union socket_address name;
	socklen_t size = sizeof name;
	if (call->to.family == AF_UNSPEC)
		return answer(call, EOPNOTSUPP);
	if (!socket_is_idle(call->socket))
		return answer(call, getpeername(call->socket, &name.any, &size) == 0 ? EISCONN : EALREADY);
	return log_and_refuse(call, ENETUNREACH, false);
}

static int connect_to_allowed(const struct egress_call *call, int family)
{
	/* With the proxy, the call stays pending until the proxy replies, even if the target's socket is nonblocking. */
	if (call->egress->route == ROUTE_SOCKS)
		return socks_connect(call, false);
	AUTO_CLOSE int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	/* If the watcher cannot create a socket, let the call fail with EAGAIN, because connect(2) documents this errno, unlike EMFILE. */
	return fd < 0 ? EAGAIN : connect_and_replace(call, family, fd);
}

static enum egress_decision handle_connect(const struct egress_call *call, const struct request *request, bool on_host_network,
					   enum egress_decision default_decision)
{
	bool allowed = call->to.family != AF_UNSPEC && allow_has(call->egress->allow, &call->to);
	if (on_host_network && !allowed)
		return refuse_reconnect(call);
	if (on_host_network) {
		egress_emulate(call, request);
		return EGRESS_ANSWERED;
	}
	int family = socket_family(call->socket);
	/* The watcher makes only TCP connections. It leaves calls that the kernel refuses anyway to the kernel: on a connected or listening socket, and with an IPv6 destination on an IPv4 socket. */
	if (!allowed || !socket_is_tcp(call->socket) || !socket_is_idle(call->socket) || (family == AF_INET && call->to.family != AF_INET))
		return default_decision;
	/* Refuse the call if the socket is bound to an address or port, because the watcher does not replace such a socket. */
	if (socket_is_bound(call->socket))
		return log_and_refuse(call, EADDRNOTAVAIL, true);
	call->egress->connected = true;
	const struct program *program = target_program(&call->target);
	int error = connect_to_allowed(call, family);
	bool failed = error != 0 && error != EINPROGRESS && error != CALL_PENDING;
	/* After ENOENT, by which SECCOMP_IOCTL_NOTIF_ADDFD reports that the call has ended, do not log the connection. */
	if (error != ENOENT)
		network_log_add_allowed(call->egress->log, &call->to, &call->target, program, failed);
	return error == CALL_PENDING ? EGRESS_ANSWERED : answer(call, error);
}

/* Handles a call whose socket the watcher could not duplicate. errno must be that of target_duplicate(). Returns EGRESS_CONTINUE if the kernel denies ptrace access (EPERM) before the first allowed connection. Otherwise refuses the call and returns EGRESS_ANSWERED. */
static enum egress_decision deny_inaccessible(const struct egress_call *call)
{
	/* Before the first allowed connection, the phase has no socket of the host's network, so the call can do no harm. Let the kernel continue it, and make no connections for the phase from now on. */
	if (errno == EPERM && !call->egress->connected) {
		char reason[96];
		const char *name = target_program(&call->target)->comm;
		snprintf(reason, sizeof reason, "confine cannot access the file descriptors of %s", *name == '\0' ? "an unknown program" : name);
		disable(call->egress, reason);
		return EGRESS_CONTINUE;
	}
	return answer(call, errno == EBADF ? EBADF : errno == EPERM ? EACCES
								    : EAGAIN);
}

enum egress_decision egress_handle(struct egress_call *call, const struct request *request)
{
	struct stat status;
	call->egress->descriptors_are_shared = call->egress->descriptors_are_shared || request->call == CALL_CLONE;
	bool is_restricted = request->call == CALL_CONNECT || request->call == CALL_LISTEN || request->call == CALL_BIND || request->is_socketcall;
	if (!is_restricted)
		return EGRESS_CONTINUE;
	if (call->egress->route != ROUTE_DIRECT && call->egress->route != ROUTE_SOCKS)
		return EGRESS_CONTINUE;
	call->socket = target_duplicate(&call->target, call->fd);
	if (call->socket < 0)
		return deny_inaccessible(call);
	/* Stop here if the descriptor is not a socket, because fstat(2) below could then wait forever for a FUSE server. */
	if (socket_family(call->socket) < 0)
		return answer(call, ENOTSOCK);
	call->inode = fstat(call->socket, &status) == 0 ? status.st_ino : 0;
	/* Set the protocol to tcp, because egress.c logs call->to only for TCP sockets. */
	memcpy(call->to.protocol, "tcp", sizeof "tcp");
	enum egress_decision default_decision = emulate_is_needed(call, request) ? EGRESS_EMULATE : EGRESS_CONTINUE;
	bool on_host_network = host_network_has(call->egress, call->socket);
	switch (request->call) {
	case CALL_CONNECT:
		return handle_connect(call, request, on_host_network, default_decision);
	case CALL_LISTEN:
		/* Refuse listen(2) on a socket of the host's network, because the phase must not accept connections from that network. */
		return on_host_network ? answer(call, EACCES) : default_decision;
	case CALL_BIND:
		/* A bind(2) need not be emulated. If another thread replaces the socket by one of the host's network before the kernel continues the call, the phase binds a port of the host but cannot listen on it. */
		return on_host_network ? answer(call, EACCES) : EGRESS_CONTINUE;
	default:
		return default_decision;
	}
}
