// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * socket_options ACTION HOST PORT [OTHER-HOST]: sets socket options on a new socket of the phase and on the socket of a connection to HOST:PORT,
 * which is allowed. Exits with 0 if all calls have the expected result.
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

static const char *const abi_names[ABIS] = {"x86-64", "x32", "i386", "socketcall"};

/* Returns memory below 4 GiB for option values, because the pointers of i386 system calls have 32 bits. */
static char *low_value(void)
{
	static char *memory;
	if (memory == NULL)
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

/* Sets a socket option by the system call of an ABI (system_calls.h). Returns 0 or the errno. */
static int set_by(enum abi abi, int fd, int level, int name, const void *value, socklen_t length)
{
	uint32_t at = pointer(memcpy(low_value(), value, length));
	long result;
	if (abi == BY_LIBC)
		result = setsockopt(fd, level, name, value, length) == 0 ? 0 : -errno;
	else if (abi == BY_X32)
		result = syscall(X32 | 541, fd, level, name, value, length) == 0 ? 0 : -errno;
	else if (abi == BY_I386)
		result = i386(366, (uint32_t)fd, (uint32_t)level, (uint32_t)name, at, length, 0);
	else
		result = socketcall(14, (uint32_t)fd, (uint32_t)level, (uint32_t)name, at, length, 0);
	return (int)-result;
}

static int control_by(enum abi abi, int fd, unsigned request, void *value, size_t length)
{
	long result;
	memcpy(low_value(), value, length);
	if (abi == BY_LIBC)
		result = ioctl(fd, request, value) == 0 ? 0 : -errno;
	else if (abi == BY_X32)
		result = syscall(X32 | 514, fd, request, value) == 0 ? 0 : -errno;
	else
		result = i386(54, (uint32_t)fd, request, pointer(low_value()), 0, 0, 0);
	if (abi == BY_I386)
		memcpy(value, low_value(), length);
	return (int)-result;
}

static int connected_socket(void)
{
	int fd = make_socket(0);
	expect(connect(fd, &to.any, size) == 0 && is_foreign(fd), "connect");
	return fd;
}

/* Returns false if the kernel does not have the ABI. Only x32 can be missing. All its system calls then fail with ENOSYS. */
static bool is_supported(enum abi abi)
{
	return abi != BY_X32 || syscall(X32 | 39) > 0;
}

/* Tests that confine refuses options and ioctls that could divert a connection, disclose data of the host or change the configuration of its network. */
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
		{IPPROTO_IPV6, 5 /* IPV6_2292RTHDR */},
		{IPPROTO_IPV6, 6 /* IPV6_2292PKTOPTIONS */},
		{IPPROTO_IPV6, 32 /* IPV6_FLOWLABEL_MGR */},
		{IPPROTO_IPV6, IPV6_PKTINFO},
		{IPPROTO_IPV6, IPV6_HOPOPTS},
		{IPPROTO_IPV6, IPV6_RTHDRDSTOPTS},
		{IPPROTO_IPV6, IPV6_RECVRTHDR},
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
	int fds[] = {make_socket(0), connected_socket()};
	char value[64] = "";
	char text[128];
	for (size_t f = 0; f < 2; f++)
		for (enum abi abi = 0; abi < ABIS; abi++) {
			for (size_t i = 0; i < sizeof options / sizeof *options && is_supported(abi); i++) {
				errno = set_by(abi, fds[f], options[i].level, options[i].name, value, sizeof value);
				snprintf(text, sizeof text, "option %d of level %d, by %s", options[i].name, options[i].level, abi_names[abi]);
				expect(errno == ENOPROTOOPT, text);
			}
			for (size_t i = 0; i < sizeof requests / sizeof *requests && is_supported(abi) && abi != BY_SOCKETCALL; i++) {
				errno = control_by(abi, fds[f], requests[i], value, sizeof value);
				snprintf(text, sizeof text, "ioctl %x by %s", requests[i], abi_names[abi]);
				expect(errno == ENOTTY, text);
			}
		}
	/* confine permits these options for UDP sockets. For TCP sockets the kernel refuses them. */
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
	expect_echo(fds[1]);
}

