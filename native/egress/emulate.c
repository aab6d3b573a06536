/* Makes a target's call in its stead. Only the socketcall(2) of i386 is emulated, so its structures have 32-bit members. */
#include <asm/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "egress/internal.h"
#include "egress/socket_permit.h"

static bool descriptors_are_shared, phase_is_root;

void emulate_open(bool is_root)
{
	phase_is_root = is_root;
}

void egress_note_shared_descriptors(void)
{
	descriptors_are_shared = true;
}

bool emulate_is_needed(const struct egress_call *call, const struct request *request)
{
	/* The watcher lacks root's rights to paths. The allow-list does not restrict root anyway. */
	if (phase_is_root && socket_family(call->socket) == AF_UNIX)
		return false;
	return request->is_socketcall || descriptors_are_shared || !target_is_single_threaded(&call->target);
}

/* Opens a path relative to the target's working directory or root. */
static int open_path(const struct target *target, const char *path)
{
	char from[64];
	bool absolute = *path == '/';
	snprintf(from, sizeof from, "/proc/%d/%s", target->tid, absolute ? "root" : "cwd");
	int folder = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* An open folder belongs to the target, even if its number is reused. */
	if (folder >= 0 && !target_is_valid(target)) {
		close(folder);
		errno = ESRCH;
		return -1;
	}
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = absolute ? RESOLVE_IN_ROOT : 0};
	return folder < 0 ? -1 : (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static bool names_path(const struct request *request)
{
	return request->name.any.sa_family == AF_UNIX && request->name_length > offsetof(struct sockaddr_un, sun_path) &&
	       request->name.un.sun_path[0] != '\0';
}

static int emulate_connect(const struct egress_call *call, const struct request *request)
{
	if (!names_path(request))
		return connect(call->socket, &request->name.any, request->name_length) == 0 ? 0 : errno;
	char path[sizeof request->name + 1] = "";
	struct sockaddr_un link = {.sun_family = AF_UNIX};
	memcpy(path, request->name.un.sun_path, request->name_length - offsetof(struct sockaddr_un, sun_path));
	int file = open_path(&call->target, path);
	if (file < 0)
		return errno;
	snprintf(link.sun_path, sizeof link.sun_path, "/proc/self/fd/%d", file);
	return connect(call->socket, (struct sockaddr *)&link, sizeof link) == 0 ? 0 : errno;
}

/* No permitted option is longer (struct ip_mreqn, TCP_CA_NAME_MAX). */
enum { MOST_OPTION_BYTES = 64 };

/* struct timeval of i386. The kernel accepts it from 32-bit processes only (sock_set_timeout() in net/core/sock.c). */
struct time32 {
	int32_t seconds, microseconds;
};
struct time64 {
	int64_t seconds, microseconds;
};

static int set_option(int socket, int level, int name, const void *value, socklen_t length)
{
	return setsockopt(socket, level, name, value, length) == 0 ? 0 : errno;
}

/* Returns 0 or an errno. */
static int emulate_setsockopt(const struct egress_call *call, const struct request *request)
{
	uint32_t level = (uint32_t)request->arguments[1], name = (uint32_t)request->arguments[2];
	int32_t length = (int32_t)request->arguments[4];
	union {
		char bytes[MOST_OPTION_BYTES];
		struct time32 time;
	} value = {0};
	if (!socket_permits(level, name))
		return ENOPROTOOPT;
	if (length < 0)
		return EINVAL;
	if (length > MOST_OPTION_BYTES)
		length = MOST_OPTION_BYTES;
	if (length > 0 && !target_read(&call->target, request->arguments[3], &value, (size_t)length))
		return EFAULT;
	if (level != SOL_SOCKET || (name != SO_RCVTIMEO_OLD && name != SO_SNDTIMEO_OLD))
		return set_option(call->socket, (int)level, (int)name, &value, (socklen_t)length);
	struct time64 time = {value.time.seconds, value.time.microseconds};
	if ((size_t)length < sizeof value.time)
		return EINVAL;
	return set_option(call->socket, SOL_SOCKET, name == SO_RCVTIMEO_OLD ? SO_RCVTIMEO_NEW : SO_SNDTIMEO_NEW, &time, sizeof time);
}

enum { MOST_DATA = 4 << 20,
       MOST_PARTS = 1024 /* UIO_MAXIOV */,
       MOST_MESSAGES = 1024 };

/* struct iovec, msghdr and mmsghdr of i386. */
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

struct outgoing {
	union socket_address name;
	uint32_t name_length;
	char *data;
	size_t length;
};

static bool read_name(struct outgoing *outgoing, const struct target *target, uint32_t address, uint32_t length)
{
	outgoing->name_length = address == 0 ? 0 : length;
	errno = outgoing->name_length > sizeof outgoing->name ? EINVAL : EFAULT;
	return outgoing->name_length <= sizeof outgoing->name &&
	       (outgoing->name_length == 0 || target_read(target, address, &outgoing->name, outgoing->name_length));
}

/* Appends the data of one part, MOST_DATA bytes in all. A longer message is sent in part, as a stream may be. */
static bool read_data(struct outgoing *outgoing, const struct target *target, struct iovec32 part)
{
	size_t size = part.length < MOST_DATA - outgoing->length ? part.length : MOST_DATA - outgoing->length;
	char *larger = realloc(outgoing->data, outgoing->length + size + 1);
	errno = larger == NULL ? ENOMEM : EFAULT;
	if (larger == NULL)
		return false;
	outgoing->data = larger;
	if (size > 0 && !target_read(target, part.base, larger + outgoing->length, size))
		return false;
	outgoing->length += size;
	return true;
}

static bool read_message(struct outgoing *outgoing, const struct target *target, const struct msghdr32 *message)
{
	static struct iovec32 parts[MOST_PARTS];
	errno = message->part_count > MOST_PARTS ? EMSGSIZE : EOPNOTSUPP;
	if (message->part_count > MOST_PARTS || message->control_length > 0 ||
	    !read_name(outgoing, target, message->name, message->name_length))
		return false;
	errno = EFAULT;
	if (message->part_count > 0 && !target_read(target, message->parts, parts, message->part_count * sizeof *parts))
		return false;
	for (uint32_t i = 0; i < message->part_count; i++)
		if (!read_data(outgoing, target, parts[i]))
			return false;
	return true;
}

static ssize_t send_out(const struct egress_call *call, struct outgoing *outgoing, uint32_t flags)
{
	ssize_t sent = sendto(call->socket, outgoing->data, outgoing->length, (int)flags | MSG_NOSIGNAL,
			      outgoing->name_length == 0 ? NULL : &outgoing->name.any, outgoing->name_length);
	if (sent < 0 && errno == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
		if (target_is_valid(&call->target))
			syscall(SYS_tkill, call->target.tid, SIGPIPE);
		errno = EPIPE;
	}
	free(outgoing->data);
	return sent;
}

static ssize_t send_message(const struct egress_call *call, const struct msghdr32 *message, uint32_t flags)
{
	struct outgoing outgoing = {0};
	if (read_message(&outgoing, &call->target, message))
		return send_out(call, &outgoing, flags);
	free(outgoing.data);
	return -1;
}

static ssize_t send_to(const struct egress_call *call, const uint64_t arguments[6])
{
	struct msghdr32 message = {.name = (uint32_t)arguments[4], .name_length = (uint32_t)arguments[5]};
	struct iovec32 part = {(uint32_t)arguments[1], (uint32_t)arguments[2]};
	struct outgoing outgoing = {0};
	if (read_message(&outgoing, &call->target, &message) && read_data(&outgoing, &call->target, part))
		return send_out(call, &outgoing, (uint32_t)arguments[3]);
	free(outgoing.data);
	return -1;
}

static ssize_t send_messages(const struct egress_call *call, const uint64_t arguments[6])
{
	ssize_t done = 0;
	for (uint64_t i = 0; i < arguments[2] && i < MOST_MESSAGES; i++) {
		struct mmsghdr32 entry = {0};
		uint64_t address = arguments[1] + i * sizeof entry;
		errno = EFAULT;
		ssize_t sent =
			target_read(&call->target, address, &entry, sizeof entry) ? send_message(call, &entry.message, (uint32_t)arguments[3]) : -1;
		if (sent < 0)
			return done > 0 ? done : -1;
		entry.sent = (uint32_t)sent;
		struct iovec local = {&entry.sent, sizeof entry.sent};
		struct iovec remote = {(void *)(uintptr_t)(address + offsetof(struct mmsghdr32, sent)), sizeof entry.sent};
		if (!target_is_valid(&call->target) || process_vm_writev(call->target.tid, &local, 1, &remote, 1, 0) < 0)
			return done > 0 ? done : -1;
		done++;
	}
	return done;
}

/*
 * Makes a sendto, sendmsg or sendmmsg and answers it. Waits until the data is sent. Ancillary data and MSG_FASTOPEN fail with EOPNOTSUPP.
 */
static void emulate_send(const struct egress_call *call, const struct request *request)
{
	const uint64_t *arguments = request->arguments;
	uint64_t flags = arguments[request->call == CALL_SENDMSG ? 2 : 3];
	struct msghdr32 message = {0};
	ssize_t sent = -1;
	errno = EFAULT;
	if ((flags & MSG_FASTOPEN) != 0)
		errno = EOPNOTSUPP;
	else if (request->call == CALL_SENDTO)
		sent = send_to(call, arguments);
	else if (request->call == CALL_SENDMMSG)
		sent = send_messages(call, arguments);
	else if (target_read(&call->target, arguments[1], &message, sizeof message))
		sent = send_message(call, &message, (uint32_t)flags);
	if (sent < 0)
		egress_answer(call, errno);
	else
		answer_with_count(call, sent);
}

/* The helper has ended, or the call has. */
static bool end_helper(const struct egress_call *call, int pidfd, enum pending_event event)
{
	if (event != PENDING_READY)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	/* No effect if the helper has answered already. */
	if (event == PENDING_SIGNAL)
		egress_answer(call, call->interrupted);
	return false;
}

static noreturn void run_helper(const struct egress_call *call, const struct request *request, pid_t watcher)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != watcher)
		_exit(1);
	if (request->call == CALL_CONNECT)
		egress_answer(call, emulate_connect(call, request));
	else
		emulate_send(call, request);
	_exit(0);
}

