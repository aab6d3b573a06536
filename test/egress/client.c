// SPDX-License-Identifier: GPL-2.0-or-later
/* Client in a phase with an allow-list: ACTION HOST PORT [ARG...]. Connects to HOST:PORT, which is allowed, and checks how the socket behaves. */
#include "client.h"

/* Connects to HOST:PORT. Prints "connected", or the name of the errno with which connect(2) failed. */
static void plain(void)
{
	int fd = make_socket(0);
	bool connected = connect(fd, &to.any, size) == 0;
	puts(connected ? "connected" : strerrorname_np(errno));
	if (connected)
		expect_echo(fd);
}

static int get(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof value;
	expect(getsockopt(fd, level, name, &value, &length) == 0, "getsockopt");
	return value;
}

static void options(void)
{
	static const int set[][3] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{SOL_SOCKET, SO_SNDBUF, 50000},
		{SOL_SOCKET, SO_RCVBUF, 60000},
		{SOL_SOCKET, SO_OOBINLINE, 1},
		{SOL_SOCKET, SO_PRIORITY, 3},
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 77},
		{IPPROTO_TCP, TCP_KEEPINTVL, 11},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 12345},
		{IPPROTO_TCP, TCP_SYNCNT, 2},
	};
	enum { COUNT = sizeof set / sizeof *set };
	struct timeval time = {7, 500000};
	int before[COUNT], fd = make_socket(SOCK_CLOEXEC), six = to.any.sa_family == AF_INET6;
	for (int i = 0; i < COUNT; i++) {
		expect(setsockopt(fd, set[i][0], set[i][1], &set[i][2], sizeof(int)) == 0, "setsockopt");
		before[i] = get(fd, set[i][0], set[i][1]);
	}
	expect(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0, "SO_RCVTIMEO");
	int only = 1;
	expect(!six || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0, "IPV6_V6ONLY");
	expect(connect(fd, &to.any, size) == 0, "connect");
	for (int i = 0; i < COUNT; i++)
		if (get(fd, set[i][0], set[i][1]) != before[i]) {
			printf("option %d of level %d was %d and is %d\n", set[i][1], set[i][0], before[i], get(fd, set[i][0], set[i][1]));
			exit(1);
		}
	socklen_t length = sizeof time;
	expect(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length) == 0 && time.tv_sec == 7, "SO_RCVTIMEO is kept");
	expect(!six || get(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1, "IPV6_V6ONLY is kept");
	expect(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0, "flags are kept");
	expect_echo(fd);
	/* If the program sets neither SO_SNDBUF nor SO_RCVBUF, confine must not set them either, so that the kernel can still adapt the buffer sizes. */
	int other = make_socket(0);
	expect(connect(other, &to.any, size) == 0 && fcntl(other, F_GETFD) == 0, "no flag is added");
	int locked = get(other, SOL_SOCKET, SO_BUF_LOCK);
	expect(locked == 0, "buffers are not fixed");
}

/* Connects a nonblocking socket to HOST:PORT. Prints "connected", or the name of the errno in SO_ERROR. */
static void nonblocking(void)
{
	int fd = make_socket(SOCK_NONBLOCK);
	expect(connect(fd, &to.any, size) != 0 && errno == EINPROGRESS, "EINPROGRESS");
	expect((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "O_NONBLOCK is kept");
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	expect(poll(&writable, 1, 5000) == 1, "poll");
	int error = get(fd, SOL_SOCKET, SO_ERROR);
	puts(error == 0 ? "connected" : strerrorname_np(error));
	/* After the connection is established, the next connect(2) must succeed and a later one must fail with EISCONN, as without confine. */
	if (error == 0)
		expect(connect(fd, &to.any, size) == 0 && connect(fd, &to.any, size) != 0 && errno == EISCONN, "EISCONN");
}

/* Tests that epoll registrations are kept: adds the socket to two epoll instances before connect(2), and changes its events in one of them afterwards. */
static void watched(void)
{
	int fd = make_socket(SOCK_NONBLOCK), edges = epoll_create1(0), levels = epoll_create1(0);
	struct epoll_event edge = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = 0x123456789abcULL}, level = {.events = EPOLLIN, .data.fd = fd}, got;
	expect(epoll_ctl(edges, EPOLL_CTL_ADD, fd, &edge) == 0 && epoll_ctl(levels, EPOLL_CTL_ADD, fd, &level) == 0, "epoll_ctl");
	/* epoll_wait(2) returns at once, because the kernel reports EPOLLHUP for a socket that is not connected. */
	expect(epoll_wait(edges, &got, 1, 0) == 1, "before");
	connect(fd, &to.any, size);
	expect(epoll_wait(edges, &got, 1, 5000) == 1 && got.data.u64 == edge.data.u64 && (got.events & EPOLLOUT) != 0, "it is connected");
	expect(send(fd, "hello", 5, 0) == 5, "send");
	expect(epoll_wait(levels, &got, 1, 5000) == 1 && got.data.fd == fd && got.events == EPOLLIN, "an answer");
	level.events = EPOLLOUT;
	expect(epoll_ctl(levels, EPOLL_CTL_MOD, fd, &level) == 0, "changed");
	expect(epoll_wait(levels, &got, 1, 0) == 1 && got.events == EPOLLOUT, "the changed events");
	expect(epoll_ctl(edges, EPOLL_CTL_DEL, fd, NULL) == 0, "removed");
}

