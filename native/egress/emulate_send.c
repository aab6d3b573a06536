#include "egress/emulate_send.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "watcher/target.h"

enum { MOST = 4 << 20,
       PARTS = 1024 /* UIO_MAXIOV */,
       MESSAGES = 1024 };

/* As i386 has them in memory. */
struct part32 {
	uint32_t base, length;
};
struct message32 {
	uint32_t name, name_length, parts, part_count, control, control_length, flags;
};
struct numbered32 {
	struct message32 message;
	uint32_t sent;
};

struct outgoing {
	union socket_address name;
	uint32_t name_length;
	char *data;
	size_t length;
};

static bool read_name(struct outgoing *outgoing, pid_t tid, uint32_t at, uint32_t length)
{
	outgoing->name_length = at == 0 ? 0 : length;
	errno = outgoing->name_length > sizeof outgoing->name ? EINVAL : EFAULT;
	return outgoing->name_length <= sizeof outgoing->name &&
	       (outgoing->name_length == 0 || target_read(tid, at, &outgoing->name, outgoing->name_length));
}

/* Appends what is there; of a stream what is too long is sent in part. */
static bool read_data(struct outgoing *outgoing, pid_t tid, struct part32 part)
{
	size_t size = part.length < MOST - outgoing->length ? part.length : MOST - outgoing->length;
	char *larger = realloc(outgoing->data, outgoing->length + size + 1);
	errno = larger == NULL ? ENOMEM : EFAULT;
	if (larger == NULL)
		return false;
	outgoing->data = larger;
	if (size > 0 && !target_read(tid, part.base, larger + outgoing->length, size))
		return false;
	outgoing->length += size;
	return true;
}

static bool read_message(struct outgoing *outgoing, pid_t tid, const struct message32 *message)
{
	static struct part32 parts[PARTS];
	errno = message->part_count > PARTS ? EMSGSIZE : EOPNOTSUPP;
	if (message->part_count > PARTS || message->control_length > 0 ||
	    !read_name(outgoing, tid, message->name, message->name_length))
		return false;
	errno = EFAULT;
	if (message->part_count > 0 && !target_read(tid, message->parts, parts, message->part_count * sizeof *parts))
		return false;
	for (uint32_t i = 0; i < message->part_count; i++)
		if (!read_data(outgoing, tid, parts[i]))
			return false;
	return true;
}

static ssize_t send_out(const struct egress_call *call, struct outgoing *outgoing, uint32_t flags)
{
	ssize_t sent = sendto(call->socket, outgoing->data, outgoing->length, (int)flags | MSG_NOSIGNAL,
			      outgoing->name_length == 0 ? NULL : &outgoing->name.any, outgoing->name_length);
	if (sent < 0 && errno == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
		if (target_is_there())
			syscall(SYS_tkill, call->tid, SIGPIPE);
		errno = EPIPE;
	}
	free(outgoing->data);
	return sent;
}

static ssize_t send_message(const struct egress_call *call, const struct message32 *message, uint32_t flags)
{
	struct outgoing outgoing = {0};
	if (read_message(&outgoing, call->tid, message))
		return send_out(call, &outgoing, flags);
	free(outgoing.data);
	return -1;
}

static ssize_t send_to(const struct egress_call *call, const uint64_t arguments[6])
{
	struct message32 message = {.name = (uint32_t)arguments[4], .name_length = (uint32_t)arguments[5]};
	struct part32 part = {(uint32_t)arguments[1], (uint32_t)arguments[2]};
	struct outgoing outgoing = {0};
	if (read_message(&outgoing, call->tid, &message) && read_data(&outgoing, call->tid, part))
		return send_out(call, &outgoing, (uint32_t)arguments[3]);
	free(outgoing.data);
	return -1;
}

static ssize_t send_several(const struct egress_call *call, const uint64_t arguments[6])
{
	ssize_t done = 0;
	for (uint64_t i = 0; i < arguments[2] && i < MESSAGES; i++) {
		struct numbered32 one = {0};
		uint64_t at = arguments[1] + i * sizeof one;
		errno = EFAULT;
		ssize_t sent =
			target_read(call->tid, at, &one, sizeof one) ? send_message(call, &one.message, (uint32_t)arguments[3]) : -1;
		if (sent < 0)
			return done > 0 ? done : -1;
		one.sent = (uint32_t)sent;
		struct iovec here = {&one.sent, sizeof one.sent};
		struct iovec there = {(void *)(uintptr_t)(at + offsetof(struct numbered32, sent)), sizeof one.sent};
		if (!target_is_there() || process_vm_writev(call->tid, &here, 1, &there, 1, 0) < 0)
			return done > 0 ? done : -1;
		done++;
	}
	return done;
}

void emulate_send(const struct egress_call *call, const struct request *request)
{
	const uint64_t *arguments = request->arguments;
	uint64_t flags = arguments[request->call == CALL_SENDMSG ? 2 : 3];
	struct message32 message = {0};
	ssize_t sent = -1;
	errno = EFAULT;
	if ((flags & MSG_FASTOPEN) != 0)
		errno = EOPNOTSUPP;
	else if (request->call == CALL_SENDTO)
		sent = send_to(call, arguments);
	else if (request->call == CALL_SENDMMSG)
		sent = send_several(call, arguments);
	else if (target_read(call->tid, arguments[1], &message, sizeof message))
		sent = send_message(call, &message, (uint32_t)flags);
	if (sent < 0)
		egress_answer(call, errno);
	else
		egress_answer_count(call, sent);
}
