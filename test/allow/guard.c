/*
 * guard ENTRY... HOST?PORT...: how connecting a socket that is guarded for these entries ends, which can not be freed. Takes
 * CAP_NET_ADMIN where the kernel keeps filters on TCP sockets for that.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../native/guard.h"

static struct sock_filter filter[GUARD_ROOM];
static size_t length;

static int try_to(const char *host, int port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval patience = {0, 500000};
	int v6 = inet_pton(AF_INET6, host, &six.sin6_addr), fd;
	if (!v6 && inet_pton(AF_INET, host, &four.sin_addr) != 1)
		exit(2);
	fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (!guard_lock(fd, filter, length)) {
		perror("guard_lock");
		exit(1);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &v6, sizeof v6) == 0 || errno != EPERM)
		exit(3);
	int error = connect(fd, v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four, v6 ? sizeof six : sizeof four) == 0 ? 0 : errno;
	close(fd);
	return error;
}

int main(int argc, char **argv)
{
	struct allow allow = {0};
	for (int i = 1; i < argc; i++) {
		if (strchr(argv[i], '?') == NULL) {
			if (!allow_parse(argv[i], &allow.entries[allow.count++]))
				return 2;
			length = guard_build(&allow, filter);
			continue;
		}
		/* HOST?PORT: how does it end? */
		char *port = strchr(argv[i], '?');
		*port = '\0';
		int error = try_to(argv[i], atoi(port + 1));
		printf("%s\n", error == 0 ? "connected" : strerrorname_np(error));
	}
	return 0;
}
