#include "egress/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* Linux 5.14 (include/uapi/asm-generic/socket.h) */
#endif
enum { SEND_BUFFER_LOCKED = 1,
       RECEIVE_BUFFER_LOCKED = 2 };

union value {
	int number;
	struct linger linger;
	struct timeval time;
	char bytes[16];
};

/*
 * What programs set before they connect; each costs a question a connection. Not TCP_FASTOPEN_CONNECT, with which there
 * would be no connection to hand over; nor what only makes sense on the way in, or is set after the connect.
 */
static const struct {
	int level, name;
	int family; /* 0: both */
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

struct had {
	union value value;
	socklen_t size; /* 0: this kernel has none */
};

static struct had ask(int socket, size_t option)
{
	struct had had = {.size = sizeof had.value};
	if (getsockopt(socket, options[option].level, options[option].name, &had.value, &had.size) != 0)
		had.size = 0;
	return had;
}

/* Asked once a family, of a socket on which nothing has been set yet. */
static const struct had *defaults(int socket, int family)
{
	static struct had known[2][OPTIONS];
	static bool asked[2];
	int which = family == AF_INET6;
	for (size_t i = 0; i < OPTIONS && !asked[which]; i++)
		if (options[i].family == 0 || options[i].family == family)
			known[which][i] = ask(socket, i);
	asked[which] = true;
	return known[which];
}

/* The kernel tells twice of what was asked for (socket(7), SO_RCVBUF). */
static void copy_buffer(int from, int to, int name)
{
	int size;
	socklen_t length = sizeof size;
	if (getsockopt(from, SOL_SOCKET, name, &size, &length) != 0)
		return;
	size /= 2;
	setsockopt(to, SOL_SOCKET, name, &size, sizeof size);
}

/* One that nobody set must stay unset: the kernel would not adapt it to the connection any more. */
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

void socket_options_copy(int from, int to, int family, bool fresh)
{
	const struct had *known = fresh ? defaults(to, family) : NULL;
	copy_buffers(from, to);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (options[i].family != 0 && options[i].family != family)
			continue;
		struct had has = fresh ? known[i] : ask(to, i), had = {0};
		if (has.size > 0)
			had = ask(from, i);
		if (had.size > 0 && had.size == has.size && memcmp(&had.value, &has.value, had.size) != 0)
			setsockopt(to, options[i].level, options[i].name, &had.value, had.size);
	}
}
