/*
 * What a build may set on a socket that it was handed: WHAT HOST PORT [OTHER-HOST], of which HOST:PORT is let through. Exit status
 * 0 where everything is as WHAT says.
 */
#include "client.h"

#include <linux/filter.h>
#include <linux/seg6.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "system_calls.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif
#ifndef SIOCETHTOOL
#define SIOCETHTOOL 0x8946
#endif

static const char *const way_names[WAYS] = {"x86-64", "x32", "i386", "socketcall"};

/* The memory of i386's calls: struct low has no room for a value. */
static char *low_value(void)
{
	static char *memory;
	if (memory == NULL)
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (memory == MAP_FAILED)
		wrong("mmap");
	return memory;
}

/* 0, or the errno that it fails with. */
static int set_by(enum way way, int fd, int level, int name, const void *value, socklen_t length)
{
	uint32_t at = pointer(memcpy(low_value(), value, length));
	long result;
	if (way == BY_LIBC)
		result = setsockopt(fd, level, name, value, length) == 0 ? 0 : -errno;
	else if (way == BY_X32)
		result = syscall(X32 | 541, fd, level, name, value, length) == 0 ? 0 : -errno;
	else if (way == BY_I386)
		result = i386(366, (uint32_t)fd, (uint32_t)level, (uint32_t)name, at, length, 0);
	else
		result = socketcall(14, (uint32_t)fd, (uint32_t)level, (uint32_t)name, at, length, 0);
	return (int)-result;
}

static int control_by(enum way way, int fd, unsigned request, void *value, size_t length)
{
	long result;
	memcpy(low_value(), value, length);
	if (way == BY_LIBC)
		result = ioctl(fd, request, value) == 0 ? 0 : -errno;
	else if (way == BY_X32)
		result = syscall(X32 | 514, fd, request, value) == 0 ? 0 : -errno;
	else
		result = i386(54, (uint32_t)fd, request, pointer(low_value()), 0, 0, 0);
	if (way == BY_I386)
		memcpy(value, low_value(), length);
	return (int)-result;
}

static int handed_out(void)
{
	int fd = make(0);
	expect(connect(fd, &to.any, size) == 0 && is_foreign(fd), "connect");
	return fd;
}

/* x32 is not in every kernel: then its calls are ENOSYS. */
static bool is_there(enum way way)
{
	return way != BY_X32 || syscall(X32 | 39) > 0;
}

