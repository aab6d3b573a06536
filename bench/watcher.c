// SPDX-License-Identifier: GPL-2.0-or-later
/* watcher: prints the cost of system calls, one line each: name and nanoseconds. Run it in a confined network. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5000 };

static int stream[2], datagram, cut_off;
static struct sockaddr_in server = {.sin_family = AF_INET}, unroutable = {.sin_family = AF_INET};
static char bytes[64];

static void blocked_connect(void)
{
	connect(cut_off, (struct sockaddr *)&unroutable, sizeof unroutable);
}

static void write_and_read(void)
{
	if (write(stream[0], bytes, sizeof bytes) != sizeof bytes || read(stream[1], bytes, sizeof bytes) != sizeof bytes)
		_exit(1);
}

static void send_and_recv(void)
{
	if (send(stream[0], bytes, sizeof bytes, 0) != sizeof bytes || recv(stream[1], bytes, sizeof bytes, 0) != sizeof bytes)
		_exit(1);
}

static void addressed_sendto(void)
{
	if (sendto(datagram, bytes, sizeof bytes, 0, (struct sockaddr *)&server, sizeof server) != sizeof bytes ||
	    recv(datagram, bytes, sizeof bytes, 0) != sizeof bytes)
		_exit(1);
}

static void sendmsg_and_recv(void)
{
	struct iovec part = {bytes, sizeof bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (sendmsg(stream[0], &message, 0) != sizeof bytes || recv(stream[1], bytes, sizeof bytes, 0) != sizeof bytes)
		_exit(1);
}

static void get_pid(void)
{
	getppid();
}

static void measure(const char *name, void (*call)(void))
{
	struct timespec began, ended;
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < ROUNDS; i++)
		call();
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%s %ld\n", name, ((ended.tv_sec - began.tv_sec) * 1000000000L + ended.tv_nsec - began.tv_nsec) / ROUNDS);
}

int main(void)
{
	socklen_t size = sizeof server;
	inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
	inet_pton(AF_INET, "198.51.100.7", &unroutable.sin_addr);
	unroutable.sin_port = htons(443);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in local = server;
	bind(listener, (struct sockaddr *)&local, sizeof local);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&local, &size);
	stream[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(stream[0], (struct sockaddr *)&local, sizeof local) != 0 || (stream[1] = accept(listener, NULL, NULL)) < 0)
		return 1;
	datagram = socket(AF_INET, SOCK_DGRAM, 0);
	bind(datagram, (struct sockaddr *)&server, sizeof server);
	getsockname(datagram, (struct sockaddr *)&server, &size);
	cut_off = socket(AF_INET, SOCK_STREAM, 0);
	measure("blocked-connect", blocked_connect);
	measure("loopback-write+read", write_and_read);
	measure("loopback-send+recv", send_and_recv);
	measure("loopback-addressed-sendto+recv", addressed_sendto);
	measure("loopback-sendmsg+recv", sendmsg_and_recv);
	measure("any-other-call", get_pid);
	return 0;
}
