// SPDX-License-Identifier: GPL-2.0-or-later
#include "egress/egress_internal.h"

#include <arpa/inet.h>

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
