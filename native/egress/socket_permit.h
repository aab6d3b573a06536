/*
 * The socket options and ioctls that a phase with an allow-list may use. A socket of the host's network is in its hands, and some options
 * lead a connection elsewhere: IPV6_RTHDR through a host that is not listed, SO_BINDTODEVICE over another link.
 */
#ifndef SOCKET_PERMIT_H
#define SOCKET_PERMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One level of setsockopt(2) and the options of it that are permitted. */
struct permitted_level {
	uint32_t level;
	const unsigned char *names;
	size_t count;
};

/* Every level that a TCP socket has. It answers ENOPROTOOPT to any other, except for those that an option here would bring. */
extern const struct permitted_level permitted_levels[];
extern const size_t permitted_levels_count;

/* The ioctls of 0x89 and 0x8B, the types of sockets and of wireless devices, that are permitted. Other types are not restricted. */
extern const uint32_t permitted_ioctls[];
extern const size_t permitted_ioctls_count;

/* True if the option is permitted or the level is not one of permitted_levels. */
bool socket_permits(uint32_t level, uint32_t name);

#endif