/* Tests that confine permits the options that clients use. Sets values that are not the defaults. */
static void accepted(void)
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
	for (enum abi abi = 0; abi < ABIS; abi++) {
		int fds[] = {make_socket(0), connected_socket()};
		for (size_t f = 0; f < 2 && is_supported(abi); f++)
			for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
				int got = -1;
				socklen_t length = sizeof got;
				if (options[i].family != 0 && options[i].family != to.any.sa_family)
					continue;
				errno = set_by(abi, fds[f], options[i].level, options[i].name, &options[i].value, sizeof got);
				snprintf(text, sizeof text, "option %d of level %d, by %s", options[i].name, options[i].level, abi_names[abi]);
				expect(errno == 0 && getsockopt(fds[f], options[i].level, options[i].name, &got, &length) == 0 && got == options[i].value, text);
			}
		/* Test options whose values are structures, because struct timeval is smaller on i386. */
		struct timeval time = {3, 500000}, had = {0, 0};
		struct linger linger = {1, 7}, lingers = {0, 0};
		uint32_t old[2] = {3, 500000};
		uint64_t new[2] = {3, 500000};
		bool small = abi == BY_I386 || abi == BY_SOCKETCALL;
		for (size_t f = 0; f < 2 && is_supported(abi); f++) {
			socklen_t length = sizeof had, others = sizeof lingers;
			int name = small ? SO_SNDTIMEO_OLD : SO_RCVTIMEO_NEW;
			errno = set_by(abi, fds[f], SOL_SOCKET, SO_RCVTIMEO_OLD, small ? (void *)old : abi == BY_X32 ? (void *)new
														     : &time,
				       small ? 8 : 16);
			expect(errno == 0 && getsockopt(fds[f], SOL_SOCKET, SO_RCVTIMEO_OLD, &had, &length) == 0 && had.tv_sec == 3 && had.tv_usec == 500000, "SO_RCVTIMEO");
			errno = set_by(abi, fds[f], SOL_SOCKET, name, small ? (void *)old : (void *)new, small ? 8 : 16);
			expect(errno == 0, "SO_SNDTIMEO, old and new");
			errno = set_by(abi, fds[f], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
			expect(errno == 0 && getsockopt(fds[f], SOL_SOCKET, SO_LINGER, &lingers, &others) == 0 && lingers.l_linger == 7, "SO_LINGER");
			int count = -1, on = 1;
			expect(abi == BY_SOCKETCALL || (control_by(abi, fds[f], FIONREAD, &count, sizeof count) == 0 && count == 0), "FIONREAD");
			expect(abi == BY_SOCKETCALL || control_by(abi, fds[f], FIONBIO, &on, sizeof on) == 0, "FIONBIO");
			expect(fcntl(fds[f], F_SETFL, 0) == 0, "fcntl");
		}
		if (is_supported(abi))
			expect_echo(fds[1]);
		close(fds[0]);
		close(fds[1]);
	}
}

/* Writes a segment routing header (RFC 8754) that would route packets through OTHER-HOST. Returns its length in bytes. */
static socklen_t segments(char header[64])
{
	struct ipv6_sr_hdr *routing = (struct ipv6_sr_hdr *)header;
	union address other;
	set_address(&other, arguments[3], "0");
	memset(header, 0, 64);
	*routing = (struct ipv6_sr_hdr){.hdrlen = 4, .type = 4, .segments_left = 1, .first_segment = 1};
	memcpy(&routing->segments[1], &other.in6.sin6_addr, 16);
	return 40;
}

/* Tries to set a segment routing header as a socket option, on a new and on a connected socket, and sends data. The test script checks that no packet went to OTHER-HOST. */
static void route(void)
{
	char header[64];
	socklen_t length = segments(header);
	for (enum abi abi = 0; abi < ABIS; abi++) {
		int early = make_socket(0), fd = connected_socket();
		set_by(abi, early, IPPROTO_IPV6, IPV6_RTHDR, header, length);
		set_by(abi, fd, IPPROTO_IPV6, IPV6_RTHDR, header, length);
		expect(connect(early, &to.any, size) == 0, "connect");
		send(early, "x", 1, MSG_DONTWAIT);
		send(fd, "x", 1, MSG_DONTWAIT);
		/* Wait until the data is sent. A packet to OTHER-HOST would add OTHER-HOST to the neighbour table of the host, which the test checks. */
		int left = 1;
		for (int i = 0; i < 20 && left > 0; i++) {
			poll(NULL, 0, 10);
			expect(ioctl(fd, SIOCOUTQ, &left) == 0, "SIOCOUTQ");
		}
		close(early);
		close(fd);
	}
}

