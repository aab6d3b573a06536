#include "socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EXCHANGES = 128,
       WHOSE = 128 };
/* RFC 1928, 3 to 6 */
enum { VERSION = 5,
       METHODS = 1,
       NO_AUTHENTICATION = 0,
       CONNECT = 1,
       IPV4 = 1,
       IPV6 = 4,
       METHOD_REPLY = 2,
       HEADER = 4,
       PORT = 2 };

/* One request, from the first byte to the last of the answer. */
struct exchange {
	int fd; /* 0: none */
	unsigned char reply[METHOD_REPLY + HEADER + 16 + PORT];
	size_t got;
	socks_done *done;
	_Alignas(16) unsigned char whose[WHOSE];
};

static struct exchange exchanges[EXCHANGES];
static int events = -1;

int socks_open(void)
{
	events = epoll_create1(EPOLL_CLOEXEC);
	return events;
}

/* All that there is to say, at once: who asks for no authentication need not wait for the answer to that. */
static size_t write_request(const struct destination *to, unsigned char request[32])
{
	size_t size = to->family == AF_INET ? 4 : 16;
	const unsigned char head[] = {VERSION, METHODS, NO_AUTHENTICATION, VERSION, CONNECT, 0, to->family == AF_INET ? IPV4 : IPV6};
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

int socks_begin(const char *path, const struct destination *to, socks_done *done, const void *whose, size_t whose_size)
{
	struct exchange *exchange = NULL;
	for (size_t i = 0; i < EXCHANGES && exchange == NULL; i++)
		if (exchanges[i].fd == 0)
			exchange = &exchanges[i];
	if (exchange == NULL || whose_size > sizeof exchange->whose)
		return EAGAIN;
	int fd = call_proxy(path, to);
	if (fd < 0)
		return errno == EAGAIN || errno == EMFILE ? EAGAIN : ENETUNREACH;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = exchange};
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0) {
		close(fd);
		return EAGAIN;
	}
	*exchange = (struct exchange){.fd = fd, .done = done};
	memcpy(exchange->whose, whose, whose_size);
	return 0;
}

/* How long the answer is, as far as that is known. */
static size_t expected(const struct exchange *exchange)
{
	if (exchange->got < METHOD_REPLY + HEADER)
		return METHOD_REPLY + HEADER;
	return METHOD_REPLY + HEADER + PORT + (exchange->reply[METHOD_REPLY + 3] == IPV6 ? 16 : 4);
}

/* The proxy's word for what went wrong, as connect(2) has it. */
static int error_of(const unsigned char *reply)
{
	static const int errors[] = {[1] = ECONNREFUSED, [2] = EACCES, [3] = ENETUNREACH, [4] = EHOSTUNREACH, [5] = ECONNREFUSED, [6] = ETIMEDOUT};
	unsigned code = reply[METHOD_REPLY + 1];
	if (reply[0] != VERSION || reply[1] != NO_AUTHENTICATION || reply[METHOD_REPLY] != VERSION)
		return EPROTO;
	if (code == 0)
		return 0;
	return code < sizeof errors / sizeof *errors ? errors[code] : ECONNREFUSED;
}

static void end(struct exchange *exchange, int error)
{
	int fd = exchange->fd;
	exchange->fd = 0;
	exchange->done(exchange->whose, error == 0 ? fd : -1, error);
	close(fd);
}

/* Not a byte more than the answer: what follows is for who asked. */
static void hear(struct exchange *exchange)
{
	while (exchange->got < expected(exchange)) {
		ssize_t got = recv(exchange->fd, exchange->reply + exchange->got, expected(exchange) - exchange->got, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			end(exchange, ECONNREFUSED);
			return;
		}
		exchange->got += (size_t)got;
	}
	epoll_ctl(events, EPOLL_CTL_DEL, exchange->fd, NULL);
	end(exchange, error_of(exchange->reply));
}

void socks_serve(void)
{
	struct epoll_event ready[16];
	int count = epoll_wait(events, ready, 16, 0);
	for (int i = 0; i < count; i++)
		hear(ready[i].data.ptr);
}
