// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the parser of a SOCKS5 reply. The input is the reply. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "egress/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t got = 0, length;
	unsigned char *reply = malloc(SOCKS_REPLY);
	if (reply == NULL)
		return 0;
	/* Pass the reply byte by byte, so that the parser sees each possible incomplete reply. */
	while (got < (length = socks_reply_length(reply, got)) && got < size) {
		assert(length <= SOCKS_REPLY);
		reply[got] = data[got];
		got++;
	}
	if (got == length) {
		/* Allocate the exact size, so that AddressSanitizer detects an access beyond the reply. */
		unsigned char *whole = realloc(reply, length);
		assert(whole != NULL);
		reply = whole;
		int error = socks_reply_error(whole);
		struct destination address = socks_reply_address(whole);
		assert(error >= 0 && error < 4096);
		assert(error == EPROTO || (whole[0] == 5 && whole[2] == 5));
		assert((error == 0) == (whole[0] == 5 && whole[1] == 0 && whole[2] == 5 && whole[3] == 0));
		assert(address.family == (whole[5] == 4 ? AF_INET6 : AF_INET));
		assert(address.port == (whole[length - 2] << 8 | whole[length - 1]));
		assert(memcmp(address.address, whole + 6, address.family == AF_INET6 ? 16 : 4) == 0);
	}
	free(reply);
	return 0;
}
