// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * local_sockets FOLDER [threads]: makes socket calls to destinations in the phase's own network, some with UNIX sockets in FOLDER. Prints each
 * call with its result. The test compares the output with --allow to that without --allow.
 * local_sockets FOLDER threads wait: sends to a socket that nobody reads, prints "full" while the send waits, and ends after a line of input.
 */
#include "client.h"

#include <stdatomic.h>
#include <sys/un.h>

static void print_result(const char *what, long result)
{
	printf("%s: %s\n", what, result >= 0 ? "good" : strerrorname_np(errno));
}

static int tcp(int type)
{
	return socket(AF_INET, SOCK_STREAM | type, 0);
}

static union address serve(int fd, int backlog)
{
	union address at = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof at;
	print_result("bind", bind(fd, &at.any, sizeof at.in));
	print_result("listen", listen(fd, backlog));
	getsockname(fd, &at.any, &length);
	return at;
}

static void streams(void)
{
	union address none = {.any.sa_family = AF_UNSPEC}, closed_port = {0};
	int server = tcp(0), one = tcp(0), two = tcp(SOCK_NONBLOCK), other = tcp(0);
	union address at = serve(server, 5);
	struct pollfd ready = {.fd = two, .events = POLLOUT};
	print_result("connect", connect(one, &at.any, sizeof at.in));
	print_result("again", connect(one, &at.any, sizeof at.in));
	int accepted = accept(server, NULL, NULL);
	print_result("send", send(accepted, "x", 1, 0));
	print_result("receive", recv(one, &none.in.sin_zero, 1, 0));
	print_result("disconnect", connect(one, &none.any, sizeof none.any));
	print_result("reconnect", connect(one, &at.any, sizeof at.in));
	print_result("listen, connected", listen(one, 1));
	print_result("connect without waiting", connect(two, &at.any, sizeof at.in));
	print_result("poll", poll(&ready, 1, 5000) - 1);
	print_result("connected", connect(two, &at.any, sizeof at.in));
	closed_port = at;
	closed_port.in.sin_port = htons(9);
	print_result("closed port", connect(other, &closed_port.any, sizeof closed_port.in));
	print_result("short", connect(other, &at.any, 8));
	print_result("long", connect(other, &at.any, 4096));
	print_result("negative", connect(other, &at.any, (socklen_t)-1));
	print_result("invalid address", connect(other, (struct sockaddr *)8, sizeof at.in));
	print_result("no descriptor", connect(99, &at.any, sizeof at.in));
	print_result("no socket", connect(STDOUT_FILENO, &at.any, sizeof at.in));
	print_result("listen on no socket", listen(STDOUT_FILENO, 1));
	print_result("far", connect(other, &(union address){.in = {.sin_family = AF_INET, .sin_port = 80, .sin_addr.s_addr = 0x07010203}}.any, sizeof at.in));
	close(one);
	close(two);
	close(accepted);
	close(server);
	close(other);
}

static void datagrams(void)
{
	union address none = {.any.sa_family = AF_UNSPEC};
	int server = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
	union address at = serve(server, 1);
	print_result("udp", connect(fd, &at.any, sizeof at.in));
	print_result("udp disconnect", connect(fd, &none.any, sizeof none.any));
	print_result("sendto", sendto(fd, "12", 2, 0, &at.any, sizeof at.in));
	struct iovec parts[] = {{"a", 1}, {"bc", 2}};
	struct mmsghdr several[2] = {{.msg_hdr = {.msg_name = &at, .msg_namelen = sizeof at.in, .msg_iov = parts, .msg_iovlen = 2}}};
	several[1] = several[0];
	print_result("sendmsg", sendmsg(fd, &several[0].msg_hdr, 0) - 3);
	print_result("sendmmsg", sendmmsg(fd, several, 2, 0) - 2);
	printf("%u %u\n", several[0].msg_len, several[1].msg_len);
	char text[8];
	for (int i = 0; i < 4; i++)
		printf("%zd\n", recv(server, text, sizeof text, MSG_DONTWAIT));
	print_result("sendto, invalid address", sendto(fd, (void *)8, 2, 0, &at.any, sizeof at.in));
	close(fd);
	close(server);
}

static void on_pipe(int signal)
{
	(void)signal;
	puts("SIGPIPE");
	fflush(stdout);
}

