/* Where a phase may connect to: the list that --allow gives. */
#ifndef ALLOW_H
#define ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ALLOW_ENTRIES = 64,
	ALLOW_NAMES = 64, /* pairs of a name and an address */
};

struct allow_entry {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
	unsigned bits; /* how many of them count */
	uint16_t port;
};

struct allow_name {
	const char *name; /* not terminated: length bytes, as it was given */
	size_t length;
	int family;
	unsigned char address[16];
};

struct allow {
	struct allow_entry entries[ALLOW_ENTRIES];
	size_t count;
	struct allow_name names[ALLOW_NAMES];
	size_t name_count;
};

/*
 * Reads ADDRESS:PORT, ADDRESS/BITS:PORT, [IPV6]:PORT or [IPV6]/BITS:PORT. Host names are none of confine's business: who
 * calls it has resolved them. Returns false for anything else, and for a port of 0.
 */
bool allow_parse(const char *text, struct allow_entry *entry);

/* Reads HOST=ADDRESS. */
bool allow_parse_name(const char *text, struct allow_name *name);

/* Whether an entry names nothing but loopback: 127/8 or a part of it, or ::1. */
bool allow_is_loopback(const struct allow_entry *entry);

/*
 * Whether the list names that place; an address of 127/8, or ::1, only where an entry lies in there as a whole, and the
 * unspecified addresses never, however wide an entry is. family is AF_INET for an IPv4 address in IPv6's clothes.
 */
bool allow_has(const struct allow *allow, int family, const unsigned char address[16], uint16_t port);

#endif
