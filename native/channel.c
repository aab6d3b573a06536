#include "channel.h"

#include <errno.h>
#include <sys/socket.h>

bool channel_open(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}

void channel_say(int end, const struct message *message)
{
	while (send(end, message, sizeof *message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

int channel_hear(int end, struct message *message)
{
	for (;;) {
		ssize_t got = recv(end, message, sizeof *message, 0);
		if (got == (ssize_t)sizeof *message)
			return 1;
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return 0;
		errno = got < 0 ? errno : EPROTO;
		return -1;
	}
}
