// SPDX-License-Identifier: GPL-2.0-or-later
#include "init/init.h"

#include <sys/socket.h>
#include <sys/time.h>

bool channel_open(int ends[2])
{
	static const int on = 1;
	/* Time limit for sending a message to init. A stopped init does not read, and a full socket buffer must not block the supervisor. */
	static const struct timeval timeout = {.tv_usec = 10000};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
	    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0)
		return true;
	close_fd(ends[0]);
	close_fd(ends[1]);
	return false;
}

void channel_send(int end, const struct message *message)
{
	static const int none[PASSED_FDS] = {-1, -1};
	fd_passing_send(end, message, sizeof *message, message->type == MESSAGE_READY ? message->counters : none);
}

int channel_receive(int end, struct message *message)
{
	int fds[PASSED_FDS];
	pid_t sender = 0;
	int result = fd_passing_receive(end, message, sizeof *message, fds, &sender);
	if (result == 1) {
		message->sender = sender;
		if (message->type == MESSAGE_READY)
			memcpy(message->counters, fds, sizeof fds);
	}
	return result;
}
