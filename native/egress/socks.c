// SPDX-License-Identifier: GPL-2.0-or-later
/* Connects through a SOCKS5 proxy. If possible, the watcher duplicates the proxy's TCP socket for the phase (takes it over), so that the proxy need not relay the data. */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "egress/egress_internal.h"
#include "util/fds.h"
#include "util/process.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* defined in the headers of Linux 6.5 and later (include/uapi/asm-generic/socket.h) */
#endif

/* Values in the messages to a SOCKS proxy: the number of offered authentication methods, and the command CONNECT (RFC 1928, 3 and 4). */
enum { METHODS = 1,
       CONNECT = 1 };

/* Connects to the proxy and sends, in one message, the offer of the method "no authentication" and the CONNECT request. Returns the socket, or -1 and sets errno. */
static int connect_to_proxy(const char *path, const struct destination *to)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool six = to->family == AF_INET6;
	unsigned char request[32] = {SOCKS_VERSION, METHODS, SOCKS_NO_AUTHENTICATION, SOCKS_VERSION, CONNECT, 0, six ? SOCKS_IPV6 : SOCKS_IPV4};
	uint16_t port = htons(to->port);
	size_t size = six ? 16 : 4, head = 7, length = head + size + sizeof port;
	memcpy(request + head, to->address, size);
	memcpy(request + head + size, &port, sizeof port);
	errno = ENAMETOOLONG;
	if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && send(fd, request, length, MSG_NOSIGNAL) == (ssize_t)length)
		return fd;
	close_fd(fd);
	return -1;
}

/* Returns a pidfd of the proxy process, or -1 on failure. Tries SO_PEERPIDFD first, because it works even if the proxy is in another PID namespace. */
static int open_proxy_pidfd(int proxy)
{
	int pidfd = -1;
	socklen_t size = sizeof pidfd;
	if (getsockopt(proxy, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	struct ucred peer = {0};
	size = sizeof peer;
	if (getsockopt(proxy, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

static bool has_address(int fd, int (*get_name)(int, struct sockaddr *, socklen_t *), const struct destination *wanted)
{
	union socket_address name;
	struct destination address;
	socklen_t size = sizeof name;
	return get_name(fd, &name.any, &size) == 0 && destination_read(&address, &name, size, false) && destination_equals(&address, wanted);
}

/* The search among the proxy's descriptors ends after this number of unused descriptor numbers in a row. So long a gap is rare, because the kernel assigns the lowest unused number. */
enum { FREE_NUMBERS = 256 };

/* Duplicates the TCP socket with this local and this peer address from the process to which pidfd refers. Returns -1 if the process has no such socket, or if the kernel denies access to its descriptors. */
static int duplicate_connection(int pidfd, const struct destination *local, const struct destination *peer)
{
	for (int number = 0, unused = 0; unused < FREE_NUMBERS; number++) {
		int fd = process_duplicate_descriptor(pidfd, number);
		if (fd >= 0 && socket_is_tcp(fd) && has_address(fd, getsockname, local) && has_address(fd, getpeername, peer))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (errno != EBADF)
			return -1;
		unused = fd >= 0 ? 0 : unused + 1;
	}
	return -1;
}

/* Duplicates the proxy's TCP socket, whose local address is in the reply. Needs ptrace access to the proxy (ptrace(2)), and Linux 6.5 (SO_PEERPIDFD) or the PID namespace of the proxy. Returns -1 on failure, and if the socket is not in the same network as earlier ones (host_network_set()). */
static int take_over(const struct pending_call *pending)
{
	struct destination local = socks_reply_address(pending->exchange.reply);
	AUTO_CLOSE int pidfd = open_proxy_pidfd(pending->source.fd);
	int fd = pidfd < 0 ? -1 : duplicate_connection(pidfd, &local, &pending->call.to);
	if (fd < 0 || host_network_set(pending->call.egress, fd))
		return fd;
	close(fd);
	return -1;
}

/* Returns true if the proxy has read no data from its TCP socket: all bytes that the server has sent are still unread. Returns false if the proxy has read some, or if this is unknown. */
static bool has_all_data(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	int unread = 0;
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
	       ioctl(fd, FIONREAD, &unread) == 0 && info.tcpi_bytes_received == (uint64_t)unread;
}

/* Ends the pending call and closes exchange.taken and call.socket. error: 0: the socket result replaces that of the phase; an errno: the call fails with it; CALL_PENDING: sends no answer, because the call has ended or is pending again. Always returns false, so that a pending_handler that returns this value removes the call. */
static bool finish(struct pending_call *pending, int result, int error)
{
	if (error != CALL_PENDING)
		connect_end_socks(&pending->call, result, error);
	close_fd(pending->exchange.taken);
	close(pending->call.socket);
	return false;
}

/* Returns true until the proxy has closed its connection to the watcher, then answers the call and returns false. The proxy closes it because the watcher has shut down its own end for writing (read_reply()). */
static bool read_end(struct pending_call *pending)
{
	char byte;
	ssize_t got = recv(pending->source.fd, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got == 0 && has_all_data(pending->exchange.taken))
		return finish(pending, pending->exchange.taken, 0);
	/* The proxy may have read data of the server, which would be lost. So request a new connection, and let the proxy relay its data. */
	return finish(pending, -1, socks_connect(&pending->call, true));
}

/* Reads the proxy's reply and no byte more, because the bytes after it are data for the program of the phase. Then takes over the proxy's TCP socket if possible. Returns true to keep the call pending, false after finish(). */
static bool read_reply(struct pending_call *pending)
{
	struct socks_exchange *exchange = &pending->exchange;
	int proxy = pending->source.fd;
	size_t length;
	while (exchange->got < (length = socks_reply_length(exchange->reply, exchange->got))) {
		ssize_t got = recv(proxy, exchange->reply + exchange->got, length - exchange->got, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0)
			return finish(pending, -1, ECONNREFUSED);
		exchange->got += (size_t)got;
	}
	int error = socks_reply_error(exchange->reply);
	if (error == 0 && !exchange->relay)
		exchange->taken = take_over(pending);
	if (exchange->taken >= 0)
		return shutdown(proxy, SHUT_WR) == 0;
	return finish(pending, error == 0 ? proxy : -1, error);
}

static bool handle_event(struct pending_call *pending, enum pending_event event)
{
	switch (event) {
	case PENDING_READY:
		return pending->exchange.taken >= 0 ? read_end(pending) : read_reply(pending);
	case PENDING_TIMEOUT:
		return finish(pending, -1, EINPROGRESS);
	case PENDING_SIGNAL:
		/* Ignore the signal if the target's socket is nonblocking, because no signal interrupts connect(2) on such a socket. */
		return !socket_is_blocking(pending->call.socket) || finish(pending, -1, pending->interrupted);
	case PENDING_GONE:
		break;
	}
	return finish(pending, -1, CALL_PENDING);
}

int socks_connect(const struct egress_call *call, bool relay)
{
	int fd = connect_to_proxy(call->egress->socks, &call->to);
	if (fd < 0)
		return errno == EAGAIN || errno == EMFILE ? EAGAIN : ENETUNREACH;
	struct egress_call later = *call;
	later.socket = dup(call->socket);
	struct pending_call *pending = later.socket < 0 ? NULL : pending_add(&later, fd, EPOLLIN, true, handle_event);
	if (pending != NULL) {
		pending->exchange = (struct socks_exchange){.taken = -1, .relay = relay};
		return CALL_PENDING;
	}
	close_fd(later.socket);
	close(fd);
	return EAGAIN;
}
