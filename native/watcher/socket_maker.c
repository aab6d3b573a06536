// SPDX-License-Identifier: GPL-2.0-or-later
#include "watcher/socket_maker.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "options/families.h"
#include "util/fds.h"

/* Time limit for the reply of init. init replies at once, unless a signal has stopped it. */
#define TIMEOUT_MILLISECONDS 500

struct socket_request {
	uint64_t id; /* ID of the seccomp notification; a reply with another ID belongs to an earlier request that timed out */
	int family, type, protocol;
};

struct socket_reply {
	uint64_t id;
	uint64_t network; /* inode of init's network namespace */
	int error;	  /* errno, or 0 if a descriptor is attached */
};

static uint64_t network_of(const char *process)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof path, "/proc/%s/ns/net", process);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Requests a socket from init. Returns the socket, or -1 and sets *error to an errno. network: the inode of the calling thread's network namespace. */
static int request_socket(int maker, const struct socket_request *wanted, uint64_t network, int *error)
{
	struct pollfd init = {.fd = maker, .events = POLLIN};
	*error = ENOBUFS;
	if (maker < 0 || send(maker, wanted, sizeof *wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *wanted)
		return -1;
	while (poll(&init, 1, TIMEOUT_MILLISECONDS) == 1) {
		struct socket_reply reply;
		int fds[PASSED_FDS];
		if (fd_passing_receive(maker, &reply, sizeof reply, fds, NULL) != 1)
			return -1;
		bool is_of_thread = reply.network != 0 && reply.network == network;
		if (reply.id == wanted->id)
			*error = reply.error == 0 && !is_of_thread ? EAFNOSUPPORT : reply.error;
		if (reply.id == wanted->id && *error == 0)
			return fds[0];
		if (fds[0] >= 0)
			close(fds[0]);
		if (reply.id == wanted->id)
			return -1;
	}
	return -1;
}

static void answer_with_socket(const struct target *target, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd added = {
		.id = target->notification, .srcfd = (uint32_t)fd, .newfd_flags = close_on_exec ? SOCK_CLOEXEC : 0, .flags = SECCOMP_ADDFD_FLAG_SEND};
	if (ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) >= 0 || errno == ENOENT)
		return;
	/* EINVAL: Linux before 5.14 lacks SECCOMP_ADDFD_FLAG_SEND, so add the descriptor and respond separately. With any other error, such as EMFILE, the call fails. */
	added.flags = 0;
	int number = errno == EINVAL ? ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) : -1;
	target_respond(target, 0, number < 0 ? errno : 0, number < 0 ? 0 : number);
}

void socket_maker_answer(const struct socket_maker *maker, const struct request *request, const struct target *target)
{
	const uint64_t *arguments = request->arguments;
	struct socket_request wanted = {target->notification, (int)arguments[0], (int)arguments[1] & ~SOCK_CLOEXEC, (int)arguments[2]};
	int error = EAFNOSUPPORT, fd = -1;
	char thread[16];
	snprintf(thread, sizeof thread, "%d", target->tid);
	if (!request->unreadable && families_permit(maker->families, arguments[0], arguments[1]))
		fd = request_socket(maker->socket, &wanted, network_of(thread), &error);
	if (fd < 0) {
		target_respond(target, 0, error, 0);
		return;
	}
	answer_with_socket(target, fd, ((int)arguments[1] & SOCK_CLOEXEC) != 0);
	close(fd);
}

/* Creates the socket without capabilities, because init may have some that the calling thread has given up. */
static int create_socket(const struct socket_request *wanted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3], none[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, held) != 0)
		return -1;
	memcpy(none, held, sizeof none);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		none[i].effective = 0;
	if (syscall(SYS_capset, &header, none) != 0)
		return -1;
	int fd = socket(wanted->family, wanted->type | SOCK_CLOEXEC, wanted->protocol), error = errno;
	syscall(SYS_capset, &header, held);
	errno = error;
	return fd;
}

bool socket_maker_serve(int watcher)
{
	struct socket_request wanted;
	ssize_t got = recv(watcher, &wanted, sizeof wanted, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got != (ssize_t)sizeof wanted)
		return false;
	int fd = create_socket(&wanted);
	struct socket_reply reply = {wanted.id, network_of("self"), fd < 0 ? errno : 0};
	fd_passing_send(watcher, &reply, sizeof reply, (const int[PASSED_FDS]){fd, -1});
	if (fd >= 0)
		close(fd);
	return true;
}
