// SPDX-License-Identifier: GPL-2.0-or-later
/* client ACTION [ARG]...: makes connection attempts. The destination is 198.51.100.7:443, unless the variables TO and PORT name another. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

static const char *address = "198.51.100.7";
static int port = 443;

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} to;
static socklen_t size;

static void aim(void)
{
	memset(&to, 0, sizeof to);
	if (inet_pton(AF_INET, address, &to.in.sin_addr) == 1) {
		to.in.sin_family = AF_INET;
		to.in.sin_port = htons(port);
		size = sizeof to.in;
	} else if (inet_pton(AF_INET6, address, &to.in6.sin6_addr) == 1) {
		to.in6.sin6_family = AF_INET6;
		to.in6.sin6_port = htons(port);
		size = sizeof to.in6;
	} else
		exit(2);
}

static int open_socket(int type)
{
	int fd = socket(to.any.sa_family, type, type == SOCK_RAW ? IPPROTO_TCP : 0);
	if (fd < 0) {
		perror("socket");
		exit(3);
	}
	return fd;
}

/* Makes count connection attempts. Returns how many of them did not fail with ENETUNREACH or ECONNREFUSED, as they must in an isolated network. */
static int attempts(int count)
{
	int unexpected = 0, fd = open_socket(SOCK_STREAM);
	for (int i = 0; i < count; i++)
		if (connect(fd, &to.any, size) == 0 || (errno != ENETUNREACH && errno != ECONNREFUSED))
			unexpected++;
	close(fd);
	return unexpected;
}

static int send_messages(int count)
{
	static struct mmsghdr messages[1100];
	struct iovec part = {"x", 1};
	int fd = open_socket(SOCK_DGRAM);
	for (int i = 0; i < 1100; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
	return count == 1 ? sendmsg(fd, &messages[0].msg_hdr, 0) < 0 : sendmmsg(fd, messages, count, 0) < 0;
}

static void *thread(void *count)
{
	return (void *)(long)attempts((int)(long)count);
}

static int threads(int number, int count)
{
	pthread_t all[64];
	long unexpected = 0;
	for (int i = 0; i < number; i++)
		if (pthread_create(&all[i], NULL, thread, (void *)(long)count) != 0)
			exit(3);
	for (int i = 0; i < number; i++) {
		void *one;
		pthread_join(all[i], &one);
		unexpected += (long)one;
	}
	return unexpected != 0;
}

static volatile long ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

/* Makes connection attempts while SIGALRM arrives 1000 times per second. Prints how many attempts had an unexpected result, such as EINTR. */
static int timer(int flags, int count)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = flags};
	struct itimerval often = {{0, 1000}, {0, 1000}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	int unexpected = attempts(count);
	printf("unexpected=%d ticks=%ld\n", unexpected, ticks);
	return 0;
}

/* Makes connection attempts while another process sends many signals. Prints how many attempts had an unexpected result. */
static int storm(int count)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	sigaction(SIGUSR1, &action, NULL);
	pid_t target = getpid(), pid = fork();
	if (pid < 0)
		exit(3);
	if (pid == 0)
		while (kill(target, SIGUSR1) == 0)
			;
	int unexpected = attempts(count);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("unexpected=%d\n", unexpected);
	return 0;
}

static int by_vfork(const char *self)
{
	pid_t pid = vfork();
	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		connect(fd, &to.any, size);
		execl(self, "child", "connect", (char *)NULL);
		_exit(3);
	}
	int status;
	return waitpid(pid, &status, 0) != pid || status != 0;
}

/* Makes calls that must not count as attempts: to loopback addresses, UNIX sockets and netlink, with AF_UNSPEC, and with an invalid pointer. */
static int unrecorded(void)
{
	static const char *const own[] = {"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		address = own[i];
		aim();
		attempts(1);
		send_messages(1);
	}
	struct sockaddr_un path = {AF_UNIX, "/nowhere/in/particular"};
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&path, sizeof path);
	path.sun_path[0] = '\0';
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&path, sizeof path);
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	connect(socket(AF_NETLINK, SOCK_RAW, 0), (struct sockaddr *)&kernel, sizeof kernel);
	struct sockaddr none = {AF_UNSPEC, {0}};
	connect(socket(AF_INET, SOCK_DGRAM, 0), &none, sizeof none);
	connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)8, 16);
	return 0;
}

