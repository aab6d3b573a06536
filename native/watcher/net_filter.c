// SPDX-License-Identifier: GPL-2.0-or-later
/* The network filter: a phase without a network namespace may reach only its own sockets. A hostile build can evade the filter: it changes an address after the check, before the kernel reads the address again (SECCOMP_USER_NOTIF_FLAG_CONTINUE). */
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/fds.h"
#include "util/process.h"
#include "watcher/watcher_internal.h"
#include "target/watchdog.h"
#include "watcher/seccomp_install.h"

/* Number of entries in the table of the phase's sockets, of which at most half are used. Further sockets are not remembered, so connections to them are refused. */
#define OWN_ROOM (1U << 18)
/* After a destination was permitted, it is permitted without a new check for this time. */
#define PERMITTED_MICROSECONDS 10000
/* Time limit of watcher_probe(), which normally takes a few milliseconds; after it, the probe fails. */
#define PROBE_MILLISECONDS 10000

struct permitted_destination {
	struct destination to;
	long long until; /* time until which the destination is permitted without a check, in microseconds of CLOCK_MONOTONIC */
};

struct net_filter {
	int diag;
	size_t own_count;
	uint32_t own[OWN_ROOM];			     /* inodes of the sockets to which the phase has given a port or a name; a hash table; 0: free */
	struct permitted_destination permitted[256]; /* a cache; index: port of the destination modulo 256 */
};

struct net_filter *net_filter_new(void)
{
	struct net_filter *net_filter = calloc(1, sizeof *net_filter);
	if (net_filter == NULL)
		return NULL;
	net_filter->diag = socket_diag_open();
	if (net_filter->diag >= 0)
		return net_filter;
	free(net_filter);
	return NULL;
}

