// SPDX-License-Identifier: GPL-2.0-or-later
/* Emulates system calls: the watcher executes a call in place of the calling thread. The emulated sends and setsockopt(2) are from socketcall(2) of i386, so their structures have 32-bit members. */
#include <asm/socket.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "egress/egress_internal.h"
#include "seccomp/socket_permit.h"
#include "util/fds.h"

bool emulate_is_needed(const struct egress_call *call, const struct request *request)
{
	/* If the phase is root, let the kernel continue calls on UNIX sockets: the watcher, which may have other user and group ids (rights.c), cannot use all sockets that root can use. As root, the phase can enter the host's network anyway (setns(2)). */
	if (call->egress->phase_is_root && socket_family(call->socket) == AF_UNIX)
		return false;
	return request->is_socketcall || call->egress->descriptors_are_shared || !target_is_single_threaded(&call->target);
}

static int emulate_connect(const struct egress_call *call, const struct request *request)
{
	if (request->path_count == 0)
		return connect(call->socket, &request->name.any, request->name_length) == 0 ? 0 : errno;
	struct sockaddr_un link = {.sun_family = AF_UNIX};
	int file = target_open_path(&call->target, request->paths[0]);
	if (file < 0)
		return errno;
	snprintf(link.sun_path, sizeof link.sun_path, "/proc/self/fd/%d", file);
	return connect(call->socket, (struct sockaddr *)&link, sizeof link) == 0 ? 0 : errno;
}

/* Sets the socket option that the call requests. Returns 0 or an errno: ENOPROTOOPT if the option is not permitted (socket_permits()). */
static int emulate_setsockopt(const struct egress_call *call, const struct request *request)
{
	int level = (int)request->arguments[1], name = (int)request->arguments[2];
	uint32_t length = (uint32_t)request->arguments[4];
	/* The value of every option in permitted_levels fits in this union. The longest is a struct ipv6_mreq of 20 bytes. */
	union {
		char bytes[64];
		struct {
			int32_t seconds, microseconds;
		} time32; /* struct timeval of i386; converted to time64, because the kernel accepts time32 only from 32-bit processes (sock_set_timeout() in net/core/sock.c) */
		struct {
			int64_t seconds, microseconds;
		} time64;
	} value = {0};
	if (!socket_permits((uint32_t)level, (uint32_t)name))
		return ENOPROTOOPT;
	if (length > INT32_MAX)
		return EINVAL;
	if (length > sizeof value)
		length = sizeof value;
	if (length > 0 && !target_read(&call->target, request->arguments[3], &value, length))
		return EFAULT;
	if (level == SOL_SOCKET && (name == SO_RCVTIMEO_OLD || name == SO_SNDTIMEO_OLD)) {
		if (length < sizeof value.time32)
			return EINVAL;
		int32_t seconds = value.time32.seconds, microseconds = value.time32.microseconds;
		value.time64.seconds = seconds;
		value.time64.microseconds = microseconds;
		length = sizeof value.time64;
		name = name == SO_RCVTIMEO_OLD ? SO_RCVTIMEO_NEW : SO_SNDTIMEO_NEW;
	}
	return setsockopt(call->socket, level, name, &value, length) == 0 ? 0 : errno;
}

enum { MOST_DATA = 256 << 10, /* size in bytes of the buffer of a helper process, a child that executes a send; a longer message is sent in several parts on a stream socket, and fails with EMSGSIZE on others */
       MOST_PARTS = 1024 /* maximum number of parts of one message (UIO_MAXIOV); with more parts the call fails with EMSGSIZE */,
       MOST_MESSAGES = 1024 };

/* struct iovec, msghdr and mmsghdr, as i386 processes have them in memory. */
struct iovec32 {
	uint32_t base, length;
};
struct msghdr32 {
	uint32_t name, name_length, parts, part_count, control, control_length, flags;
};
struct mmsghdr32 {
	struct msghdr32 message;
	uint32_t sent;
};

