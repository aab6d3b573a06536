#include "audit_news.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { FDS = 2 };

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(FDS * sizeof(int))];
};

bool audit_news_send(int socket, const struct audit_news *news)
{
	union control control = {0};
	struct iovec part = {(void *)news, sizeof *news};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	size_t count = 0;
	while (count < FDS && news->fds[count] >= 0)
		count++;
	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), news->fds, count * sizeof(int));
	}
	ssize_t sent;
	while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return sent == (ssize_t)sizeof *news;
}

int audit_news_receive(int socket, struct audit_news *news)
{
	union control control;
	struct iovec part = {news, sizeof *news};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t got;
	while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got == 0)
		return 0;
	if (got != (ssize_t)sizeof *news) {
		errno = got < 0 ? errno : EPROTO;
		return -1;
	}
	news->fds[0] = news->fds[1] = -1;
	news->why[sizeof news->why - 1] = '\0';
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(news->fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return 1;
}