/* Sends "hello" with ancillary data of level IPPROTO_IPV6, by sendmsg or (if many is true) sendmmsg. Returns the number of bytes sent, or a negative errno. */
static long send_by(enum abi abi, bool many, int fd, int type, const void *data, socklen_t length)
{
	struct low *memory = low();
	char *control = low_value(), large[128] = "";
	if (abi == BY_LIBC) {
		struct iovec part = {"hello", 5};
		struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = large, .msg_controllen = CMSG_SPACE(length)}};
		struct cmsghdr *header = CMSG_FIRSTHDR(&message.msg_hdr);
		*header = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = IPPROTO_IPV6, .cmsg_type = type};
		memcpy(CMSG_DATA(header), data, length);
		long result = many ? sendmmsg(fd, &message, 1, 0) : sendmsg(fd, &message.msg_hdr, 0);
		return result < 0 ? -errno : many ? (long)message.msg_len
						  : result;
	}
	/* Write struct cmsghdr, msghdr and mmsghdr in the format of i386, which x32 uses too. */
	uint32_t words[3] = {(uint32_t)sizeof words + length, IPPROTO_IPV6, (uint32_t)type}, number = (uint32_t)fd, at = pointer(memory->header);
	memcpy(control, words, sizeof words);
	memcpy(control + sizeof words, data, length);
	memcpy(control + 512, "hello", 5);
	memcpy(memory->part, (uint32_t[]){pointer(control + 512), 5}, sizeof memory->part);
	memcpy(memory->header, (uint32_t[8]){0, 0, pointer(memory->part), 1, pointer(control), words[0]}, sizeof memory->header);
	long result;
	if (abi == BY_X32)
		result = many ? syscall(X32 | 538, fd, memory->header, 1, 0) : syscall(X32 | 518, fd, memory->header, 0);
	else if (abi == BY_I386)
		result = many ? i386(345, number, at, 1, 0, 0, 0) : i386(370, number, at, 0, 0, 0, 0);
	else
		result = many ? socketcall(20, number, at, 1, 0, 0, 0) : socketcall(16, number, at, 0, 0, 0, 0);
	if (result < 0)
		return abi == BY_X32 ? -errno : result;
	return many ? (long)memory->header[7] : result;
}

/* Tests a segment routing header in ancillary data: TCP ignores it (sock_cmsg_send() in net/core/sock.c). By socketcall(2), the call fails,
 * because confine does not emulate it. */
static void ancillary(void)
{
	static const int types[] = {IPV6_RTHDR, 5 /* IPV6_2292RTHDR */};
	char header[64], text[64];
	socklen_t length = segments(header);
	int fd = connected_socket();
	for (enum abi abi = 0; abi < ABIS; abi++)
		for (int i = 0; i < 4 && is_supported(abi); i++) {
			long sent = send_by(abi, i % 2 == 1, fd, types[i / 2], header, length);
			snprintf(text, sizeof text, "%s by %s: %ld", i % 2 == 1 ? "sendmmsg" : "sendmsg", abi_names[abi], sent);
			expect(sent == (abi == BY_SOCKETCALL ? -EOPNOTSUPP : 5), text);
			expect(sent < 0 || (recv(fd, text, 5, MSG_WAITALL) == 5 && memcmp(text, "hello", 5) == 0), "recv");
		}
}

/* Receives packets that the server sends with a routing header through OTHER-HOST. The kernel must not send the acknowledgements through OTHER-HOST by reversing this header. */
static void reply(void)
{
	char text[64] = "";
	int fd = connected_socket(), length = snprintf(text, sizeof text, "ROUTE %s\n", arguments[3]);
	expect(send(fd, text, (size_t)length, 0) == length && recv(fd, text, 6, MSG_WAITALL) == 6 && memcmp(text, "routed", 6) == 0, "a routed answer");
	expect_echo(fd);
	expect_echo(fd);
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {
		{"refused", refused},
		{"accepted", accepted},
		{"route", route},
		{"ancillary", ancillary},
		{"reply", reply},
	};
	return run_action(argc, argv, actions, sizeof actions / sizeof *actions);
}
