// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connects blocked COUNT             connects COUNT times to an address without a route
 * connects loopback COUNT            connects COUNT TCP sockets to a port on which this program listens
 * connects socket COUNT FILE         connects a datagram socket COUNT times to the UNIX socket FILE, and binds that socket first if FILE does not exist
 * connects parallel COUNT PROCESSES  as blocked, from PROCESSES processes at the same time, COUNT times in all
 *
 * Prints the mean duration of one call in nanoseconds; parallel: of the whole run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct sockaddr_in address_of(const char *text, unsigned short port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, text, &name.sin_addr);
	return name;
}

static int connect_blocked(int count)
{
	struct sockaddr_in to = address_of("198.51.100.7", 443);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < count; i++)
		if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno != ENETUNREACH)
			return 1;
	close(fd);
	return 0;
}

static int connect_in_parallel(int count, int processes)
{
	int status, failed = 0;
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			_exit(connect_blocked(count / processes));
	while (wait(&status) > 0)
		failed |= status;
	return failed;
}

/* Returns the time spent in connect(2), or -1. */
static long long connect_to_self(int count)
{
	struct sockaddr_in own = address_of("127.0.0.1", 0);
	struct linger reset = {1, 0};
	socklen_t size = sizeof own;
	long long took = 0;
	int server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&own, size) != 0 || listen(server, 1) != 0 || getsockname(server, (struct sockaddr *)&own, &size) != 0)
		return -1;
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		long long began = nanoseconds();
		if (connect(fd, (struct sockaddr *)&own, size) != 0)
			return -1;
		took += nanoseconds() - began;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
		close(accept(server, NULL, NULL));
	}
	return took;
}

static int connect_to_socket(int count, const char *file)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", file);
	if (access(file, F_OK) != 0 && bind(server, (struct sockaddr *)&to, sizeof to) != 0)
		return 1;
	for (int i = 0; i < count; i++)
		if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int count = argc >= 3 ? atoi(argv[2]) : 0;
	if (count <= 0)
		return 2;
	long long began = nanoseconds(), took = 0;
	bool is_socket = argc == 4 && strcmp(argv[1], "socket") == 0;
	if (strcmp(argv[1], "loopback") == 0)
		took = connect_to_self(count);
	else if (is_socket)
		took = connect_to_socket(count, argv[3]) == 0 ? 0 : -1;
	else if ((argc == 4 ? connect_in_parallel(count, atoi(argv[3])) : connect_blocked(count)) != 0)
		took = -1;
	if (took == 0)
		took = nanoseconds() - began;
	printf("%lld\n", argc == 4 && !is_socket ? took : took / count);
	return took < 0;
}