/* Reads a symbolic link in /proc/PID/fd. Returns the inode of the socket that the link names, or 0 if it does not name a socket. */
static uint64_t inode_of_link(const char *path)
{
	char text[64];
	unsigned long long inode = 0;
	ssize_t length = readlink(path, text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	return sscanf(text, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

uint64_t net_filter_socket_inode(const struct target *target, int fd)
{
	uint64_t inode = inode_of_link(proc_path(target->tid, "fd/%d", fd).text);
	if (inode != 0)
		return target_is_valid(target) ? inode : 0;
	struct stat status;
	int copy = target_duplicate(target, fd);
	if (copy < 0)
		return 0;
	watchdog_begin();
	inode = fstat(copy, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
	watchdog_end();
	target_close(copy);
	return inode;
}

/* Returns the entry of this socket in the table or, if the table does not have the socket, the free entry for it. */
static uint32_t *own_entry(struct net_filter *net_filter, uint32_t inode)
{
	size_t i = inode % OWN_ROOM;
	while (net_filter->own[i] != 0 && net_filter->own[i] != inode)
		i = (i + 1) % OWN_ROOM;
	return &net_filter->own[i];
}

void net_filter_note_socket(struct net_filter *net_filter, const struct target *target, int fd)
{
	uint32_t inode = (uint32_t)net_filter_socket_inode(target, fd), *entry = own_entry(net_filter, inode);
	if (*entry != inode && net_filter->own_count < OWN_ROOM / 2) {
		*entry = inode;
		net_filter->own_count++;
	}
}

static bool are_own_sockets(struct net_filter *net_filter, const struct socket_inodes *found)
{
	/* A socket without a file, such as one of the kernel, has the inode 0 and does not belong to the phase. */
	for (size_t i = 0; i < found->count; i++)
		if (found->inodes[i] == 0 || *own_entry(net_filter, found->inodes[i]) != found->inodes[i])
			return false;
	return found->count > 0;
}

/* Returns true only for an address of this machine, but false for a secondary IPv4 address. Connects a UDP socket, which sends nothing: the kernel then uses the destination as the source address too. */
static bool is_own_address(const struct destination *to)
{
	union socket_address address;
	socklen_t length = destination_write(to, to->family, &address);
	struct destination own;
	AUTO_CLOSE int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, &address.any, length) == 0 && destination_of_socket(&own, fd) && own.family == to->family &&
	       memcmp(own.address, to->address, sizeof to->address) == 0;
}

static bool has_protocol(const struct destination *to, const char *name)
{
	return strcmp(to->protocol, name) == 0;
}

/* Returns the number of the destination's protocol (TCP, UDP or UDP-Lite), or 0 for a protocol without ports. Compares two names for UDP-Lite, because the kernel's names differ for IPv4 and IPv6. */
static int protocol_of(const struct destination *to)
{
	if (has_protocol(to, "tcp") || has_protocol(to, "mptcp"))
		return IPPROTO_TCP;
	if (has_protocol(to, "udp"))
		return IPPROTO_UDP;
	return has_protocol(to, "udp-lite") || has_protocol(to, "udplite") ? IPPROTO_UDPLITE : 0;
}

/* Returns 0 if no process outside the phase can receive a connection or datagram to this destination. Otherwise returns the errno with which the call must fail. */
static int check_port(struct net_filter *net_filter, const struct destination *to, int protocol)
{
	struct socket_inodes found;
	bool is_loopback = destination_is_loopback(to);
	int refusal = is_loopback ? ECONNREFUSED : ENETUNREACH;
	if (!socket_diag_find(net_filter->diag, protocol, to, &found))
		return refusal;
	if (are_own_sockets(net_filter, &found))
		return is_loopback || is_own_address(to) ? 0 : refusal;
	/* Permit a datagram to a loopback port that no socket has, because no process receives it. But refuse one to the DNS port, because a packet filter may divert it to a name server. */
	return is_loopback && protocol != IPPROTO_TCP && found.count == 0 && to->port != DNS_PORT ? 0 : refusal;
}

int net_filter_check(struct net_filter *net_filter, const struct target *target, int fd, const struct destination *to)
{
	int protocol = protocol_of(to);
	if (protocol == 0)
		return destination_is_loopback(to) && has_protocol(to, "ping") ? 0 : ENETUNREACH;
	struct permitted_destination *permitted = &net_filter->permitted[to->port % (sizeof net_filter->permitted / sizeof *net_filter->permitted)];
	if (target->now < permitted->until && destination_equals(&permitted->to, to) && has_protocol(to, permitted->to.protocol))
		return 0;
	int error = check_port(net_filter, to, protocol);
	if (error == 0)
		*permitted = (struct permitted_destination){*to, target->now + PERMITTED_MICROSECONDS};
	/* Remember the sending socket, because the call may bind it to a port, to which the receiver must be able to reply. */
	if (error == 0 && protocol != IPPROTO_TCP)
		net_filter_note_socket(net_filter, target, fd);
	return error;
}

int net_filter_check_abstract(struct net_filter *net_filter, const struct abstract_name *name)
{
	/* Sockets of different types can have the same abstract name, so permit the call only if all of them belong to the phase. */
	struct socket_inodes found;
	bool is_own = socket_diag_find_abstract(net_filter->diag, name->bytes, name->length, &found) && are_own_sockets(net_filter, &found);
	return is_own ? 0 : ECONNREFUSED;
}

int net_filter_check_bind(struct net_filter *net_filter, const struct destination *address)
{
	struct socket_inodes found;
	int protocol = protocol_of(address);
	bool is_free = protocol == 0 || (socket_diag_find_port(net_filter->diag, protocol, address->port, &found) &&
					 (found.count == 0 || are_own_sockets(net_filter, &found)));
	return is_free ? 0 : EADDRINUSE;
}

static bool can_find_own_socket(int diag, int type, int protocol)
{
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct destination to;
	struct socket_inodes found;
	struct stat status;
	AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && (type != SOCK_STREAM || listen(fd, 1) == 0) &&
	       destination_of_socket(&to, fd) && socket_diag_find(diag, protocol, &to, &found) && found.count == 1 && fstat(fd, &status) == 0 &&
	       found.inodes[0] == status.st_ino;
}

static bool can_inspect_child(int diag)
{
	uint64_t value = 0;
	const uint64_t expected = 0x706f727463756c6c;
	bool opened;
	pid_t self = getpid(), child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == self)
			pause();
		_exit(0);
	}
	bool can = child > 0 && process_read_memory(child, (uintptr_t)&expected, &value, sizeof value, &opened) && value == expected &&
		   inode_of_link(proc_path(child, "fd/%d", diag).text) != 0;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return can;
}

struct probe {
	const struct identity *identity;
	bool filters;
	const char *reason; /* reason why the probe failed; NULL: it succeeded */
	int error;
};

static const char *probe_steps(const struct identity *identity)
{
	/* Drop the privileges, because this process becomes dumpable below: the user who started confine could then trace this process and use its privileges. */
	if (!privilege_drop(identity))
		return "dropping the privileges of a process";
	int diag = socket_diag_open();
	/* Make this process, and so the child that can_inspect_child() forks, dumpable, as the command of a phase is after its exec: a set-user-ID confine is not dumpable. */
	prctl(PR_SET_DUMPABLE, 1);
	errno = 0;
	if (diag < 0 || !can_find_own_socket(diag, SOCK_STREAM, IPPROTO_TCP) || !can_find_own_socket(diag, SOCK_DGRAM, IPPROTO_UDP))
		return "the kernel lacks sock_diag(7) for TCP and UDP";
	if (!can_inspect_child(diag))
		return "reading the memory of a process";
	return seccomp_filter_probe();
}

static void run_probe(void *data)
{
	struct probe *probe = data;
	probe->reason = probe->filters ? probe_steps(probe->identity) : seccomp_filter_probe();
	probe->error = errno;
}

const char *watcher_probe(const struct identity *identity, bool filters)
{
	struct probe probe = {identity, filters, "starting a process", 0};
	call_in_child(run_probe, &probe, sizeof probe, PROBE_MILLISECONDS);
	errno = probe.error;
	return probe.reason;
}
