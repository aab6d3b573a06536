// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measures allowed connections.
 *
 * egress serve PORT              accepts connections one after the other, and reads all data of each
 * egress connect HOST PORT COUNT connects COUNT times, and prints the median duration of connect(2) in microseconds
 * egress send HOST PORT MBYTES   sends MBYTES megabytes on one connection, and prints megabytes per second
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 16];

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int make(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0) {
		perror("socket");
		exit(1);
	}
	return fd;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int serve(struct sockaddr_in *at)
{
	int on = 1, fd = make();
	at->sin_addr.s_addr = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)at, sizeof *at) != 0 || listen(fd, 4096) != 0)
		return 1;
	for (;;) {
		int one = accept(fd, NULL, NULL);
		while (read(one, buffer, sizeof buffer) > 0)
			;
		close(one);
	}
}

static int connect_many(const struct sockaddr_in *to, int count)
{
	double *took = calloc((size_t)count, sizeof *took);
	struct linger reset = {1, 0};
	for (int i = 0; i < count; i++) {
		int fd = make();
		double began = now();
		if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
			perror("connect");
			return 1;
		}
		took[i] = now() - began;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	qsort(took, (size_t)count, sizeof *took, compare);
	printf("%.1f\n", took[count / 2]);
	free(took);
	return 0;
}

static int send_much(const struct sockaddr_in *to, int megabytes)
{
	int fd = make();
	if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
		perror("connect");
		return 1;
	}
	double began = now();
	for (int i = 0; i < megabytes * 16; i++)
		if (write(fd, buffer, sizeof buffer) != (ssize_t)sizeof buffer)
			return 1;
	shutdown(fd, SHUT_WR);
	if (read(fd, buffer, 1) != 0)
		return 1;
	printf("%.0f\n", megabytes / ((now() - began) / 1e6));
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		to.sin_port = htons((unsigned short)atoi(argv[2]));
		return serve(&to);
	}
	if (argc != 5 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((unsigned short)atoi(argv[3]));
	return strcmp(argv[1], "send") == 0 ? send_much(&to, atoi(argv[4])) : connect_many(&to, atoi(argv[4]));
}