/*
 * Copies a message from the target's memory to data, which has room for MOST_DATA bytes, and sends it. Does not allocate more for a longer message, because the memory of
 * a helper process does not count against the limits of the phase: on a stream socket, sends it in several parts; on others, fails with EMSGSIZE. Returns the number of bytes sent, or -1 and sets errno.
 */
static ssize_t send_parts(const struct egress_call *call, const struct msghdr32 *message, const struct iovec32 *parts, uint32_t flags, char *data)
{
	union socket_address name;
	uint32_t name_length = message->name == 0 ? 0 : message->name_length;
	errno = name_length > sizeof name ? EINVAL : EFAULT;
	if (name_length > sizeof name || (name_length > 0 && !target_read(&call->target, message->name, &name, name_length)))
		return -1;
	ssize_t sent, total = 0;
	size_t length;
	uint32_t part = 0, offset = 0; /* the first byte that has not been copied to data yet: index of its part, and its offset in this part */
	do {
		for (length = 0; part < message->part_count && length < MOST_DATA;) {
			size_t left = parts[part].length - offset, size = left < MOST_DATA - length ? left : MOST_DATA - length;
			errno = EFAULT;
			if (size > 0 && !target_read(&call->target, parts[part].base + offset, data + length, size))
				return total > 0 ? total : -1;
			length += size;
			offset = size < left ? offset + (uint32_t)size : 0;
			part += size == left;
		}
		/* Send nothing if the call has ended meanwhile: the TID may belong to another process now, so the data may be from that process. */
		if (!target_is_valid(&call->target))
			return -1;
		errno = EMSGSIZE;
		if (part < message->part_count && socket_option(call->socket, SOL_SOCKET, SO_TYPE) != SOCK_STREAM)
			return -1;
		sent = sendto(call->socket, data, length, (int)flags | MSG_NOSIGNAL, name_length == 0 ? NULL : &name.any, name_length);
		total += sent > 0 ? sent : 0;
	} while (part < message->part_count && sent == (ssize_t)length);
	if (total > 0 || sent == 0)
		return total;
	if (errno == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
		if (target_is_valid(&call->target))
			syscall(SYS_tkill, call->target.tid, SIGPIPE);
		errno = EPIPE;
	}
	return -1;
}

static ssize_t send_message(const struct egress_call *call, const struct msghdr32 *message, uint32_t flags, char *data)
{
	struct iovec32 parts[MOST_PARTS];
	errno = message->part_count > MOST_PARTS ? EMSGSIZE : EOPNOTSUPP;
	if (message->part_count > MOST_PARTS || message->control_length > 0)
		return -1;
	errno = EFAULT;
	if (message->part_count > 0 && !target_read(&call->target, message->parts, parts, message->part_count * sizeof *parts))
		return -1;
	return send_parts(call, message, parts, flags, data);
}

static ssize_t send_messages(const struct egress_call *call, const uint64_t arguments[6], char *data)
{
	const struct target *target = &call->target;
	ssize_t done = 0;
	for (; (uint64_t)done < arguments[2] && done < MOST_MESSAGES; done++) {
		struct mmsghdr32 entry;
		uint64_t address = arguments[1] + (uint64_t)done * sizeof entry;
		ssize_t sent = target_read(target, address, &entry, sizeof entry) ? send_message(call, &entry.message, (uint32_t)arguments[3], data) : -1;
		entry.sent = (uint32_t)sent;
		struct iovec local = {&entry.sent, sizeof entry.sent};
		struct iovec remote = {(void *)(uintptr_t)(address + offsetof(struct mmsghdr32, sent)), sizeof entry.sent};
		if (sent < 0 || !target_is_valid(target) || process_vm_writev(target->tid, &local, 1, &remote, 1, 0) < 0)
			return done > 0 ? done : -1;
	}
	return done;
}