/* What could lead elsewhere, tell of the host or lift the rules of a connection; none of it is on the list. */
static void refused(void)
{
	static const struct {
		int level, name;
	} options[] = {
		{IPPROTO_IP, IP_OPTIONS},
		{IPPROTO_IP, IP_TRANSPARENT},
		{IPPROTO_IP, IP_UNICAST_IF},
		{IPPROTO_IP, 42 /* MCAST_JOIN_GROUP */},
		{IPPROTO_IPV6, IPV6_ADDRFORM},
		{IPPROTO_IPV6, 6 /* IPV6_2292PKTOPTIONS */},
		{IPPROTO_IPV6, 32 /* IPV6_FLOWLABEL_MGR */},
		{IPPROTO_IPV6, IPV6_PKTINFO},
		{IPPROTO_IPV6, IPV6_HOPOPTS},
		{IPPROTO_IPV6, IPV6_RTHDRDSTOPTS},
		{IPPROTO_IPV6, IPV6_RTHDR},
		{IPPROTO_IPV6, IPV6_DSTOPTS},
		{IPPROTO_IPV6, IPV6_UNICAST_IF},
		{IPPROTO_IPV6, 75 /* IPV6_TRANSPARENT */},
		{IPPROTO_TCP, TCP_MD5SIG},
		{IPPROTO_TCP, TCP_REPAIR},
		{IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
		{IPPROTO_TCP, TCP_ULP},
		{SOL_SOCKET, SO_DONTROUTE},
		{SOL_SOCKET, SO_BINDTODEVICE},
		{SOL_SOCKET, SO_MARK},
		{SOL_SOCKET, SO_ATTACH_FILTER},
		{SOL_SOCKET, SO_LOCK_FILTER},
		{SOL_SOCKET, 53 /* SO_CNX_ADVICE */},
		{SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */},
		{282 /* SOL_TLS */, 1},
	};
	static const unsigned requests[] = {SIOCGSKNS, SIOCSIFFLAGS, SIOCADDRT, SIOCETHTOOL, SIOCDEVPRIVATE, SIOCPROTOPRIVATE, 0x8B01 /* SIOCGIWNAME */};
	int fds[] = {make(0), handed_out()};
	char value[64] = "";
	char text[128];
	for (size_t f = 0; f < 2; f++)
		for (enum way way = 0; way < WAYS; way++) {
			for (size_t i = 0; i < sizeof options / sizeof *options && is_there(way); i++) {
				errno = set_by(way, fds[f], options[i].level, options[i].name, value, sizeof value);
				snprintf(text, sizeof text, "option %d of level %d, by %s", options[i].name, options[i].level, way_names[way]);
				expect(errno == ENOPROTOOPT, text);
			}
			for (size_t i = 0; i < sizeof requests / sizeof *requests && is_there(way) && way != BY_SOCKETCALL; i++) {
				errno = control_by(way, fds[f], requests[i], value, sizeof value);
				snprintf(text, sizeof text, "ioctl %x by %s", requests[i], way_names[way]);
				expect(errno == ENOTTY, text);
			}
		}
	/* The list has these for datagrams; of a TCP socket the kernel refuses them. */
	static const struct {
		int level, name;
	} of_datagrams[] = {
		{IPPROTO_IP, IP_MULTICAST_IF},
		{IPPROTO_IP, IP_MULTICAST_TTL},
		{IPPROTO_IP, IP_ADD_MEMBERSHIP},
		{IPPROTO_IPV6, IPV6_MULTICAST_IF},
		{IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
		{IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP},
	};
	for (size_t i = 0; i < sizeof of_datagrams / sizeof *of_datagrams; i++)
		expect(set_by(BY_LIBC, fds[1], of_datagrams[i].level, of_datagrams[i].name, value, 20) != 0, "an option of datagrams");
	echo(fds[1]);
}

/* What clients set, with values that are not the kernel's own. */
static void taken(void)
{
	static const struct {
		int level, name, value, family;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1, 0},
		{SOL_SOCKET, SO_REUSEADDR, 1, 0},
		{SOL_SOCKET, SO_OOBINLINE, 1, 0},
		{SOL_SOCKET, SO_PRIORITY, 3, 0},
		{SOL_SOCKET, SO_RCVLOWAT, 2, 0},
		{IPPROTO_TCP, TCP_NODELAY, 1, 0},
		{IPPROTO_TCP, TCP_KEEPIDLE, 77, 0},
		{IPPROTO_TCP, TCP_KEEPINTVL, 7, 0},
		{IPPROTO_TCP, TCP_KEEPCNT, 5, 0},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 12345, 0},
		{IPPROTO_TCP, TCP_CORK, 1, 0},
		{IPPROTO_TCP, TCP_QUICKACK, 0, 0},
		{IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096, 0},
		{IPPROTO_TCP, TCP_SYNCNT, 3, 0},
		{IPPROTO_IP, IP_TOS, 8, AF_INET},
		{IPPROTO_IP, IP_TTL, 33, AF_INET},
		{IPPROTO_IPV6, IPV6_TCLASS, 8, AF_INET6},
		{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33, AF_INET6},
	};
	char text[128];
	for (enum way way = 0; way < WAYS; way++) {
		int fds[] = {make(0), handed_out()};
		for (size_t f = 0; f < 2 && is_there(way); f++)
			for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
				int got = -1;
				socklen_t length = sizeof got;
				if (options[i].family != 0 && options[i].family != to.any.sa_family)
					continue;
				errno = set_by(way, fds[f], options[i].level, options[i].name, &options[i].value, sizeof got);
				snprintf(text, sizeof text, "option %d of level %d, by %s", options[i].name, options[i].level, way_names[way]);
				expect(errno == 0 && getsockopt(fds[f], options[i].level, options[i].name, &got, &length) == 0 && got == options[i].value, text);
			}
		/* These are structures, and of i386 smaller ones. */
		struct timeval time = {3, 500000}, had = {0, 0};
		struct linger linger = {1, 7}, lingers = {0, 0};
		uint32_t old[2] = {3, 500000};
		uint64_t new[2] = {3, 500000};
		bool small = way == BY_I386 || way == BY_SOCKETCALL;
		for (size_t f = 0; f < 2 && is_there(way); f++) {
			socklen_t length = sizeof had, others = sizeof lingers;
			int name = small ? SO_SNDTIMEO_OLD : SO_RCVTIMEO_NEW;
			errno = set_by(way, fds[f], SOL_SOCKET, SO_RCVTIMEO_OLD, small ? (void *)old : way == BY_X32 ? (void *)new
														     : &time,
				       small ? 8 : 16);
			expect(errno == 0 && getsockopt(fds[f], SOL_SOCKET, SO_RCVTIMEO_OLD, &had, &length) == 0 && had.tv_sec == 3 && had.tv_usec == 500000, "SO_RCVTIMEO");
			errno = set_by(way, fds[f], SOL_SOCKET, name, small ? (void *)old : (void *)new, small ? 8 : 16);
			expect(errno == 0, "SO_SNDTIMEO, old and new");
			errno = set_by(way, fds[f], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
			expect(errno == 0 && getsockopt(fds[f], SOL_SOCKET, SO_LINGER, &lingers, &others) == 0 && lingers.l_linger == 7, "SO_LINGER");
			int count = -1, on = 1;
			expect(way == BY_SOCKETCALL || (control_by(way, fds[f], FIONREAD, &count, sizeof count) == 0 && count == 0), "FIONREAD");
			expect(way == BY_SOCKETCALL || control_by(way, fds[f], FIONBIO, &on, sizeof on) == 0, "FIONBIO");
			expect(fcntl(fds[f], F_SETFL, 0) == 0, "fcntl");
		}
		if (is_there(way))
			echo(fds[1]);
		close(fds[0]);
		close(fds[1]);
	}
}

