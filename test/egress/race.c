// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * race RACE HOST PORT OTHER-PORT CLOSED-PORT COUNT [OTHER-HOST]: attacks the allow-list. Changes a descriptor or an address between its check
 * by the watcher and its use by the kernel, COUNT times. HOST:PORT and HOST:CLOSED-PORT are allowed, and nothing listens on CLOSED-PORT.
 * Exits with 0 if no socket listens in the host's network. The caller checks that no connection has arrived at OTHER-PORT.
 */
#include "client.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/un.h>

#include "system_calls.h"

static _Atomic bool racing = true;
static union address other, closed_port, flipping;
static int foreign, own, number; /* foreign: a socket of the host's network; own: a socket of the phase; number: descriptor that refers to both in turn */
static long count;

static int failed(void)
{
	int fd = failed_socket(&closed_port);
	fcntl(fd, F_SETFL, 0);
	return fd;
}

/* Connects to HOST:PORT, and returns the connected socket, which belongs to the host's network. */
static int connected(void)
{
	int fd = make_socket(0);
	expect(connect(fd, &to.any, size) == 0 && is_foreign(fd), "connect");
	return fd;
}

static void *swap(void *data)
{
	while (racing) {
		dup2(foreign, number);
		flipping.any.sa_family = AF_UNSPEC;
		dup2(own, number);
		flipping.any.sa_family = to.any.sa_family;
	}
	return data;
}

static int swap_as_process(void *data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	swap(data);
	_exit(0);
}

static int one_of(int kind)
{
	static const int kinds[][2] = {{AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM}, {AF_UNIX, SOCK_STREAM}};
	int fd = socket(kinds[kind][0], kinds[kind][1], 0);
	expect(fd >= 0, "socket");
	return fd;
}

static void renew(int kind)
{
	int fd = one_of(kind);
	dup2(fd, own);
	close(fd);
}

static void try_all(void)
{
	for (long i = 0; i < count; i++) {
		if (i % 64 == 0)
			renew((int)(i / 64 % 3));
		flipping = other;
		connect(number, &flipping.any, size);
		listen(number, 1);
		expect(!is_listening(foreign), "it listens in the host's network");
	}
}

static void threads(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, swap, NULL);
	try_all();
	racing = false;
	pthread_join(thread, NULL);
}

/* Attacks with two processes that share their descriptor table: one swaps the sockets, the other makes the calls. */
static void sharer(void)
{
	static _Alignas(16) char stack[65536];
	int status;
	pid_t pid = clone(swap_as_process, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
	expect(pid > 0, "clone");
	try_all();
	racing = false;
	waitpid(pid, &status, 0);
}

/* Changes the arguments of socketcall(2) again and again. They are in memory that this process shares with the process that makes the calls. */
static void swap_words(void)
{
	volatile struct low *memory = low();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		memory->words[0] = (uint32_t)foreign;
		memory->words[3] = MSG_FASTOPEN | MSG_NOSIGNAL;
		memory->words[0] = (uint32_t)own;
		memory->words[3] = MSG_NOSIGNAL;
	}
}

static void memory(void)
{
	low();
	pid_t pid = fork();
	if (pid == 0)
		swap_words();
	for (long i = 0; i < count; i++) {
		renew(0);
		connect_by(BY_SOCKETCALL, own, &other, size);
		fast_open_by(BY_SOCKETCALL, own, &other, size);
		listen_by(BY_SOCKETCALL, own);
		expect(!is_listening(foreign), "it listens in the host's network");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Attacks with a second process. While connect(2) of the first process waits, the second process ends the connection by shutdown(2), which the
 * watcher does not see, and writes the address of OTHER-HOST to the memory of the first. HOST does not answer, but OTHER-HOST does.
 */
static void shut(void)
{
	union address *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = make_socket(SOCK_NONBLOCK);
	struct timeval time = {0, 2000};
	*shared = to;
	expect(connect(fd, &shared->any, size) != 0 && errno == EINPROGRESS, "a connect that hangs");
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			*shared = other;
			shutdown(fd, SHUT_RDWR);
			*shared = to;
			shutdown(fd, SHUT_RDWR);
		}
	}
	for (long i = 0; i < count; i++)
		connect(fd, &shared->any, size);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void race(void (*run)(void))
{
	int (*const beginnings[])(void) = {failed, connected};
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		foreign = beginnings[i]();
		own = one_of(0);
		number = dup(own);
		racing = true;
		run();
		close(foreign);
		close(own);
		close(number);
	}
}

static void race_threads(void)
{
	race(threads);
}

static void race_sharer(void)
{
	race(sharer);
}

static void race_memory(void)
{
	race(memory);
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {
		{"threads", race_threads},
		{"sharer", race_sharer},
		{"memory", race_memory},
		{"shut", shut},
	};
	if (argc < 7)
		return 2;
	set_address(&other, argc > 7 ? argv[7] : argv[2], argv[4]);
	set_address(&closed_port, argv[2], argv[5]);
	count = atol(argv[6]);
	return run_action(argc, argv, actions, sizeof actions / sizeof *actions);
}
