/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The destinations to which a phase may connect (--allow), and the names that it may resolve (--resolve). */
#ifndef ALLOW_H
#define ALLOW_H

#include "util/base.h"

enum {
	ALLOW_ENTRIES = 64, /* maximum number of --allow options; a further one is an error */
	ALLOW_NAMES = 64,   /* maximum number of --resolve options; a further one is an error */
	ALLOW_SOCKETS = 64, /* maximum number of --allow-socket options; a further one is an error */
};

struct allow_entry {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
	unsigned bits; /* prefix length: number of leading bits of the address that a destination must have */
	uint16_t port;
};

struct allow_name {
	const char *name; /* HOST in the text of --resolve: length bytes, not NUL-terminated */
	size_t length;
	int family;
	unsigned char address[16];
};

struct allow {
	struct allow_entry entries[ALLOW_ENTRIES];
	size_t count;
	struct allow_name names[ALLOW_NAMES];
	size_t name_count;
	const char *sockets[ALLOW_SOCKETS]; /* paths of the UNIX sockets of the host that the phase may use (--allow-socket) */
	size_t socket_count;
};

/*
 * Parses ADDRESS:PORT, ADDRESS/BITS:PORT, [IPV6]:PORT or [IPV6]/BITS:PORT. Returns false for port 0 and for any other text, such as a host
 * name, which the caller of confine has to resolve.
 */
bool allow_parse(const char *text, struct allow_entry *entry);

/* Parses HOST=ADDRESS. Returns false for other text. */
bool allow_parse_name(const char *text, struct allow_name *name);

/*
 * Returns true if --allow permits this destination. A loopback address must match an entry that contains only loopback addresses, so that
 * 0.0.0.0/0 does not permit services of this host. An unspecified address is never permitted. For an IPv4-mapped address, family is AF_INET.
 */
bool allow_has(const struct allow *allow, int family, const unsigned char address[16], uint16_t port);

#endif