/* Forks a helper process that makes the call and answers it, because the call may wait. */
static bool start_helper(const struct egress_call *call, const struct request *request)
{
	struct egress_call pending = *call;
	pending.interrupted = pending_interrupt_error(call->socket);
	/* The kernel reaps the helper. */
	signal(SIGCHLD, SIG_IGN);
	pid_t watcher = getpid(), helper = fork();
	if (helper == 0)
		run_helper(call, request, watcher);
	int pidfd = helper < 0 ? -1 : (int)syscall(SYS_pidfd_open, helper, 0);
	if (pidfd >= 0 && pending_add(&pending, pidfd, POLLIN, 0, end_helper))
		return true;
	if (helper > 0)
		kill(helper, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	return egress_answer(call, EAGAIN);
}

bool egress_emulate(const struct egress_call *call, const struct request *request)
{
	int type = socket_option(call->socket, SOL_SOCKET, SO_TYPE);
	if (request->call == CALL_LISTEN)
		return egress_answer(call, listen(call->socket, (int)request->arguments[1]) == 0 ? 0 : errno);
	if (request->unreadable)
		return egress_answer(call, EFAULT);
	if (request->call == CALL_SETSOCKOPT)
		return egress_answer(call, emulate_setsockopt(call, request));
	bool may_wait = (type == SOCK_STREAM || type == SOCK_SEQPACKET) && socket_is_blocking(call->socket);
	if (may_wait || names_path(request) || request->call != CALL_CONNECT)
		return start_helper(call, request);
	return egress_answer(call, emulate_connect(call, request));
}
