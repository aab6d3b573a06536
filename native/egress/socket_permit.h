/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket options that a phase with an allow-list or with the network filter may use, the ioctls of the former and the protocols of the
 * latter. The phase has sockets of the host's network, and some options could change where a connection leads: IPV6_RTHDR routes it
 * through a host that is not allowed, SO_BINDTODEVICE over another link.
 */
#ifndef SOCKET_PERMIT_H
#define SOCKET_PERMIT_H

#include "util/base.h"

/* The permitted options of one level of setsockopt(2). */
struct permitted_level {
	uint32_t level;
	const unsigned char *names;
	size_t count;
	size_t copied; /* socket_copy_options() copies the options names[0] to names[copied - 1] to a new socket */
	int family;    /* family of the sockets that have this level; 0: any family */
};

/* The option levels that a TCP socket has. At other levels setsockopt(2) fails with ENOPROTOOPT. Only TCP_ULP can add a level, and it is not permitted. */
extern const struct permitted_level permitted_levels[];
extern const size_t permitted_levels_count;

/* The permitted ioctls of types 0x89 (sockets) and 0x8B (wireless devices). Other types are not restricted. */
extern const uint32_t permitted_ioctls[];
extern const size_t permitted_ioctls_count;

/* The permitted protocols of internet sockets. SCTP is missing, because its sockets can connect by setsockopt(2). */
extern const uint32_t permitted_protocols[];
extern const size_t permitted_protocols_count;

/* Returns true if socket(2) with these arguments creates no internet socket, or one of a permitted protocol. */
bool socket_permits_protocol(int family, int type, uint32_t protocol);

/* Returns true if the option is permitted or the level is not one of permitted_levels. */
bool socket_permits(uint32_t level, uint32_t name);

#endif
