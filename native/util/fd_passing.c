#include "util/fd_passing.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(PASSED_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static void take(struct cmsghdr *header, int fds[PASSED_FDS], pid_t *sender)
{
	size_t length = header->cmsg_len - CMSG_LEN(0), most = PASSED_FDS * sizeof *fds;
	struct ucred from;
	if (header->cmsg_level != SOL_SOCKET)
		return;
	if (header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header), length < most ? length : most);
	if (header->cmsg_type == SCM_CREDENTIALS && sender != NULL) {
		memcpy(&from, CMSG_DATA(header), sizeof from);
		*sender = from.pid;
	}
}

bool fd_passing_send(int socket, struct iovec *parts, size_t count, const int fds[PASSED_FDS])
{
	union control control = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	size_t passed = 0, length = 0;
	while (passed < PASSED_FDS && fds[passed] >= 0)
		passed++;
	if (passed > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(passed * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(passed * sizeof(int));
		memcpy(CMSG_DATA(header), fds, passed * sizeof(int));
	}
	for (size_t i = 0; i < count; i++)
		length += parts[i].iov_len;
	ssize_t sent;
	while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return sent == (ssize_t)length;
}

ssize_t fd_passing_receive(int socket, struct iovec *parts, size_t count, int fds[PASSED_FDS], pid_t *sender)
{
	union control control;
	struct msghdr message = {
		.msg_iov = parts, .msg_iovlen = count, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t got;
	while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < PASSED_FDS; i++)
		fds[i] = -1;
	if (sender != NULL)
		*sender = 0;
	for (struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL; header != NULL; header = CMSG_NXTHDR(&message, header))
		take(header, fds, sender);
	return got;
}
