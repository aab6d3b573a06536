// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes many allowed connections: while another thread changes the address, or by many processes at the same time. */
#include "client.h"

static _Atomic bool racing = true;
static union address flipping;

/* Changes the port and the family of an address in memory again and again, while another thread connects to this address. */
static void *flip(void *data)
{
	union address other;
	set_address(&other, arguments[1], arguments[3]);
	while (racing) {
		flipping.in.sin_port = other.in.sin_port;
		flipping.in.sin_port = to.in.sin_port;
		flipping.any.sa_family = AF_UNSPEC;
		flipping.any.sa_family = to.any.sa_family;
	}
	return data;
}

static void race(void)
{
	pthread_t thread;
	long connected = 0, count = atol(arguments[4]);
	flipping = to;
	pthread_create(&thread, NULL, flip, NULL);
	for (long i = 0; i < count; i++) {
		int fd = make_socket(0);
		connected += connect(fd, &flipping.any, size) == 0;
		/* Connect the socket a second time, which must not reach OTHER-PORT either. */
		connect(fd, &flipping.any, size);
		struct linger reset = {1, 0};
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	racing = false;
	pthread_join(thread, NULL);
	expect(connected > 0, "some connected");
	printf("%ld\n", connected);
}

/* Arguments: HOST PORT PROCESSES COUNT. Starts PROCESSES processes, each of which connects COUNT times. Prints how many processes failed. */
static void storm(void)
{
	int processes = atoi(arguments[3]), count = atoi(arguments[4]), status, failed = 0;
	for (int p = 0; p < processes; p++)
		if (fork() == 0) {
			for (int i = 0; i < count; i++) {
				int fd = make_socket(0);
				struct linger reset = {1, 0};
				if (connect(fd, &to.any, size) != 0)
					_exit(1);
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
				close(fd);
			}
			_exit(0);
		}
	for (int p = 0; p < processes; p++)
		failed += wait(&status) < 0 || status != 0;
	printf("%d failed\n", failed);
}

/* Arguments: HOST PORT COUNT. Starts COUNT processes whose connect(2) waits, because HOST does not answer. */
static void hang(void)
{
	for (int i = 0; i < atoi(arguments[3]); i++)
		if (fork() == 0) {
			connect(make_socket(0), &to.any, size);
			_exit(0);
		}
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {{"race", race}, {"storm", storm}, {"hang", hang}};
	return run_action(argc, argv, actions, sizeof actions / sizeof *actions);
}