/* Tries to install a seccomp listener, as tests of container runtimes do, and then a filter. Prints the results. */
static int own_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	puts(fd >= 0 ? "a listener" : strerror(errno));
	/* A filter without a listener must work, even if the kernel refuses a second listener. */
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	puts(fd == 0 ? "a filter" : strerror(errno));
	return 0;
}

#ifdef __i386__
/* Makes calls with an address by socketcall(2), as glibc on i386 did before Linux 4.3. */
static int by_socketcall(void)
{
	long connecting[] = {open_socket(SOCK_STREAM), (long)&to, size};
	long sending[] = {open_socket(SOCK_DGRAM), (long)"x", 1, 0, (long)&to, size};
	struct iovec part = {"x", 1};
	struct msghdr message = {.msg_name = &to, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
	long posting[] = {open_socket(SOCK_DGRAM), (long)&message, 0};
	struct mmsghdr several[2] = {{message, 0}, {message, 0}};
	long posting_several[] = {open_socket(SOCK_DGRAM), (long)several, 2, 0};
	syscall(SYS_socketcall, 3, connecting);
	syscall(SYS_socketcall, 11, sending);
	syscall(SYS_socketcall, 16, posting);
	syscall(SYS_socketcall, 20, posting_several);
	syscall(SYS_socketcall, 3, (void *)8);
	return 0;
}
#endif

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int count = argc > 2 ? atoi(argv[2]) : 1, more = argc > 3 ? atoi(argv[3]) : 1;
	if (getenv("TO") != NULL)
		address = getenv("TO");
	if (getenv("PORT") != NULL)
		port = atoi(getenv("PORT"));
	aim();
	if (strcmp(what, "connect") == 0)
		return attempts(count) != 0;
	if (strcmp(what, "udp") == 0)
		return connect(open_socket(SOCK_DGRAM), &to.any, size) == 0;
	if (strcmp(what, "raw") == 0)
		return connect(open_socket(SOCK_RAW), &to.any, size) == 0;
	if (strcmp(what, "sendto") == 0)
		return sendto(open_socket(SOCK_DGRAM), "x", 1, 0, &to.any, size) >= 0;
	if (strcmp(what, "sendmsg") == 0)
		return send_messages(count) == 0;
	if (strcmp(what, "threads") == 0)
		return threads(count, more);
	if (strcmp(what, "timer") == 0)
		return timer(count ? SA_RESTART : 0, more);
	if (strcmp(what, "storm") == 0)
		return storm(count);
	if (strcmp(what, "vfork") == 0)
		return by_vfork(argv[0]);
	if (strcmp(what, "unrecorded") == 0)
		return unrecorded();
	if (strcmp(what, "listener") == 0)
		return own_listener();
	/* Makes one attempt, then executes the program that the further arguments name. */
	if (strcmp(what, "exec") == 0) {
		attempts(1);
		execv(argv[2], argv + 2);
	}
	/* Connects a datagram socket and then a stream socket with the same descriptor to the same address, as a program that calls
	 * getaddrinfo(3) does. */
	if (strcmp(what, "sort") == 0) {
		for (int i = 0; i < count; i++) {
			int fd = open_socket(SOCK_DGRAM);
			connect(fd, &to.any, size);
			close(fd);
			attempts(1);
		}
		return 0;
	}
	/* Makes one attempt for each of the ports count to count + more - 1. */
	if (strcmp(what, "ports") == 0) {
		for (int i = 0; i < more; i++) {
			to.in.sin_port = htons(count + i);
			attempts(1);
		}
		return 0;
	}
#ifdef __i386__
	if (strcmp(what, "socketcall") == 0)
		return by_socketcall();
#endif
	return 2;
}
