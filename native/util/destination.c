// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/destination.h"

#include <arpa/inet.h>

bool destination_read(struct destination *to, const union socket_address *address, size_t length, bool sending)
{
	*to = (struct destination){0};
	/* In the address of a datagram, AF_UNSPEC means AF_INET (udp_sendmsg() in net/ipv4/udp.c). In the address of connect(2), AF_UNSPEC means "disconnect", so there is no destination. */
	bool inet = address->any.sa_family == AF_INET || (sending && address->any.sa_family == AF_UNSPEC);
	if (inet && length >= sizeof address->in) {
		to->family = AF_INET;
		memcpy(to->address, &address->in.sin_addr, 4);
		to->port = ntohs(address->in.sin_port);
		return true;
	}
	/* Accept an address of 24 bytes, a struct sockaddr_in6 without sin6_scope_id, because the kernel accepts it too (SIN6_LEN_RFC2133). */
	if (address->any.sa_family != AF_INET6 || length < 24)
		return false;
	const unsigned char *bytes = address->in6.sin6_addr.s6_addr;
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr);
	to->family = is_v4 ? AF_INET : AF_INET6;
	memcpy(to->address, is_v4 ? bytes + 12 : bytes, is_v4 ? 4 : 16);
	to->port = ntohs(address->in6.sin6_port);
	return true;
}

bool destination_of_socket(struct destination *own, int fd)
{
	union socket_address name;
	socklen_t size = sizeof name;
	return getsockname(fd, &name.any, &size) == 0 && destination_read(own, &name, size, false);
}

socklen_t destination_write(const struct destination *to, int family, union socket_address *address)
{
	*address = (union socket_address){0};
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

bool destination_equals(const struct destination *a, const struct destination *b)
{
	return a->family == b->family && a->port == b->port && memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool destination_is_unspecified(const struct destination *to)
{
	static const unsigned char unspecified[16];
	return memcmp(to->address, unspecified, sizeof unspecified) == 0;
}

bool destination_is_loopback(const struct destination *to)
{
	static const unsigned char loopback[16] = {[15] = 1};
	if (destination_is_unspecified(to))
		return true;
	return to->family == AF_INET ? to->address[0] == 127 : memcmp(to->address, loopback, sizeof loopback) == 0;
}
