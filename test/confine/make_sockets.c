// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make_sockets               makes sockets of several families by every system call, and prints a line for each: CALL FAMILY RESULT
 * make_sockets race COUNT    calls socketcall(2) COUNT times, while a second thread swaps AF_INET and AF_VSOCK in the arguments in memory.
 *                            Exits with 0 if no AF_VSOCK socket was made
 * make_sockets one           makes an AF_INET socket by socketcall(2)
 * make_sockets hidden        makes AF_INET and AF_VSOCK sockets by socketcall(2) as a process that the watcher cannot inspect
 * make_sockets nested        makes AF_INET and AF_VSOCK sockets by socketcall(2) in a nested network namespace
 */
#include "../egress/client.h"

#include <linux/io_uring.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "../egress/system_calls.h"

static const struct {
	const char *name;
	uint32_t family, type;
} families[] = {
	{"unix", AF_UNIX, SOCK_STREAM},
	{"inet", AF_INET, SOCK_STREAM},
	{"inet6", AF_INET6, SOCK_DGRAM},
	{"netlink", AF_NETLINK, SOCK_RAW},
	{"vsock", 40, SOCK_STREAM},
	{"alg", 38, SOCK_SEQPACKET},
	{"packet", AF_PACKET, SOCK_RAW},
	{"inet-packet", AF_INET, SOCK_PACKET},
	{"can", 29, SOCK_RAW},
};
enum { FAMILIES = sizeof families / sizeof *families };

static void print_result(const char *call, const char *family, long result)
{
	printf("%s %s %s\n", call, family, result >= 0 ? "made" : strerrorname_np((int)-result));
	if (result > STDERR_FILENO)
		close((int)result);
}

static long by_libc(long result)
{
	return result < 0 ? -errno : result;
}

static atomic_bool over;

static void *rewrite(void *word)
{
	volatile uint32_t *family = word;
	while (!over)
		*family = *family == AF_INET ? 40 : AF_INET;
	return NULL;
}

static void race(long count)
{
	pthread_t thread;
	long made = 0;
	uint32_t *words = low()->words;
	words[0] = AF_INET;
	words[1] = SOCK_STREAM;
	expect(pthread_create(&thread, NULL, rewrite, words) == 0, "pthread_create");
	for (long i = 0; i < count; i++) {
		int domain = 0, fd = (int)i386(102, 1, pointer(words), 0, 0, 0, 0);
		socklen_t length = sizeof domain;
		made += fd >= 0;
		expect(fd < 0 || (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_INET), "another family");
		close(fd);
	}
	expect(made > 0 && made < count, "some calls requested each family");
	over = true;
	pthread_join(thread, NULL);
}

static void print_inet(void)
{
	print_result("socketcall", "inet", socketcall(1, AF_INET, SOCK_STREAM, 0, 0, 0, 0));
}

static void print_both(void)
{
	print_inet();
	print_result("socketcall", "vsock", socketcall(1, 40, SOCK_STREAM, 0, 0, 0, 0));
}

int main(int argc, char **argv)
{
	int pair[2];
	if (argc == 3) {
		race(atol(argv[2]));
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "one") == 0) {
		print_inet();
		return 0;
	}
	if (argc == 2) {
		bool nested = strcmp(argv[1], "nested") == 0;
		expect(nested ? unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 : prctl(PR_SET_DUMPABLE, 0) == 0, argv[1]);
		print_both();
		return 0;
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		uint32_t family = families[i].family, type = families[i].type;
		print_result("socket", families[i].name, by_libc(socket((int)family, (int)type, 0)));
		print_result("x32", families[i].name, by_libc(syscall(X32 | 41, family, type, 0)));
		print_result("i386", families[i].name, i386(359, family, type, 0, 0, 0, 0));
		print_result("socketcall", families[i].name, socketcall(1, family, type, 0, 0, 0, 0));
		print_result("socketpair", families[i].name, by_libc(socketpair((int)family, (int)type, 0, pair)));
	}
	/* The socket that the watcher returns must have the requested flags SOCK_CLOEXEC and SOCK_NONBLOCK. */
	int fd = (int)socketcall(1, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP, 0, 0, 0);
	printf("flags %d %d\n", fd < 0 ? -1 : fcntl(fd, F_GETFD), fd < 0 ? -1 : fcntl(fd, F_GETFL) & O_NONBLOCK);
	print_result("socketcall", "tcp-datagrams", socketcall(1, AF_INET, SOCK_DGRAM, IPPROTO_TCP, 0, 0, 0));
	print_result("socketcall", "pair", socketcall(8, AF_UNIX, SOCK_STREAM, 0, pointer(low()->words + 4), 0, 0));
	struct io_uring_params parameters = {0};
	print_result("io_uring_setup", "ring", by_libc(syscall(SYS_io_uring_setup, 4, &parameters)));
	return 0;
}
