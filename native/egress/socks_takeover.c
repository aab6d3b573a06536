#include "egress/socks_takeover.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watcher/target_access.h"
#include "egress/socket_inodes.h"
#include "egress/tcp.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 (include/uapi/asm-generic/socket.h) */
#endif

/* Of who listens there, also where that has no number in our PID namespace. */
static int pidfd_of(int proxy)
{
	int pidfd = -1;
	socklen_t size = sizeof pidfd;
	if (getsockopt(proxy, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	struct ucred peer = {0};
	size = sizeof peer;
	if (getsockopt(proxy, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

static bool is_same(const union address *one, const union address *other)
{
	if (one->any.sa_family != other->any.sa_family)
		return false;
	if (one->any.sa_family == AF_INET)
		return one->in.sin_port == other->in.sin_port && one->in.sin_addr.s_addr == other->in.sin_addr.s_addr;
	return one->in6.sin6_port == other->in6.sin6_port && memcmp(&one->in6.sin6_addr, &other->in6.sin6_addr, 16) == 0;
}

/* The one connection between these two. */
static bool is_between(int fd, const union address *own, const union address *peer)
{
	union address name = {0};
	socklen_t size = sizeof name;
	if (!tcp_is(fd) || getsockname(fd, &name.any, &size) != 0 || !is_same(&name, own))
		return false;
	size = sizeof name;
	return getpeername(fd, &name.any, &size) == 0 && is_same(&name, peer);
}

/* Numbers are given out from the lowest on: behind so many that are free there are no more. */
enum { FREE = 256 };

static int search(int pidfd, const union address *own, const union address *peer)
{
	for (int number = 0, unused = 0; unused < FREE; number++) {
		int fd = target_access_descriptor(pidfd, number);
		if (fd >= 0 && is_between(fd, own, peer))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (errno != EBADF)
			return -1;
		unused = fd >= 0 ? 0 : unused + 1;
	}
	return -1;
}

int socks_takeover(int proxy, const union address *own, const union address *peer)
{
	int pidfd = pidfd_of(proxy);
	int fd = pidfd < 0 ? -1 : search(pidfd, own, peer);
	if (pidfd >= 0)
		close(pidfd);
	if (fd < 0 || socket_inodes_add(fd))
		return fd;
	close(fd);
	return -1;
}

bool socks_takeover_is_complete(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	int unread = 0;
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
	       ioctl(fd, FIONREAD, &unread) == 0 && info.tcpi_bytes_received == (uint64_t)unread;
}
