#include "watcher/setup_message.h"

#include <errno.h>

#include "util/fds.h"

bool setup_message_send(int socket, const struct setup_message *message)
{
	struct iovec part = {(void *)message, sizeof *message};
	return fd_passing_send(socket, &part, 1, message->fds);
}

int setup_message_receive(int socket, struct setup_message *message)
{
	int fds[PASSED_FDS];
	struct iovec part = {message, sizeof *message};
	ssize_t got = fd_passing_receive(socket, &part, 1, fds, NULL);
	if (got == 0)
		return 0;
	if (got != (ssize_t)sizeof *message) {
		errno = got < 0 ? errno : EPROTO;
		return -1;
	}
	message->fds[0] = fds[0];
	message->fds[1] = fds[1];
	message->reason[sizeof message->reason - 1] = '\0';
	return 1;
}
