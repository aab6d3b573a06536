#include "egress/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "egress/pending.h"
#include "egress/socks_reply.h"
#include "egress/socks_takeover.h"
#include "egress/tcp.h"

/* RFC 1928, 3 and 4 */
enum { METHODS = 1,
       CONNECT = 1 };

/* One request, from the first byte to the last of the answer, by the descriptor of the connection to the proxy. */
struct exchange {
	const char *path;
	socks_done *done;
	unsigned char reply[SOCKS_REPLY];
	size_t got;
	int taken;  /* the proxy's own socket, -1: not yet */
	bool relay; /* which is left to it */
};

enum { MOST = 4096 };
static struct exchange *exchanges[MOST];

/* All that there is to say, at once: who asks for no authentication need not wait for the answer to that. */
static size_t write_request(const struct destination *to, unsigned char request[32])
{
	size_t size = to->family == AF_INET ? 4 : 16;
	const unsigned char head[] = {SOCKS_VERSION, METHODS, SOCKS_NO_AUTHENTICATION, SOCKS_VERSION, CONNECT, 0,
				      to->family == AF_INET ? SOCKS_IPV4 : SOCKS_IPV6};
	uint16_t port = htons(to->port);
	memcpy(request, head, sizeof head);
	memcpy(request + sizeof head, to->address, size);
	memcpy(request + sizeof head + size, &port, sizeof port);
	return sizeof head + size + sizeof port;
}

static int call_proxy(const char *path, const struct destination *to)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	unsigned char request[32];
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ssize_t length = (ssize_t)write_request(to, request);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    send(fd, request, (size_t)length, MSG_NOSIGNAL) == length)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int ask(const char *path, const struct egress_call *call, socks_done *done, bool relay);

/* What is over is over; returns false, for pending_add(). */
static bool end(const struct egress_call *call, int fd, int result, int error)
{
	struct exchange *exchange = exchanges[fd];
	exchanges[fd] = NULL;
	if (error >= 0)
		exchange->done(call, result, error);
	if (exchange->taken >= 0)
		close(exchange->taken);
	free(exchange);
	close(call->socket);
	return false;
}

/* The proxy has let go of its socket, which it closes when we end ours. */
static bool hear_end(const struct egress_call *call, int fd)
{
	struct exchange *exchange = exchanges[fd];
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got == 0 && socks_takeover_is_complete(exchange->taken))
		return end(call, fd, exchange->taken, 0);
	/* The other end speaks first, and the proxy has heard some of it: once more, and that one stays between. */
	struct egress_call again = *call;
	again.socket = dup(call->socket);
	int error = again.socket < 0 ? errno : ask(exchange->path, &again, exchange->done, true);
	if (error != 0 && again.socket >= 0)
		close(again.socket);
	return end(call, fd, -1, error == 0 ? -1 : error);
}

/* The answer names the address that the proxy's socket has. */
static int take(const struct exchange *exchange, const struct egress_call *call, int fd)
{
	struct destination here = socks_reply_address(exchange->reply);
	union address own, peer;
	tcp_address(&here, here.family, &own);
	tcp_address(&call->to, call->to.family, &peer);
	return socks_takeover(fd, &own, &peer);
}

/* Not a byte more than the answer: what follows is for who asked. */
static bool hear(const struct egress_call *call, int fd)
{
	struct exchange *exchange = exchanges[fd];
	size_t length;
	while (exchange->got < (length = socks_reply_length(exchange->reply, exchange->got))) {
		ssize_t got = recv(fd, exchange->reply + exchange->got, length - exchange->got, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0)
			return end(call, fd, -1, ECONNREFUSED);
		exchange->got += (size_t)got;
	}
	int error = socks_reply_error(exchange->reply);
	if (error == 0 && !exchange->relay)
		exchange->taken = take(exchange, call, fd);
	if (exchange->taken >= 0)
		return shutdown(fd, SHUT_WR) == 0;
	return end(call, fd, error == 0 ? fd : -1, error);
}

static bool go_on(const struct egress_call *call, int fd, enum held_end how)
{
	bool waits = (fcntl(call->socket, F_GETFL) & O_NONBLOCK) == 0;
	switch (how) {
	case HELD_READY:
		return exchanges[fd]->taken >= 0 ? hear_end(call, fd) : hear(call, fd);
	case HELD_OVER:
		return end(call, fd, -1, EINPROGRESS);
	case HELD_SIGNAL:
		/* Who would not wait for the connection is not interrupted in it either. */
		return !waits || end(call, fd, -1, call->interrupted);
	case HELD_GONE:
		break;
	}
	return end(call, fd, -1, -1);
}

static int ask(const char *path, const struct egress_call *call, socks_done *done, bool relay)
{
	int fd = call_proxy(path, &call->to);
	if (fd < 0)
		return errno == EAGAIN || errno == EMFILE ? EAGAIN : ENETUNREACH;
	struct exchange *exchange = fd < MOST ? calloc(1, sizeof *exchange) : NULL;
	if (exchange != NULL && pending_add(call, fd, POLLIN, tcp_patience(call->socket), go_on)) {
		*exchange = (struct exchange){.path = path, .done = done, .taken = -1, .relay = relay};
		exchanges[fd] = exchange;
		return 0;
	}
	free(exchange);
	close(fd);
	return EAGAIN;
}

int socks_begin(const char *path, const struct egress_call *call, socks_done *done)
{
	struct egress_call later = *call;
	later.socket = dup(call->socket);
	later.interrupted = pending_interrupted(call->socket);
	int error = later.socket < 0 ? EAGAIN : ask(path, &later, done, false);
	if (error != 0 && later.socket >= 0)
		close(later.socket);
	return error;
}