/* A segment routing header by way of OTHER-HOST (RFC 8754). */
static socklen_t segments(char header[64])
{
	struct ipv6_sr_hdr *routing = (struct ipv6_sr_hdr *)header;
	union address other;
	aim(&other, arguments[3], "0");
	memset(header, 0, 64);
	*routing = (struct ipv6_sr_hdr){.hdrlen = 4, .type = 4, .segments_left = 1, .first_segment = 1};
	memcpy(&routing->segments[1], &other.in6.sin6_addr, 16);
	return 40;
}

/* Whoever sends with such a header sends to OTHER-HOST: by an option, on a new socket and on one that is connected. */
static void route(void)
{
	char header[64];
	socklen_t length = segments(header);
	for (enum way way = 0; way < WAYS; way++) {
		int early = make(0), fd = handed_out();
		set_by(way, early, IPPROTO_IPV6, IPV6_RTHDR, header, length);
		set_by(way, fd, IPPROTO_IPV6, IPV6_RTHDR, header, length);
		expect(connect(early, &to.any, size) == 0, "connect");
		send(early, "x", 1, MSG_DONTWAIT);
		send(fd, "x", 1, MSG_DONTWAIT);
		/* What has been sent by now is seen in the neighbours of the host. */
		int left = 1;
		for (int i = 0; i < 20 && left > 0; i++) {
			poll(NULL, 0, 10);
			expect(ioctl(fd, SIOCOUTQ, &left) == 0, "SIOCOUTQ");
		}
		close(early);
		close(fd);
	}
}

/* The same as ancillary data, which TCP does not look at (sock_cmsg_send() in net/core/sock.c). */
static void ancillary(void)
{
	static const int names[] = {IPV6_RTHDR, 5 /* IPV6_2292RTHDR */};
	char header[64], control[128];
	socklen_t length = segments(header);
	int fd = handed_out();
	for (size_t i = 0; i < 2; i++) {
		struct iovec part = {"hello", 5};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(length)};
		struct cmsghdr *data = CMSG_FIRSTHDR(&message);
		memset(control, 0, sizeof control);
		*data = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = IPPROTO_IPV6, .cmsg_type = names[i]};
		memcpy(CMSG_DATA(data), header, length);
		char text[6] = "";
		expect(sendmsg(fd, &message, 0) == 5 && recv(fd, text, 5, MSG_WAITALL) == 5, "sendmsg");
	}
}

int main(int argc, char **argv)
{
	static const struct deed deeds[] = {
		{"refused", refused},
		{"taken", taken},
		{"route", route},
		{"ancillary", ancillary},
	};
	return act(argc, argv, deeds, sizeof deeds / sizeof *deeds);
}
