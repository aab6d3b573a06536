/* What a SOCKS5 proxy answers to "no authentication" and CONNECT, both in one (RFC 1928, 3 and 6). */
#ifndef SOCKS_REPLY_H
#define SOCKS_REPLY_H

#include <stddef.h>

#include "watcher/network_log.h"

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTHENTICATION = 0,
	SOCKS_IPV4 = 1,
	SOCKS_IPV6 = 4,
	SOCKS_REPLY = 2 + 4 + 16 + 2, /* its two parts at their longest */
};

/* How long the answer is, as far as that is known from its first got bytes; never more than SOCKS_REPLY. */
size_t socks_reply_length(const unsigned char *reply, size_t got);

/* What a whole answer says, as connect(2) would: 0, or an errno. */
int socks_reply_error(const unsigned char *reply);

/* The address that a whole answer names: the one of the proxy's own socket. */
struct destination socks_reply_address(const unsigned char *reply);

#endif