static void paths(void)
{
	static const char *const names[] = {"socket", "folder/../socket", "link", "nobody", "folder"};
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "socket"}, to;
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	print_result("bind to a path", bind(server, (struct sockaddr *)&at, sizeof at));
	print_result("listen there", listen(server, 0));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		to = (struct sockaddr_un){.sun_family = AF_UNIX};
		snprintf(to.sun_path, sizeof to.sun_path, "%s", names[i]);
		print_result(names[i], connect(fd, (struct sockaddr *)&to, sizeof to));
		snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", arguments[0], names[i]);
		int other = socket(AF_UNIX, SOCK_STREAM, 0);
		close(accept4(server, NULL, NULL, i < 3 ? 0 : SOCK_NONBLOCK));
		print_result("absolute", connect(other, (struct sockaddr *)&to, sizeof to));
		close(accept4(server, NULL, NULL, i < 3 ? 0 : SOCK_NONBLOCK));
		if (i == 0) {
			signal(SIGPIPE, on_pipe);
			print_result("sendto, closed", sendto(other, "x", 1, 0, NULL, 0));
		}
		close(fd);
		close(other);
		if (i == 2)
			fcntl(server, F_SETFL, O_NONBLOCK);
	}
	/* The first connect fills the queue of the server, so that a second connect must wait. */
	to.sun_path[0] = '\0';
	snprintf(to.sun_path, sizeof to.sun_path, "socket");
	int first = socket(AF_UNIX, SOCK_STREAM, 0), second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct timeval patience = {0, 100000};
	int third = socket(AF_UNIX, SOCK_STREAM, 0), type = socket(AF_UNIX, SOCK_DGRAM, 0);
	setsockopt(third, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	print_result("first", connect(first, (struct sockaddr *)&to, sizeof to));
	print_result("full", connect(second, (struct sockaddr *)&to, sizeof to));
	print_result("full, in time", connect(third, (struct sockaddr *)&to, sizeof to));
	print_result("another type", connect(type, (struct sockaddr *)&to, sizeof to));
	/* Abstract names belong to the network namespace of the phase, so a process of the phase can bind one and connect to it. */
	struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0inside"};
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 7;
	int own = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
	print_result("abstract", bind(own, (struct sockaddr *)&abstract, length));
	print_result("listen", listen(own, 5));
	print_result("connect", connect(caller, (struct sockaddr *)&abstract, length));
	int all[] = {server, first, second, third, type, own, caller};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		close(all[i]);
	unlink("socket");
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Tests that connect(2) waits if the queue of the listening TCP socket is full. */
static void full(void)
{
	int server = tcp(0);
	union address at = serve(server, 0);
	int last, hung = tcp(0);
	struct sigaction action = {.sa_handler = on_alarm};
	struct timeval patience = {0, 200000};
	for (int i = 0; i < 3; i++)
		connect(last = tcp(SOCK_NONBLOCK), &at.any, sizeof at.in);
	struct pollfd never = {.fd = last, .events = POLLOUT};
	print_result("full", poll(&never, 1, 50) == 0 ? 0 : -1);
	sigaction(SIGALRM, &action, NULL);
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &(struct itimerspec){.it_value = {0, 100000000}}, NULL);
	print_result("a signal", connect(hung, &at.any, sizeof at.in));
	setsockopt(hung, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	print_result("in time", connect(hung, &at.any, sizeof at.in));
	timer_delete(timer);
}

static char bytes[6 << 20];
static atomic_bool has_sent;

static void *send_bytes(void *socket)
{
#ifdef SYS_socketcall
	enum { SENDTO = 11 }; /* the number of sendto in the first argument of socketcall(2) */
	long sent = syscall(SYS_socketcall, SENDTO, (long[]){*(int *)socket, (long)bytes, sizeof bytes, 0, 0, 0});
#else
	long sent = send(*(int *)socket, bytes, sizeof bytes, 0);
#endif
	printf("sent %ld\n", sent);
	has_sent = true;
	shutdown(*(int *)socket, SHUT_WR);
	return NULL;
}

/* Sends more than a socket holds in one call. Then receives it, unless wait is true. */
static void large(bool wait)
{
	int ends[2];
	pthread_t sender;
	ssize_t got, total = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || pthread_create(&sender, NULL, send_bytes, ends) != 0)
		exit(2);
	while (!has_sent && poll(&(struct pollfd){.fd = ends[0], .events = POLLOUT}, 1, 0) != 0)
		;
	puts("full");
	fflush(stdout);
	if (wait)
		exit(getchar() != '\n');
	while ((got = recv(ends[1], bytes, sizeof bytes, 0)) > 0)
		total += got;
	pthread_join(sender, NULL);
	printf("received %zd\n", total);
}

static void *all(void *nothing)
{
	streams();
	datagrams();
	paths();
	full();
	large(false);
	return nothing;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	arguments = argv + 1;
	if (argc < 2 || chdir(argv[1]) != 0)
		return 2;
	mkdir("folder", 0755);
	if (symlink("socket", "link") != 0 && errno != EEXIST)
		return 2;
	if (argc == 4)
		large(true);
	if (argc == 2)
		return all(NULL) != NULL;
	return pthread_create(&thread, NULL, all, NULL) != 0 || pthread_join(thread, NULL) != 0;
}