static void bound(void)
{
	int fd = make_socket(0);
	union address any = {.any.sa_family = to.any.sa_family};
	expect(bind(fd, &any.any, size) == 0, "bind");
	expect(connect(fd, &to.any, size) != 0 && errno == EADDRNOTAVAIL, "bound");
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Tests that connect(2) ends after the time in SO_SNDTIMEO if HOST does not answer. */
static void timeout(void)
{
	int fd = make_socket(0);
	struct timeval time = {0, 300000};
	expect(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) == 0, "SO_SNDTIMEO");
	double began = now();
	expect(connect(fd, &to.any, size) != 0 && errno == EINPROGRESS, "EINPROGRESS");
	expect(now() - began > 0.25 && now() - began < 5, "time");
}

static volatile sig_atomic_t alarms;
static sigjmp_buf out;

static void on_alarm(int signal)
{
	(void)signal;
	if (++alarms == 5)
		siglongjmp(out, 1);
}

static void signals(void)
{
	struct itimerval timer = {{0, 50000}, {0, 50000}};
	struct sigaction action = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	expect(connect(make_socket(0), &to.any, size) != 0 && errno == EINTR && alarms == 1, "EINTR");
	action.sa_flags = SA_RESTART;
	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	if (sigsetjmp(out, 1) == 0) {
		connect(make_socket(0), &to.any, size);
		fail("a restarted connect ended");
	}
}

static void on_one_alarm(int signal)
{
	static const char said[] = "interrupted\n";
	(void)signal;
	expect(write(STDOUT_FILENO, said, sizeof said - 1) > 0, "write");
}

/* Connects to HOST:PORT. Meanwhile, the test script sends SIGALRM. HOST answers only after the script has seen the output of the signal handler. */
static int interrupt(int flags)
{
	struct sigaction action = {.sa_handler = on_one_alarm, .sa_flags = flags};
	int fd = make_socket(0);
	sigaction(SIGALRM, &action, NULL);
	bool connected = connect(fd, &to.any, size) == 0;
	expect(connected == (flags == SA_RESTART) && (connected || errno == EINTR), "the first call");
	return fd;
}

static void restarted(void)
{
	expect_echo(interrupt(SA_RESTART));
}

/* Changes whether the calling thread blocks SIGALRM. Returns a set that contains SIGALRM. */
static sigset_t mask_alarm(int how)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(how, &set, NULL);
	return set;
}

static void *fail_and_poll(void *nothing)
{
	mask_alarm(SIG_UNBLOCK);
	int fd = interrupt(0);
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	expect(poll(&writable, 1, 60000) == 1 && get(fd, SOL_SOCKET, SO_ERROR) == 0, "the connect continues");
	expect_echo(fd);
	return nothing;
}

/* The main thread blocks SIGALRM, so the kernel sends it to the thread that is in connect(2). */
static void interrupted(void)
{
	pthread_t thread;
	mask_alarm(SIG_BLOCK);
	pthread_create(&thread, NULL, fail_and_poll, NULL);
	pthread_join(thread, NULL);
}

static void *restart(void *nothing)
{
	mask_alarm(SIG_UNBLOCK);
	expect_echo(interrupt(SA_RESTART));
	return nothing;
}

/* The main thread forwards SIGALRM to a thread that is in connect(2). */
static void thread(void)
{
	pthread_t thread;
	int received;
	sigset_t alarm = mask_alarm(SIG_BLOCK);
	pthread_create(&thread, NULL, restart, NULL);
	sigwait(&alarm, &received);
	pthread_kill(thread, SIGALRM);
	pthread_join(thread, NULL);
}

static int shared;

static bool reuses_number(void)
{
	return strcmp(arguments[0], "reused") == 0;
}

static void *close_it(void *alarm)
{
	int received;
	sigwait(alarm, &received);
	close(shared);
	if (reuses_number())
		expect(open("/dev/null", O_RDONLY) == shared, "another file gets the number");
	on_one_alarm(received);
	return NULL;
}

