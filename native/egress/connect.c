// SPDX-License-Identifier: GPL-2.0-or-later
/* Connects sockets to allowed destinations in place of the phase. */
#include "egress/egress_internal.h"
#include "util/fds.h"

/* Connects the socket fd to the destination of the call. Returns 0 or an errno. If fd is nonblocking, successive calls return EINPROGRESS, then EALREADY, then 0 once when fd is connected and EISCONN later, or the errno of connecting when it has failed. */
static int connect_socket(const struct egress_call *call, int fd)
{
	union socket_address address;
	return connect(fd, &address.any, destination_write(&call->to, socket_family(fd), &address)) == 0 ? 0 : errno;
}

/* Replaces the target's socket by the watcher's socket fd. flags: file status flags that fd gets. error: result of connecting fd (0 or an errno). Returns error or, if the replacement fails with an errno other than EBADF, this errno. */
static int replace_and_return(const struct egress_call *call, int fd, int flags, int error)
{
	/* Ignore EBADF: another thread has closed the target's socket meanwhile, or the call has ended. Without confine too, connect(2) returns the result of connecting even if another thread closes the socket. */
	return replace_socket(call, fd, flags) || errno == EBADF ? error : errno;
}

static bool end_connect(struct pending_call *pending, enum pending_event event)
{
	const struct egress_call *call = &pending->call;
	int error = EINPROGRESS, fd = pending->source.fd;
	if (event == PENDING_GONE)
		return false;
	if (event == PENDING_SIGNAL)
		error = pending->interrupted;
	if (event == PENDING_READY)
		error = connect_socket(call, fd);
	bool failed = event == PENDING_READY && error != 0;
	call->egress->log->allowed_failed += failed;
	target_respond(&call->target, 0, failed ? error : replace_and_return(call, fd, 0, error), 0);
	return false;
}

int connect_and_replace(const struct egress_call *call, int family, int fd)
{
	bool blocking = socket_is_blocking(call->socket);
	socket_copy_options(call->egress, call->socket, fd, family);
	int error = connect_socket(call, fd);
	/* Call connect(2) once more, because a connection to a near host may be complete by now, so that the call need not become pending. */
	if (blocking && error == EINPROGRESS)
		error = connect_socket(call, fd);
	if (blocking && error == EALREADY) {
		int copy = dup(fd);
		if (copy >= 0 && pending_add(call, copy, EPOLLOUT, true, end_connect) != NULL)
			return CALL_PENDING;
		close_fd(copy);
		return EAGAIN;
	}
	if (blocking)
		return error == 0 ? replace_and_return(call, fd, 0, 0) : error;
	return (error == 0 || error == EINPROGRESS) && !replace_socket(call, fd, O_NONBLOCK) ? errno : error;
}

void connect_end_socks(const struct egress_call *call, int fd, int error)
{
	if (error == 0 && socket_is_tcp(fd)) {
		int family = socket_family(fd);
		socket_copy_options(NULL, call->socket, fd, family == socket_family(call->socket) ? family : 0);
		connect_socket(call, fd);
	}
	if (error == 0)
		error = replace_and_return(call, fd, socket_is_blocking(call->socket) ? 0 : O_NONBLOCK, 0);
	call->egress->log->allowed_failed += error != 0;
	target_respond(&call->target, 0, error, 0);
}
