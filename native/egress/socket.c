/* Properties, options and networks of sockets. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "egress/internal.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 (include/uapi/asm-generic/socket.h) */
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* Linux 5.14 */
#endif
enum { SEND_BUFFER_LOCKED = 1,
       RECEIVE_BUFFER_LOCKED = 2 };

int socket_option(int fd, int level, int name)
{
	int value;
	socklen_t size = sizeof value;
	return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

bool socket_is_tcp(int fd)
{
	int protocol = socket_option(fd, SOL_SOCKET, SO_PROTOCOL);
	/* The watcher replaces an MPTCP socket by a TCP socket. */
	return socket_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/* TCP_ESTABLISHED or another state; 0 if unknown. */
static int state_of(int fd)
{
	unsigned char state = 0;
	socklen_t size = sizeof state;
	/* It is the first byte of struct tcp_info. */
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 ? state : 0;
}

bool socket_is_idle(int fd)
{
	return state_of(fd) == TCP_CLOSE;
}

/* A failed connect leaves a local address without binding the socket. Only a bind, to the wildcard address, shows the difference. */
static bool can_be_bound(int fd, int family)
{
	static const int on = 1;
	union address any = {.any.sa_family = (sa_family_t)family};
	int before = socket_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	if (before < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
		return false;
	bool can = bind(fd, &any.any, sizeof any) == 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof before);
	return can;
}

bool socket_is_bound(int fd)
{
	static const unsigned char unspecified[16];
	union address own = {0};
	socklen_t size = sizeof own;
	if (getsockname(fd, &own.any, &size) != 0)
		return true;
	bool six = own.any.sa_family == AF_INET6;
	/* IPv4 has the port at the same place. */
	bool named = own.in6.sin6_port != 0 ||
		     (six ? memcmp(&own.in6.sin6_addr, unspecified, 16) != 0 : own.in.sin_addr.s_addr != 0);
	return named && !can_be_bound(fd, own.any.sa_family);
}

socklen_t socket_address(const struct destination *to, int family, union address *address)
{
	*address = (union address){0};
	address->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address->in.sin_port = htons(to->port);
		memcpy(&address->in.sin_addr, to->address, 4);
		return sizeof address->in;
	}
	unsigned char *bytes = address->in6.sin6_addr.s6_addr;
	address->in6.sin6_port = htons(to->port);
	if (to->family == AF_INET6) {
		memcpy(bytes, to->address, 16);
	} else {
		bytes[10] = bytes[11] = 0xFF;
		memcpy(bytes + 12, to->address, 4);
	}
	return sizeof address->in6;
}

int socket_family(int fd)
{
	return socket_option(fd, SOL_SOCKET, SO_DOMAIN);
}

long long socket_connect_timeout(int fd)
{
	struct timeval time = {0};
	socklen_t size = sizeof time;
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &size);
	return time.tv_sec * 1000000LL + time.tv_usec;
}

bool socket_is_blocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* The cookie of the host's network; 0: not set. */
static uint64_t host_network;

static uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool host_network_set(int fd)
{
	int own = fd < 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : fd;
	if (host_network == 0)
		host_network = network_of(own);
	bool is_host = host_network_has(own);
	if (fd < 0 && own >= 0)
		close(own);
	return is_host;
}

bool host_network_has(int fd)
{
	return host_network != 0 && network_of(fd) == host_network;
}

union value {
	int number;
	struct linger linger;
	struct timeval time;
	char bytes[16];
};

/*
 * Options that programs set before they connect. Each costs a system call per connection. TCP_FASTOPEN_CONNECT is missing because
 * it delays the connection; options for listening sockets and for connected sockets are missing too.
 */
static const struct {
	int level, name;
	int family; /* 0: AF_INET and AF_INET6 */
} options[] = {
	{SOL_SOCKET, SO_KEEPALIVE, 0},
	{SOL_SOCKET, SO_LINGER, 0},
	{SOL_SOCKET, SO_SNDTIMEO, 0},
	{SOL_SOCKET, SO_RCVTIMEO, 0},
	{SOL_SOCKET, SO_OOBINLINE, 0},
	{SOL_SOCKET, SO_PRIORITY, 0},
	{IPPROTO_TCP, TCP_NODELAY, 0},
	{IPPROTO_TCP, TCP_CORK, 0},
	{IPPROTO_TCP, TCP_KEEPIDLE, 0},
	{IPPROTO_TCP, TCP_KEEPINTVL, 0},
	{IPPROTO_TCP, TCP_KEEPCNT, 0},
	{IPPROTO_TCP, TCP_SYNCNT, 0},
	{IPPROTO_TCP, TCP_CONGESTION, 0},
	{IPPROTO_TCP, TCP_USER_TIMEOUT, 0},
	{IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0},
	{IPPROTO_IP, IP_TOS, AF_INET},
	{IPPROTO_IP, IP_TTL, AF_INET},
	{IPPROTO_IPV6, IPV6_V6ONLY, AF_INET6},
	{IPPROTO_IPV6, IPV6_TCLASS, AF_INET6},
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS, AF_INET6},
};
enum { OPTIONS = sizeof options / sizeof *options };

struct option_value {
	union value value;
	socklen_t size; /* 0: the kernel does not have this option */
};

static struct option_value read_option(int socket, size_t option)
{
	struct option_value read = {.size = sizeof read.value};
	if (getsockopt(socket, options[option].level, options[option].name, &read.value, &read.size) != 0)
		read.size = 0;
	return read;
}

/* The defaults of a family, read once from a fresh socket. */
static const struct option_value *default_options(int socket, int family)
{
	static struct option_value defaults[2][OPTIONS];
	static bool is_read[2];
	int index = family == AF_INET6;
	for (size_t i = 0; i < OPTIONS && !is_read[index]; i++)
		if (options[i].family == 0 || options[i].family == family)
			defaults[index][i] = read_option(socket, i);
	is_read[index] = true;
	return defaults[index];
}

/* getsockopt returns twice the value that was set (socket(7), SO_RCVBUF). */
static void copy_buffer(int from, int to, int name)
{
	int size;
	socklen_t length = sizeof size;
	if (getsockopt(from, SOL_SOCKET, name, &size, &length) != 0)
		return;
	size /= 2;
	setsockopt(to, SOL_SOCKET, name, &size, sizeof size);
}

/* A size that was not set must not be copied: it would turn off the kernel's automatic sizing. */
static void copy_buffers(int from, int to)
{
	int locked = 0;
	socklen_t length = sizeof locked;
	if (getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &locked, &length) != 0)
		return;
	if ((locked & SEND_BUFFER_LOCKED) != 0)
		copy_buffer(from, to, SO_SNDBUF);
	if ((locked & RECEIVE_BUFFER_LOCKED) != 0)
		copy_buffer(from, to, SO_RCVBUF);
}

void socket_copy_options(int from, int to, int family, bool fresh)
{
	const struct option_value *defaults = fresh ? default_options(to, family) : NULL;
	copy_buffers(from, to);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (options[i].family != 0 && options[i].family != family)
			continue;
		struct option_value current = fresh ? defaults[i] : read_option(to, i), wanted = {0};
		if (current.size > 0)
			wanted = read_option(from, i);
		if (wanted.size > 0 && wanted.size == current.size && memcmp(&wanted.value, &current.value, wanted.size) != 0)
			setsockopt(to, options[i].level, options[i].name, &wanted.value, wanted.size);
	}
}
