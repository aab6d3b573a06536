/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a phase may use: destinations (--allow), names that it may resolve (--resolve), UNIX sockets and socket families (--families). */
#pragma once

#include <sys/socket.h>

#include "util/destination.h"

enum {
	ALLOW_ENTRIES = 64, /* maximum number of --allow options; a further one is an error */
	ALLOW_NAMES = 64,   /* maximum number of --resolve options; a further one is an error */
	ALLOW_SOCKETS = 64, /* maximum number of --allow-socket options; a further one is an error */
};

struct allow_entry {
	struct destination to;
	unsigned bits; /* prefix length: number of leading bits of the address that a destination must have */
};

struct allow_name {
	const char *name; /* HOST in the text of --resolve: length bytes, not NUL-terminated */
	size_t length;
	struct destination to; /* address with which DNS queries for the name are answered; the port is 0 */
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
 * Parses ADDRESS:PORT, ADDRESS/BITS:PORT, [IPV6]:PORT or [IPV6]/BITS:PORT. Returns false for port 0, an IPv4-mapped address and any other text, such as a
 * host name, which the process that starts confine has to resolve.
 */
bool allow_parse(const char *text, struct allow_entry *entry);

/* Parses HOST=ADDRESS. name then points into text. Returns false for other text. */
bool allow_parse_name(const char *text, struct allow_name *name);

/*
 * Returns true if --allow permits this destination. A loopback address must match an entry that contains only loopback addresses, so that
 * 0.0.0.0/0 does not permit services of this host. An unspecified address is never permitted.
 */
bool allow_has(const struct allow *allow, const struct destination *to);

/* A set of socket families is a bit mask: bit N is 1 if the set contains the family whose AF_* constant is N. */
#define FAMILIES_BIT(family) (UINT64_C(1) << (family))
#define FAMILIES_ANY UINT64_MAX

/* Socket families permitted by default. Others need --families, because a network namespace does not isolate all: AF_VSOCK reaches the hypervisor. */
#define FAMILIES_DEFAULT (FAMILIES_BIT(AF_UNIX) | FAMILIES_BIT(AF_INET) | FAMILIES_BIT(AF_INET6) | FAMILIES_BIT(AF_NETLINK))

/* The bits of the second argument of socket(2) that contain the type (SOCK_TYPE_MASK in include/linux/net.h). Higher bits are flags. */
enum { FAMILIES_TYPE_MASK = 0xF };

/* Adds the families of a list of names such as "alg,vsock" to the set; "any" adds all families. Returns false for an unknown name. */
bool families_add(uint64_t *families, const char *names);

/* Returns true if the set permits a call of socket(2) with this family and type. */
bool families_permit(uint64_t families, uint64_t family, uint64_t type);
