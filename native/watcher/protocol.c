#include "watcher/protocol.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "watcher/target.h"
#include "util/clock.h"
#include "watcher/watchdog.h"

/*
 * The same thread, number and destination once more may be another socket: glibc tries addresses with UDP before a program
 * does with TCP. After that many in a row it is somebody who tries and tries.
 */
#define STEADY 8
#define BELIEVED_MICROSECONDS 200

static struct {
	pid_t tid;
	int fd;
	struct destination to; /* as it was answered */
	int streak;
	long long asked;
} last;

/* By the socket itself, for the moment that it takes to ask; -1 where that can't be had. */
static int ask_socket(pid_t tid, int fd)
{
	int protocol, type, own = target_socket(tid, fd);
	socklen_t size = sizeof protocol;
	if (own < 0)
		return -1;
	if (getsockopt(own, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0)
		protocol = -1;
	size = sizeof type;
	/* A raw socket's protocol is that of what it carries. */
	if (protocol >= 0 && getsockopt(own, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_RAW)
		protocol = IPPROTO_RAW;
	target_close(own);
	return protocol;
}

static const char *protocol_name(int protocol)
{
	static const struct {
		int protocol;
		const char *name;
	} names[] = {
		{IPPROTO_TCP, "tcp"},
		{IPPROTO_UDP, "udp"},
		{IPPROTO_RAW, "raw"},
		{IPPROTO_ICMP, "ping"},
		{IPPROTO_ICMPV6, "ping"},
		{IPPROTO_SCTP, "sctp"},
		{IPPROTO_MPTCP, "mptcp"},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].protocol == protocol)
			return names[i].name;
	return NULL;
}

/* The name that a socket's protocol registered under: TCP, TCPv6, UDP... (sockfs_xattr_get() in net/socket.c). */
static void ask_proc(pid_t tid, int fd, char *protocol, size_t size)
{
	char path[64], name[64];
	snprintf(path, sizeof path, "/proc/%d/fd/%d", tid, fd);
	watchdog_begin();
	ssize_t length = getxattr(path, "system.sockprotoname", name, sizeof name - 1);
	watchdog_end();
	name[length > 0 && target_is_there() ? length : 0] = '\0';
	char *family = strstr(name, "v6");
	if (family != NULL)
		*family = '\0';
	size_t i = 0;
	for (; name[i] != '\0' && i + 1 < size; i++)
		protocol[i] = (char)tolower((unsigned char)name[i]);
	protocol[i] = '\0';
}

static bool is_same(const struct destination *to)
{
	return last.to.family == to->family && last.to.port == to->port &&
	       memcmp(last.to.address, to->address, sizeof to->address) == 0;
}

void audit_protocol(pid_t tid, int fd, struct destination *to)
{
	long long now = clock_microseconds();
	bool again = last.tid == tid && last.fd == fd && is_same(to);
	if (again && last.streak >= STEADY && now - last.asked < BELIEVED_MICROSECONDS) {
		memcpy(to->protocol, last.to.protocol, sizeof to->protocol);
		return;
	}
	const char *known = protocol_name(ask_socket(tid, fd));
	if (known != NULL)
		snprintf(to->protocol, sizeof to->protocol, "%s", known);
	else
		ask_proc(tid, fd, to->protocol, sizeof to->protocol);
	last.streak = again && strcmp(to->protocol, last.to.protocol) == 0 ? last.streak + 1 : 0;
	last.tid = tid;
	last.fd = fd;
	last.to = *to;
	last.asked = now;
}
