/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the test programs in test/egress: PROGRAM ACTION HOST PORT [ARG...]. Each exits with 0, or prints the failed expectation and exits with 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static char **arguments;
static union address to;
static socklen_t size;

static void fail(const char *what)
{
	printf("%s: errno %s\n", what, strerrorname_np(errno));
	exit(1);
}

static socklen_t set_address(union address *at, const char *host, const char *port)
{
	memset(at, 0, sizeof *at);
	if (inet_pton(AF_INET, host, &at->in.sin_addr) == 1) {
		at->in.sin_family = AF_INET;
		at->in.sin_port = htons((uint16_t)atoi(port));
		return sizeof at->in;
	}
	if (inet_pton(AF_INET6, host, &at->in6.sin6_addr) != 1)
		fail(host);
	at->in6.sin6_family = AF_INET6;
	at->in6.sin6_port = htons((uint16_t)atoi(port));
	return sizeof at->in6;
}

static inline int make_socket(int flags)
{
	int fd = socket(to.any.sa_family, SOCK_STREAM | flags, 0);
	if (fd < 0)
		fail("socket");
	return fd;
}

static inline void expect(bool good, const char *what)
{
	if (!good)
		fail(what);
}

static inline void expect_echo(int fd)
{
	char text[6] = "";
	expect(send(fd, "hello", 5, 0) == 5, "send");
	expect(recv(fd, text, 5, MSG_WAITALL) == 5 && strcmp(text, "hello") == 0, "recv");
}

struct action {
	const char *name;
	void (*run)(void);
};

/* Runs the action that the first argument of the program names. Returns the exit status, which is 2 for wrong usage. */
static inline int run_action(int argc, char **argv, const struct action *actions, size_t count)
{
	if (argc < 4)
		return 2;
	arguments = argv + 1;
	size = set_address(&to, argv[2], argv[3]);
	for (size_t i = 0; i < count; i++)
		if (strcmp(actions[i].name, argv[1]) == 0) {
			actions[i].run();
			return 0;
		}
	return 2;
}
