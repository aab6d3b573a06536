/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of permitted socket options (for a phase with an allow-list or the network filter), ioctls (with an allow-list) and protocols (with
 * the network filter). Such a phase may have sockets of the host's network, and some options could change where a connection leads: IPV6_RTHDR
 * routes packets through a host that is not allowed, and SO_BINDTODEVICE sends them over another interface.
 */
#pragma once

#include "util/base.h"

/* The permitted socket options of one level, which is the second argument of setsockopt(2). */
struct permitted_level {
	uint32_t level;
	const uint32_t *names;
	size_t count;
	size_t copied; /* number of options at the start of names; socket_copy_options() copies only these when the watcher replaces a program's socket by a new one */
	int family;    /* address family of the sockets that have options of this level; 0: any family */
};

/* The option levels of a TCP socket. At all other levels setsockopt(2) of a TCP socket fails, so they need no restriction. Only the option TCP_ULP can add a level. It is not permitted. */
extern const struct permitted_level permitted_levels[];
extern const size_t permitted_levels_count;

/* The permitted ioctls of the types 0x89 (sockets) and 0x8B (wireless devices). ioctls of other types are not restricted. */
extern const uint32_t permitted_ioctls[];
extern const size_t permitted_ioctls_count;

/* The permitted protocols of internet sockets. SCTP is not permitted, because an SCTP socket can connect by setsockopt(2), whose address the watcher does not check. */
extern const uint32_t permitted_protocols[];
extern const size_t permitted_protocols_count;

/* Returns true if socket(2) with these arguments is permitted: the socket is not an internet socket, or it has a permitted protocol and is not of type SOCK_SEQPACKET. */
bool socket_permits_protocol(int family, int type, uint32_t protocol);

/* Returns true if setsockopt(2) with this level and option name is permitted: permitted_levels has the option, or does not have the level at all. */
bool socket_permits(uint32_t level, uint32_t name);
