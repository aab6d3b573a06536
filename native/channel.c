#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool channel_open(int ends[2])
{
	static const int on = 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0)
		return true;
	int saved = errno;
	close(ends[0]);
	close(ends[1]);
	errno = saved;
	return false;
}

void channel_say(int end, const struct message *message)
{
	while (send(end, message, sizeof *message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static pid_t sender(struct msghdr *parts)
{
	struct ucred from = {0};
	struct cmsghdr *header = CMSG_FIRSTHDR(parts);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
		memcpy(&from, CMSG_DATA(header), sizeof from);
	return from.pid;
}

int channel_hear(int end, struct message *message)
{
	for (;;) {
		union {
			struct cmsghdr header;
			char bytes[CMSG_SPACE(sizeof(struct ucred))];
		} control;
		struct iovec data = {message, sizeof *message};
		struct msghdr parts = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
		ssize_t got = recvmsg(end, &parts, MSG_CMSG_CLOEXEC);
		if (got == (ssize_t)sizeof *message) {
			message->sender = sender(&parts);
			return 1;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return 0;
		errno = got < 0 ? errno : EPROTO;
		return -1;
	}
}
