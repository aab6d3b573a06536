// SPDX-License-Identifier: GPL-2.0-or-later
#include "privileged/dns_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "privileged/isolate.h"

static int open_socket(const struct name_server *server, int type)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} name = {0};
	bool six = server->family == AF_INET6;
	name.any.sa_family = (sa_family_t)server->family;
	/* This also sets the port of a struct sockaddr_in, which has it at the same offset. */
	name.in6.sin6_port = htons(DNS_PORT);
	memcpy(six ? (void *)&name.in6.sin6_addr : (void *)&name.in.sin_addr, server->address, six ? 16 : 4);
	int fd = socket(server->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* loopback_add_local() adds only a route for the address. bind(2) accepts such an IPv6 address only with this option. */
	setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_FREEBIND : IP_FREEBIND, &(int){1}, sizeof(int));
	if (bind(fd, &name.any, six ? sizeof name.in6 : sizeof name.in) == 0 && (type == SOCK_DGRAM || listen(fd, 64) == 0))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool open_sockets(const struct name_server *server, int fds[2])
{
	fds[0] = fds[1] = -1;
	if (!loopback_add_local(server->family, server->address, server->family == AF_INET ? 4 : 16))
		return false;
	fds[0] = open_socket(server, SOCK_DGRAM);
	fds[1] = fds[0] < 0 ? -1 : open_socket(server, SOCK_STREAM);
	if (fds[1] >= 0 || fds[0] < 0)
		return fds[1] >= 0;
	int error = errno;
	close(fds[0]);
	errno = error;
	return false;
}

bool dns_sockets_open(const struct identity *identity, const struct name_server *server, int fds[2])
{
	if (!privilege_raise(identity))
		return false;
	bool opened = open_sockets(server, fds);
	privilege_lower(identity);
	return opened;
}