/*
 * Connects to HOST:PORT. Meanwhile, the test script sends SIGALRM, and a second thread closes the socket and, with the action `reused`, opens another
 * file with the same descriptor number. HOST answers only after the script has seen the output of this thread.
 */
static void closed(void)
{
	pthread_t thread;
	struct stat null;
	sigset_t alarm = mask_alarm(SIG_BLOCK);
	shared = make_socket(0);
	pthread_create(&thread, NULL, close_it, &alarm);
	expect(connect(shared, &to.any, size) == 0, "the call gets the result of the connection");
	pthread_join(thread, NULL);
	if (reuses_number())
		expect(fstat(shared, &null) == 0 && S_ISCHR(null.st_mode), "the file that was opened last stays open");
	else
		expect(fcntl(shared, F_GETFD) < 0 && errno == EBADF, "the socket stays closed");
}

/* Arguments: HOST PORT OTHER OTHER-PORT CLOSED-PORT. Tests that the socket of an allowed connection cannot reach another destination. */
static void escape(void)
{
	union address other, none = {.any.sa_family = AF_UNSPEC};
	socklen_t other_size = set_address(&other, arguments[3], arguments[4]);
	int fd = make_socket(0);
	expect(connect(fd, &to.any, size) == 0, "connect");
	expect(connect(fd, &none.any, sizeof none.in) != 0 && errno == EOPNOTSUPP, "AF_UNSPEC");
	expect(connect(fd, &none.any, 2) != 0 && errno == EOPNOTSUPP, "AF_UNSPEC in two bytes");
	expect(connect(fd, &other.any, other_size) != 0 && errno == EISCONN, "another destination");
	expect_echo(fd);
	/* Also after the peer has closed the connection, the socket must reach no other destination. */
	expect(shutdown(fd, SHUT_WR) == 0 && recv(fd, &none, 1, 0) == 0, "end");
	expect(connect(fd, &other.any, other_size) != 0 && errno != EINPROGRESS, "after the end");
	int refused = make_socket(0);
	union address closed_port = to;
	closed_port.in.sin_port = htons((uint16_t)atoi(arguments[5]));
	expect(connect(refused, &closed_port.any, size) != 0 && errno == ECONNREFUSED, "refused");
	expect(connect(refused, &other.any, other_size) != 0 && errno == ECONNREFUSED, "in the network of the phase, after a failure");
	expect(connect(refused, &to.any, size) == 0, "the allowed destination, after a failure");
	expect_echo(refused);
	/* A nonblocking connect(2) gets a socket of the host's network at once, even if the connection fails later. This socket too must reach no other destination. */
	int failed = make_socket(SOCK_NONBLOCK);
	struct pollfd end = {.fd = failed, .events = POLLOUT};
	expect(connect(failed, &closed_port.any, size) != 0 && errno == EINPROGRESS && poll(&end, 1, 5000) == 1, "it fails");
	expect(connect(failed, &closed_port.any, size) != 0 && errno == ECONNREFUSED, "refused, later");
	expect(connect(failed, &other.any, other_size) != 0 && errno == ENETUNREACH, "another destination, after a failure");
	expect(connect(failed, &to.any, size) != 0 && errno == EINPROGRESS && poll(&end, 1, 5000) == 1, "the allowed destination, again");
	expect(connect(failed, &to.any, size) == 0, "connected");
}

static void other_calls(void)
{
	int fd = make_socket(0);
	char params[256] = {0};
	expect(syscall(SYS_io_uring_setup, 4, params) < 0 && errno == ENOSYS, "io_uring");
	expect(sendto(fd, "x", 1, MSG_FASTOPEN, &to.any, size) < 0 && errno == EOPNOTSUPP, "MSG_FASTOPEN");
	/* A duplicate that dup(2) made before connect(2) must stay a socket of the phase's network, so send(2) fails. */
	int copy = dup(fd);
	expect(connect(fd, &to.any, size) == 0, "connect");
	expect(send(copy, "x", 1, MSG_NOSIGNAL) < 0, "a duplicate");
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {
		{"plain", plain},
		{"options", options},
		{"nonblocking", nonblocking},
		{"watched", watched},
		{"bound", bound},
		{"timeout", timeout},
		{"signals", signals},
		{"interrupted", interrupted},
		{"restarted", restarted},
		{"thread", thread},
		{"closed", closed},
		{"reused", closed},
		{"escape", escape},
		{"other_calls", other_calls},
	};
	return run_action(argc, argv, actions, sizeof actions / sizeof *actions);
}
