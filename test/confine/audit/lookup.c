// SPDX-License-Identifier: GPL-2.0-or-later
/* lookup NAME: looks up the name by getaddrinfo(3) and prints the result. */
#include <netdb.h>
#include <stdio.h>

int main(int count, char **arguments)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	int error = getaddrinfo(count > 1 ? arguments[1] : "", "80", &hints, &found);
	puts(error == EAI_AGAIN ? "EAI_AGAIN" : gai_strerror(error));
	return 0;
}
