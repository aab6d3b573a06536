#include "egress/tcp.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

static int ask(int fd, int level, int name)
{
	int value;
	socklen_t size = sizeof value;
	return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

bool tcp_is(int fd)
{
	int protocol = ask(fd, SOL_SOCKET, SO_PROTOCOL);
	/* One of IPPROTO_MPTCP is content with less. */
	return ask(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/* One of TCP_ESTABLISHED..., 0 where it can't be had. */
static int state_of(int fd)
{
	unsigned char state = 0;
	socklen_t size = sizeof state;
	/* It is what tcp_info begins with. */
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 ? state : 0;
}

bool tcp_is_idle(int fd)
{
	return state_of(fd) == TCP_CLOSE;
}

/* A connect that failed leaves the name that it had. So: can it be bound, to nothing? */
static bool can_be_bound(int fd, int family)
{
	static const int on = 1;
	union address any = {.any.sa_family = (sa_family_t)family};
	int before = ask(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	if (before < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
		return false;
	bool can = bind(fd, &any.any, sizeof any) == 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof before);
	return can;
}

bool tcp_is_bound(int fd)
{
	static const unsigned char none[16];
	union address own = {0};
	socklen_t size = sizeof own;
	if (getsockname(fd, &own.any, &size) != 0)
		return true;
	bool six = own.any.sa_family == AF_INET6;
	/* The port is where IPv4's is. */
	bool named = own.in6.sin6_port != 0 ||
		     (six ? memcmp(&own.in6.sin6_addr, none, 16) != 0 : own.in.sin_addr.s_addr != 0);
	return named && !can_be_bound(fd, own.any.sa_family);
}

socklen_t tcp_address(const struct destination *to, int family, union address *address)
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

int tcp_family(int fd)
{
	return ask(fd, SOL_SOCKET, SO_DOMAIN);
}

long long tcp_patience(int fd)
{
	struct timeval time = {0};
	socklen_t size = sizeof time;
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &size);
	return time.tv_sec * 1000000LL + time.tv_usec;
}
