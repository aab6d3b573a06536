// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads properties of sockets, copies socket options, and replaces the socket of a target, the thread whose system call the watcher handles. */
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "egress/egress_internal.h"
#include "seccomp/socket_permit.h"
#include "util/fds.h"
#include "util/process.h"
#include "util/text.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* defined in the headers of Linux 5.14 and later (include/uapi/asm-generic/socket.h) */
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* defined in the headers of Linux 5.14 and later */
#endif
enum { SEND_BUFFER_LOCKED = 1,
       RECEIVE_BUFFER_LOCKED = 2 };

int socket_option(int fd, int level, int name)
{
	int value;
	socklen_t size = sizeof value;
	return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

bool socket_is_tcp(int fd)
{
	int protocol = socket_option(fd, SOL_SOCKET, SO_PROTOCOL);
	return socket_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

bool socket_is_idle(int fd)
{
	unsigned char state = 0;
	socklen_t size = sizeof state;
	/* Read only the first byte of struct tcp_info, which is the state. */
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 && state == TCP_CLOSE;
}

/* Returns true if bind(2) succeeds, which shows that the socket was not bound; false if bind(2) fails or cannot be tried. The address from getsockname(2) does not show this, because a socket has an address after a failed connect(2) too. */
static bool can_be_bound(int fd, int family)
{
	static const int on = 1;
	union socket_address any = {.any.sa_family = (sa_family_t)family};
	int before = socket_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	if (before < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
		return false;
	bool can = bind(fd, &any.any, sizeof any.in6) == 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof before);
	return can;
}

bool socket_is_bound(int fd)
{
	struct destination own;
	if (!destination_of_socket(&own, fd))
		return true;
	return (own.port != 0 || !destination_is_unspecified(&own)) && !can_be_bound(fd, socket_family(fd));
}

int socket_family(int fd)
{
	return socket_option(fd, SOL_SOCKET, SO_DOMAIN);
}

bool socket_is_blocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* Returns the cookie that identifies the socket's network namespace (SO_NETNS_COOKIE), or 0 if the kernel does not report it. */
static uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool host_network_set(struct egress *egress, int fd)
{
	if (egress->host_network == 0)
		egress->host_network = network_of(fd);
	return host_network_has(egress, fd);
}

bool host_network_has(const struct egress *egress, int fd)
{
	return egress->host_network != 0 && network_of(fd) == egress->host_network;
}

static struct option_value read_option(int socket, uint32_t level, uint32_t name)
{
	struct option_value read = {.size = sizeof read.value};
	if (getsockopt(socket, (int)level, (int)name, read.value, &read.size) != 0)
		read.size = 0;
	return read;
}

/* Copies the size of a send or receive buffer if the program has set it, which the bit lock of SO_BUF_LOCK shows. Otherwise does nothing, because setting a size would end the kernel's automatic sizing. */
static void copy_buffer(int from, int to, int name, int lock)
{
	int locked = socket_option(from, SOL_SOCKET, SO_BUF_LOCK), size = socket_option(from, SOL_SOCKET, name);
	if (locked < 0 || (locked & lock) == 0 || size < 0)
		return;
	/* Halve the size, because getsockopt(2) returns twice the value that was set (socket(7), SO_RCVBUF). */
	size /= 2;
	setsockopt(to, SOL_SOCKET, name, &size, sizeof size);
}

void socket_copy_options(struct egress *egress, int from, int to, int family)
{
	int six = family == AF_INET6;
	size_t next = 0;
	copy_buffer(from, to, SO_SNDBUF, SEND_BUFFER_LOCKED);
	copy_buffer(from, to, SO_RCVBUF, RECEIVE_BUFFER_LOCKED);
	for (const struct permitted_level *level = permitted_levels; level < permitted_levels + permitted_levels_count; level++)
		for (size_t n = 0; n < level->copied && (level->family == 0 || level->family == family); n++) {
			/* Read the default values of each family only once, from the first new socket. */
			bool is_known = egress != NULL && egress->has_defaults[six];
			struct option_value current = is_known ? egress->defaults[six][next] : read_option(to, level->level, level->names[n]), wanted = {0};
			if (egress != NULL)
				egress->defaults[six][next++] = current;
			if (current.size > 0)
				wanted = read_option(from, level->level, level->names[n]);
			if (wanted.size > 0 && wanted.size == current.size && memcmp(wanted.value, current.value, wanted.size) != 0)
				setsockopt(to, (int)level->level, (int)level->names[n], wanted.value, wanted.size);
		}
	if (egress != NULL)
		egress->has_defaults[six] = true;
}

enum { REGISTRATIONS = 8 }; /* maximum number of epoll registrations that are moved to the new socket; further ones are lost; most programs have one */

/* A registration of the target's socket in an epoll instance of the target. */
struct registration {
	int epoll; /* descriptor of the epoll instance in the target */
	struct epoll_event event;
};

int descriptor_flags(const struct egress_call *call)
{
	char name[32], text[128];
	snprintf(name, sizeof name, "fdinfo/%d", call->fd);
	proc_read(call->target.tid, name, text, sizeof text);
	return target_is_valid(&call->target) ? text_fdinfo_flags(text, call->inode) : -1;
}

static bool read_registration(const struct egress_call *call, const char *number, struct epoll_event *event)
{
	char line[256];
	AUTO_FCLOSE FILE *lines = fopen(proc_path(call->target.tid, "fdinfo/%.16s", number).text, "re");
	bool found = false;
	while (lines != NULL && !found && fgets(line, sizeof line, lines) != NULL)
		found = text_fdinfo_registration(line, call->fd, call->inode, event);
	return found;
}

static size_t find_registrations(const struct egress_call *call, struct registration registrations[REGISTRATIONS])
{
	size_t count = 0;
	/* Read fdinfo, because the watcher may be unable to read /proc/TID/fd if it has other ids than the target (proc_fd_permission() in fs/proc/fd.c). */
	AUTO_CLOSEDIR DIR *folder = opendir(proc_path(call->target.tid, "fdinfo").text);
	struct dirent *entry;
	while (folder != NULL && count < REGISTRATIONS && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && read_registration(call, entry->d_name, &registrations[count].event))
			registrations[count++].epoll = atoi(entry->d_name);
	return target_is_valid(&call->target) ? count : 0;
}

/*
 * Calls epoll_ctl(2) for the socket fd as if its descriptor were number, the descriptor of the socket in the target: the kernel identifies a
 * registration by file and descriptor number (struct epoll_filefd in fs/eventpoll.c). So the function temporarily duplicates fd to number, and
 * moves the watcher's own descriptor with this number to another one meanwhile.
 */
static void control(int epoll, int operation, int fd, int number, struct epoll_event event)
{
	AUTO_CLOSE int saved = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	AUTO_CLOSE int instance = fcntl(epoll, F_DUPFD_CLOEXEC, number + 1);
	bool moved = instance >= 0 && (fd == number || dup3(fd, number, O_CLOEXEC) == number);
	if (moved)
		epoll_ctl(instance, operation, number, &event);
	if (moved && saved >= 0)
		dup3(saved, number, O_CLOEXEC);
	else if (moved)
		close(number);
}

static void move_registrations(const struct egress_call *call, int fd, const struct registration *registrations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int epoll = target_duplicate(&call->target, registrations[i].epoll);
		if (epoll < 0)
			continue;
		/* Remove the old socket from the epoll instance. Otherwise it would stay registered, because the watcher keeps it open as call->socket, and would report that it is not connected. */
		control(epoll, EPOLL_CTL_DEL, call->socket, call->fd, registrations[i].event);
		control(epoll, EPOLL_CTL_ADD, fd, call->fd, registrations[i].event);
		target_close(epoll);
	}
}

bool replace_socket(const struct egress_call *call, int fd, int flags)
{
	int old_flags = descriptor_flags(call);
	struct seccomp_notif_addfd replacement = {
		.id = call->target.notification,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (unsigned)fd,
		.newfd = (unsigned)call->fd,
		.newfd_flags = (unsigned)old_flags & O_CLOEXEC,
	};
	struct registration registrations[REGISTRATIONS];
	errno = EBADF;
	if (old_flags < 0 || fcntl(fd, F_SETFL, flags) != 0)
		return false;
	/* Move epoll registrations to the new socket only if it is nonblocking. On a blocking socket, a program waits in connect(2), so it needs no epoll for this. */
	size_t count = (flags & O_NONBLOCK) == 0 ? 0 : find_registrations(call, registrations);
	int result;
	while ((result = ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &replacement)) < 0 && errno == EINTR)
		;
	int error = errno;
	if (result >= 0)
		move_registrations(call, fd, registrations, count);
	errno = error;
	return result >= 0;
}