/* Executes a sendto, sendmsg or sendmmsg, and waits until the data is sent. data: a buffer of MOST_DATA bytes. Fails with EOPNOTSUPP for ancillary data and MSG_FASTOPEN. Returns the result of the call, or -1 and sets errno. */
static ssize_t emulate_send(const struct egress_call *call, const struct request *request, char *data)
{
	const uint64_t *arguments = request->arguments;
	uint32_t flags = (uint32_t)arguments[request->call == CALL_SENDMSG ? 2 : 3];
	errno = EOPNOTSUPP;
	if ((flags & MSG_FASTOPEN) != 0)
		return -1;
	if (request->call == CALL_SENDMMSG)
		return send_messages(call, arguments, data);
	struct msghdr32 message = {.name = (uint32_t)arguments[4], .name_length = (uint32_t)arguments[5], .part_count = 1};
	if (request->call == CALL_SENDTO)
		return send_parts(call, &message, &(struct iovec32){(uint32_t)arguments[1], (uint32_t)arguments[2]}, flags, data);
	return target_read(&call->target, arguments[1], &message, sizeof message) ? send_message(call, &message, flags, data) : -1;
}

/* Handles an event of a call that a helper process executes. If the call is interrupted or ends while the helper process runs, kills the helper process. Always returns false: the call is no longer pending. */
static bool end_helper(struct pending_call *pending, enum pending_event event)
{
	if (event != PENDING_READY)
		syscall(SYS_pidfd_send_signal, pending->source.fd, SIGKILL, NULL, 0);
	/* If the helper process has already answered the call, this second answer has no effect. */
	if (event == PENDING_SIGNAL)
		target_respond(&pending->call.target, 0, pending->interrupted, 0);
	return false;
}

static noreturn void run_helper(const struct egress_call *call, const struct request *request, pid_t watcher)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != watcher)
		_exit(1);
	if (request->call == CALL_CONNECT) {
		target_respond(&call->target, 0, emulate_connect(call, request), 0);
	} else {
		char *data = malloc(MOST_DATA);
		ssize_t sent = data == NULL ? -1 : emulate_send(call, request, data);
		target_respond(&call->target, 0, sent < 0 ? errno : 0, sent < 0 ? 0 : sent);
		free(data);
	}
	_exit(0);
}

/* Forks a helper process that executes and answers the call, so that the watcher itself does not wait. Returns true if the call is or will be answered, false if it has already ended. */
static bool start_helper(const struct egress_call *call, const struct request *request)
{
	/* Ignore SIGCHLD, so that the kernel reaps the helper process. */
	signal(SIGCHLD, SIG_IGN);
	pid_t watcher = getpid(), helper = fork();
	if (helper == 0)
		run_helper(call, request, watcher);
	int pidfd = helper < 0 ? -1 : (int)syscall(SYS_pidfd_open, helper, 0);
	if (pidfd >= 0 && pending_add(call, pidfd, EPOLLIN, false, end_helper) != NULL)
		return true;
	if (helper > 0)
		kill(helper, SIGKILL);
	close_fd(pidfd);
	return target_respond(&call->target, 0, EAGAIN, 0);
}

/* Returns true if the call may have to wait, for example for a peer: a helper process must then execute it. Returns false if the watcher can execute it at once. */
static bool may_wait(const struct egress_call *call, const struct request *request)
{
	int type = socket_option(call->socket, SOL_SOCKET, SO_TYPE);
	return request->call != CALL_CONNECT || request->path_count > 0 ||
	       ((type == SOCK_STREAM || type == SOCK_SEQPACKET) && socket_is_blocking(call->socket));
}

bool egress_emulate(const struct egress_call *call, const struct request *request)
{
	int error;
	if (request->call == CALL_LISTEN)
		error = listen(call->socket, (int)request->arguments[1]) == 0 ? 0 : errno;
	else if (request->unreadable)
		error = EFAULT;
	else if (request->call == CALL_SETSOCKOPT)
		error = emulate_setsockopt(call, request);
	else if (may_wait(call, request))
		return start_helper(call, request);
	else
		error = emulate_connect(call, request);
	return target_respond(&call->target, 0, error, 0);
}
