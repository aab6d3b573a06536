// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connects blocked COUNT             connects COUNT times to an address without a route
 * connects loopback COUNT            connects COUNT TCP sockets to a port on which this program listens
 * connects socket COUNT FILE         connects a datagram socket COUNT times to the UNIX socket FILE; if FILE does not exist, binds it first
 * connects parallel COUNT PROCESSES  connects COUNT times in all to an address without a route, from PROCESSES processes at the same time
 *
 * Prints the median duration of connect(2) in nanoseconds, because other load changes the median less than the mean. parallel prints the
 * duration of the whole run in nanoseconds.
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

/* Connects and stores the duration of connect(2) in nanoseconds. Returns 0 on success, otherwise the errno of connect(2). */
static int connect_timed(int fd, const void *to, socklen_t size, long long *duration)
{
	long long began = nanoseconds();
	int error = connect(fd, to, size) == 0 ? 0 : errno;
	*duration = nanoseconds() - began;
	return error;
}

static bool connect_blocked(int count, long long *durations)
{
	struct sockaddr_in to = address_of("198.51.100.7", 443);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < count; i++)
		if (connect_timed(fd, &to, sizeof to, &durations[i]) != ENETUNREACH)
			return false;
	close(fd);
	return true;
}

static bool connect_in_parallel(int count, long long *durations, int processes)
{
	int status, failed = 0;
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			_exit(connect_blocked(count / processes, durations) ? 0 : 1);
	while (wait(&status) > 0)
		failed |= status;
	return failed == 0;
}

static bool connect_to_self(int count, long long *durations)
{
	struct sockaddr_in own = address_of("127.0.0.1", 0);
	struct linger reset = {1, 0};
	socklen_t size = sizeof own;
	int server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&own, size) != 0 || listen(server, 1) != 0 || getsockname(server, (struct sockaddr *)&own, &size) != 0)
		return false;
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect_timed(fd, &own, size, &durations[i]) != 0)
			return false;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
		close(accept(server, NULL, NULL));
	}
	return true;
}

static bool connect_to_socket(int count, long long *durations, const char *file)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", file);
	if (access(file, F_OK) != 0 && bind(server, (struct sockaddr *)&to, sizeof to) != 0)
		return false;
	for (int i = 0; i < count; i++)
		if (connect_timed(fd, &to, sizeof to, &durations[i]) != 0)
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int count = argc >= 3 ? atoi(argv[2]) : 0;
	long long *durations = calloc((size_t)count + 1, sizeof *durations);
	if (count <= 0 || durations == NULL)
		return 2;
	const char *kind = argv[1];
	long long began = nanoseconds();
	bool parallel = argc == 4 && strcmp(kind, "parallel") == 0, done;
	if (parallel)
		done = connect_in_parallel(count, durations, atoi(argv[3]));
	else if (argc == 4)
		done = connect_to_socket(count, durations, argv[3]);
	else
		done = strcmp(kind, "loopback") == 0 ? connect_to_self(count, durations) : connect_blocked(count, durations);
	long long took = nanoseconds() - began;
	qsort(durations, (size_t)count, sizeof *durations, compare);
	printf("%lld\n", parallel ? took : durations[count / 2]);
	free(durations);
	return done ? 0 : 1;
}
