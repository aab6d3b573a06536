// SPDX-License-Identifier: GPL-2.0-or-later
/* The network filter: a phase without a network namespace may reach only sockets of its own processes. This filter does not stop a hostile build, which can change an address before the kernel reads it again (SECCOMP_USER_NOTIF_FLAG_CONTINUE). */
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/fds.h"
#include "util/process.h"
#include "seccomp/seccomp_filter.h"
#include "watcher/watcher_internal.h"
#include "target/watchdog.h"
#include "watcher/seccomp_install.h"

/* After a search has found that no process of the phase has a socket, the search for this socket is not repeated for this time. */
#define FOREIGN_MICROSECONDS 200000
/* Maximum number of searches among the processes of the phase for one socket. */
#define SEARCHES 8
/* After a destination was permitted, it is permitted without a new check for this time. */
#define PERMITTED_MICROSECONDS 10000
/* Time limit of net_filter_probe(), which normally takes a few milliseconds; after it, the probe fails. */
#define PROBE_MILLISECONDS 10000

struct known_socket {
	uint64_t inode;
	bool is_own;
	long long searched_at; /* time of the last search among the processes of the phase, in microseconds of CLOCK_MONOTONIC */
};

struct permitted_destination {
	struct destination to;
	long long until; /* time until which the destination is permitted without a check, in microseconds of CLOCK_MONOTONIC */
};

struct net_filter {
	int diag;
	pid_t supervisor;
	struct known_socket known[4096];	     /* a cache; index: inode of the socket modulo 4096; a socket that is not in it is searched among the processes of the phase */
	struct permitted_destination permitted[256]; /* a cache; index: port of the destination modulo 256 */
};

struct net_filter *net_filter_new(void)
{
	struct net_filter *net_filter = calloc(1, sizeof *net_filter);
	if (net_filter == NULL)
		return NULL;
	net_filter->diag = socket_diag_open();
	net_filter->supervisor = getppid();
	if (net_filter->diag >= 0)
		return net_filter;
	free(net_filter);
	return NULL;
}

