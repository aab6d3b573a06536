#include "watcher/setup_message.h"

#include <errno.h>

#include "util/fd_passing.h"

bool setup_message_send(int socket, const struct setup_message *news)
{
	struct iovec part = {(void *)news, sizeof *news};
	return fd_passing_send(socket, &part, 1, news->fds);
}

int setup_message_receive(int socket, struct setup_message *news)
{
	int fds[PASSED_FDS];
	struct iovec part = {news, sizeof *news};
	ssize_t got = fd_passing_receive(socket, &part, 1, fds, NULL);
	if (got == 0)
		return 0;
	if (got != (ssize_t)sizeof *news) {
		errno = got < 0 ? errno : EPROTO;
		return -1;
	}
	news->fds[0] = fds[0];
	news->fds[1] = fds[1];
	news->why[sizeof news->why - 1] = '\0';
	return 1;
}
