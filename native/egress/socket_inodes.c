#include "egress/socket_inodes.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 (include/uapi/asm-generic/socket.h) */
#endif

/* The host's, as the kernel calls it; 0: none yet. */
static uint64_t network;

static uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool socket_inodes_add(int fd)
{
	if (network == 0)
		network = network_of(fd);
	return socket_inodes_has(fd);
}

bool socket_inodes_open(void)
{
	int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (own < 0)
		return false;
	bool known = socket_inodes_add(own);
	close(own);
	return known;
}

bool socket_inodes_has(int fd)
{
	return network != 0 && network_of(fd) == network;
}

int socket_inodes_open_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
}
