/*
 * Races for the moment between the watcher's look at a descriptor and the kernel's: HOST PORT OTHER-PORT NOBODY-PORT COUNT, of
 * which HOST:PORT and HOST:NOBODY-PORT, where nobody listens, are let through. Exit status 0 where nothing listens outside in the
 * end; that nothing has come to OTHER-PORT is for who runs this to see.
 */
#include "client.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/un.h>

#include "system_calls.h"

static _Atomic bool racing = true;
static union address other, nobody, flipping;
static int foreign, own, number; /* the host's, the phase's, and what is now the one and now the other */
static long count;

/* One that failed: it is of the host's network, and connected to nothing. */
static int idle(void)
{
	int fd = make(SOCK_NONBLOCK);
	struct pollfd end = {.fd = fd, .events = POLLOUT};
	expect(connect(fd, &nobody.any, size) != 0 && errno == EINPROGRESS && poll(&end, 1, 5000) == 1, "a connect that fails");
	connect(fd, &nobody.any, size);
	expect(is_foreign(fd), "what failed is of the host's network");
	fcntl(fd, F_SETFL, 0);
	return fd;
}

/* One that is connected: it has to be taken apart first. */
static int connected(void)
{
	int fd = make(0);
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

/* No thread, but a process that has the same descriptors. */
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

/* What socketcall(2) is called with, in memory that another process writes to as well. */
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
 * The kernel goes on to wait for a connection, while somebody else takes it apart (shutdown(2), which is not watched) and writes
 * another address. HOST is one that doesn't answer; OTHER-HOST does.
 */
static void shut(void)
{
	union address *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = make(SOCK_NONBLOCK);
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
	int (*const beginnings[])(void) = {idle, connected};
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
	static const struct deed deeds[] = {
		{"threads", race_threads},
		{"sharer", race_sharer},
		{"memory", race_memory},
		{"shut", shut},
	};
	if (argc < 7)
		return 2;
	aim(&other, argc > 7 ? argv[7] : argv[2], argv[4]);
	aim(&nobody, argv[2], argv[5]);
	count = atol(argv[6]);
	return act(argc, argv, deeds, sizeof deeds / sizeof *deeds);
}