/* Reads a symbolic link in /proc/PID/fd. Returns the inode of the socket that the link names, or 0 if it does not name a socket. */
static uint64_t inode_of_link(int folder, const char *name)
{
	char text[64];
	unsigned long long inode = 0;
	ssize_t length = readlinkat(folder, name, text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	return sscanf(text, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

uint64_t net_filter_socket_inode(const struct target *target, int fd)
{
	uint64_t inode = inode_of_link(AT_FDCWD, proc_path(target->tid, "fd/%d", fd).text);
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

static struct known_socket *entry_of(struct net_filter *net_filter, uint64_t inode)
{
	return &net_filter->known[inode % (sizeof net_filter->known / sizeof *net_filter->known)];
}

/* Remembers that the target's socket fd belongs to the phase, so that later checks need not search it among the processes of the phase. */
static void note_socket(struct net_filter *net_filter, const struct target *target, int fd)
{
	uint64_t inode = net_filter_socket_inode(target, fd);
	if (inode != 0)
		*entry_of(net_filter, inode) = (struct known_socket){.inode = inode, .is_own = true};
}

static bool process_has_socket(pid_t pid, uint64_t inode)
{
	bool found = false;
	AUTO_CLOSEDIR DIR *folder = opendir(proc_path(pid, "fd").text);
	struct dirent *entry;
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
		found = entry->d_name[0] != '.' && inode_of_link(dirfd(folder), entry->d_name) == inode;
	return found;
}

/*
 * Searches a socket in the target's process, then in all descendants of the supervisor. A process may fork and end before the search reaches it, so
 * repeats the search in new processes until there are none. Omits the descendants if the supervisor has ended before the watcher, because its
 * PID may then belong to another process.
 */
static bool phase_has_socket(const struct net_filter *net_filter, const struct target *target, uint64_t inode)
{
	AUTO_PIDS struct pids searched = {0};
	bool found = process_has_socket(target->tid, inode);
	bool has_new = !found && getppid() == net_filter->supervisor;
	for (int i = 0; i < SEARCHES && has_new && !found; i++) {
		AUTO_PIDS struct pids pids = {0};
		pids_add_descendants(&pids, net_filter->supervisor);
		pids_remove(&pids, &searched);
		has_new = pids.count > 0;
		for (size_t p = 0; p < pids.count && !found; p++) {
			found = process_has_socket(pids.pid[p], inode);
			pids_add(&searched, pids.pid[p]);
		}
	}
	return found;
}

static bool is_own_socket(struct net_filter *net_filter, const struct target *target, uint64_t inode)
{
	struct known_socket *known = entry_of(net_filter, inode);
	if (known->inode == inode && (known->is_own || target->now - known->searched_at < FOREIGN_MICROSECONDS))
		return known->is_own;
	*known = (struct known_socket){inode, phase_has_socket(net_filter, target, inode), target->now};
	return known->is_own;
}

static bool are_own_sockets(struct net_filter *net_filter, const struct target *target, const struct socket_inodes *found)
{
	/* An inode of 0 means a socket without a file, such as one of the kernel. It does not belong to the phase. */
	for (size_t i = 0; i < found->count; i++)
		if (found->inodes[i] == 0 || !is_own_socket(net_filter, target, found->inodes[i]))
			return false;
	return found->count > 0;
}

/* Returns true if to is an address of this machine. The test connects a UDP socket, which sends nothing: only if the destination is an address of this machine does the kernel choose the same address as source. */
static bool is_own_address(const struct destination *to)
{
	union socket_address address, own = {0};
	socklen_t length = destination_write(to, to->family, &address), size = sizeof own;
	struct destination local;
	AUTO_CLOSE int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, &address.any, length) == 0 && getsockname(fd, &own.any, &size) == 0 &&
	       destination_read(&local, &own, size, false) && local.family == to->family &&
	       memcmp(local.address, to->address, sizeof to->address) == 0;
}

static bool has_protocol(const struct destination *to, const char *name)
{
	return strcmp(to->protocol, name) == 0;
}

/* Returns the number of the destination's protocol (TCP, UDP or UDP-Lite), or 0 for a protocol without ports. The kernel's name for UDP-Lite differs between IPv4 and IPv6. */
static int protocol_of(const struct destination *to)
{
	if (has_protocol(to, "tcp") || has_protocol(to, "mptcp"))
		return IPPROTO_TCP;
	if (has_protocol(to, "udp"))
		return IPPROTO_UDP;
	return has_protocol(to, "udp-lite") || has_protocol(to, "udplite") ? IPPROTO_UDPLITE : 0;
}

/* Returns 0 if no process outside the phase can receive a connection or datagram to this destination. Otherwise returns the errno with which the call must fail. */
static int check_port(struct net_filter *net_filter, const struct target *target, const struct destination *to, int protocol)
{
	struct socket_inodes found;
	bool is_loopback = destination_is_loopback(to);
	int refusal = is_loopback ? ECONNREFUSED : ENETUNREACH;
	if (!socket_diag_find(net_filter->diag, protocol, to, &found))
		return refusal;
	if (are_own_sockets(net_filter, target, &found))
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
	int error = check_port(net_filter, target, to, protocol);
	if (error == 0)
		*permitted = (struct permitted_destination){*to, target->now + PERMITTED_MICROSECONDS};
	/* Remember the sending socket as one of the phase, so that the receiver may reply: the call may bind the socket to a port. */
	if (error == 0 && protocol != IPPROTO_TCP)
		note_socket(net_filter, target, fd);
	return error;
}

int net_filter_check_abstract(struct net_filter *net_filter, const struct target *target, const struct abstract_name *name)
{
	/* Sockets of different types can have the same abstract name, so permit the call only if all of them belong to the phase. */
	struct socket_inodes found;
	bool is_own = socket_diag_find_abstract(net_filter->diag, name->bytes, name->length, &found) && are_own_sockets(net_filter, target, &found);
	return is_own ? 0 : ECONNREFUSED;
}

int net_filter_check_bind(struct net_filter *net_filter, const struct target *target, int fd, const struct destination *address)
{
	struct socket_inodes found;
	int protocol = protocol_of(address);
	bool is_free = protocol == 0 || (socket_diag_find_port(net_filter->diag, protocol, address->port, &found) &&
					 (found.count == 0 || are_own_sockets(net_filter, target, &found)));
	note_socket(net_filter, target, fd);
	return is_free ? 0 : EADDRINUSE;
}

static bool can_find_own_socket(int diag, int type, int protocol)
{
	union socket_address address = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address.in;
	struct destination to;
	struct socket_inodes found;
	struct stat status;
	AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, &address.any, size) == 0 && (type != SOCK_STREAM || listen(fd, 1) == 0) &&
	       getsockname(fd, &address.any, &size) == 0 && destination_read(&to, &address, size, false) &&
	       socket_diag_find(diag, protocol, &to, &found) && found.count == 1 && fstat(fd, &status) == 0 &&
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
		   inode_of_link(AT_FDCWD, proc_path(child, "fd/%d", diag).text) != 0;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return can;
}

struct probe {
	const struct identity *identity;
	const char *reason; /* reason why the probe failed; NULL: it succeeded */
	int error;
};

static const char *probe_steps(const struct identity *identity)
{
	/* Drop the privileges, because this process becomes dumpable below, so that its user can trace it. */
	if (!privilege_drop(identity))
		return "dropping the privileges of a process";
	int diag = socket_diag_open();
	/* Make the child of this process dumpable, as the command of a phase is after its exec. A set-user-ID confine is not dumpable itself. */
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
	probe->reason = probe_steps(probe->identity);
	probe->error = errno;
}

const char *net_filter_probe(const struct identity *identity)
{
	struct probe probe = {identity, "starting a process", 0};
	call_in_child(run_probe, &probe, sizeof probe, PROBE_MILLISECONDS);
	errno = probe.error;
	return probe.reason;
}
