/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internet addresses with a port and a protocol, and their conversion from and to socket addresses. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/base.h"

enum { DNS_PORT = 53 };

struct destination {
	int family;		   /* address family, AF_INET or AF_INET6; an IPv4-mapped IPv6 address is stored as AF_INET */
	unsigned char address[16]; /* IP address in network byte order; an IPv4 address is in the first 4 bytes, and the other 12 are 0 */
	uint16_t port;
	char protocol[12]; /* name of the protocol: "tcp", "udp"...; "" if it is unknown */
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage whole;
};

/*
 * Converts a socket address of length bytes to a destination; an IPv4-mapped address becomes AF_INET. sending: true for the address of a datagram, where
 * AF_UNSPEC means AF_INET; false for the address of connect(2), where AF_UNSPEC is no destination. Returns false if the address is no internet address.
 */
bool destination_read(struct destination *to, const union socket_address *address, size_t length, bool sending);

/* Stores the local address and port of the socket fd in own. Returns false if fd is not an internet socket. */
bool destination_of_socket(struct destination *own, int fd);

/* Converts a destination to an address for a socket of this family. For AF_INET6, an IPv4 address becomes IPv4-mapped. Returns the length of the address in bytes. */
socklen_t destination_write(const struct destination *to, int family, union socket_address *address);

/* Returns true if both destinations have the same family, address and port. Ignores the protocol. */
bool destination_equals(const struct destination *a, const struct destination *b);

/* Returns true if the address is 0.0.0.0 or ::. */
bool destination_is_unspecified(const struct destination *to);

/* Returns true if the address is in 127/8 or is ::1, 0.0.0.0 or ::. connect(2) treats the last two as loopback. */
bool destination_is_loopback(const struct destination *to);
