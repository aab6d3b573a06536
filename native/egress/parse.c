/* Parsers for data that other processes control. They take a buffer, so that fuzz/ can test them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "egress/internal.h"

int fdinfo_close_on_exec(const char *text, unsigned long long inode)
{
	const char *flags = strstr(text, "flags:"), *inode_field = strstr(text, "ino:");
	if (flags == NULL || inode_field == NULL || strtoull(inode_field + 4, NULL, 10) != inode)
		return -1;
	return (int)(strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
}

bool fdinfo_has_registration(const char *line, int fd, unsigned long long inode, struct epoll_event *event)
{
	int found_fd;
	unsigned events;
	unsigned long long data, found_inode;
	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &found_fd, &events, &data, &found_inode) != 4)
		return false;
	*event = (struct epoll_event){.events = events, .data.u64 = data};
	return found_fd == fd && found_inode == inode;
}

enum { METHOD = 2,
       HEADER = 4,
       PORT = 2 };

static bool is_v6(const unsigned char *reply)
{
	return reply[METHOD + 3] == SOCKS_IPV6;
}

size_t socks_reply_length(const unsigned char *reply, size_t got)
{
	if (got < METHOD + HEADER)
		return METHOD + HEADER;
	return METHOD + HEADER + PORT + (is_v6(reply) ? 16 : 4);
}

int socks_reply_error(const unsigned char *reply)
{
	static const int errors[] = {[1] = ECONNREFUSED, [2] = EACCES, [3] = ENETUNREACH, [4] = EHOSTUNREACH, [5] = ECONNREFUSED, [6] = ETIMEDOUT};
	unsigned code = reply[METHOD + 1];
	if (reply[0] != SOCKS_VERSION || reply[1] != SOCKS_NO_AUTHENTICATION || reply[METHOD] != SOCKS_VERSION)
		return EPROTO;
	if (code == 0)
		return 0;
	return code < sizeof errors / sizeof *errors ? errors[code] : ECONNREFUSED;
}

struct destination socks_reply_address(const unsigned char *reply)
{
	const unsigned char *bound = reply + METHOD + HEADER;
	struct destination address = {.family = is_v6(reply) ? AF_INET6 : AF_INET};
	size_t size = is_v6(reply) ? 16 : 4;
	uint16_t port;
	memcpy(address.address, bound, size);
	memcpy(&port, bound + size, sizeof port);
	address.port = ntohs(port);
	return address;
}
