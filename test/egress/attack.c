/*
 * What a build may try with a socket of the host's network that it was handed: HOST PORT OTHER-PORT NOBODY-PORT [OTHER-HOST], of which
 * HOST:PORT and HOST:NOBODY-PORT, where nobody listens, are let through. Exit status 0 where none of it led anywhere.
 */
#include "client.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "system_calls.h"

static union address other, nobody, none = {.any.sa_family = AF_UNSPEC};

/* One that failed: it is of the host's network, and connected to nothing. */
static int idle(void)
{
	int fd = make(SOCK_NONBLOCK);
	struct pollfd end = {.fd = fd, .events = POLLOUT};
	expect(connect(fd, &nobody.any, size) != 0 && errno == EINPROGRESS && poll(&end, 1, 5000) == 1, "a connect that fails");
	connect(fd, &nobody.any, size);
	expect(is_foreign(fd), "what failed is of the host's network");
	return fd;
}

/* Everything that could lead anywhere from there, each in every way that there is to call it. */
static void try_all(int fd)
{
	for (size_t i = 0; i < WAYS; i++) {
		listen_by(i, fd);
		expect(!is_listening(fd), "it listens in the host's network");
		connect_by(i, fd, &none, sizeof none.in);
		listen_by(i, fd);
		expect(!is_listening(fd), "it is taken apart, and listens in the host's network");
		connect_by(i, fd, &other, size);
		fast_open_by(i, fd, &other, size);
	}
	union address any = {.any.sa_family = to.any.sa_family};
	bind(fd, &any.any, size);
	listen(fd, 1);
	expect(!is_listening(fd), "it is bound, and listens in the host's network");
}

static void failed(void)
{
	try_all(idle());
}

static void connected(void)
{
	int fd = make(0);
	expect(connect(fd, &to.any, size) == 0, "connect");
	try_all(fd);
	echo(fd);
	expect(shutdown(fd, SHUT_RDWR) == 0, "shutdown");
	try_all(fd);
}

/* HOST is one that doesn't answer here: what is connecting can be taken apart without a call that is watched. */
static void shut(void)
{
	int fd = make(SOCK_NONBLOCK);
	expect(connect(fd, &to.any, size) != 0 && errno == EINPROGRESS, "a connect that hangs");
	shutdown(fd, SHUT_RDWR);
	aim(&other, arguments[5], arguments[3]);
	try_all(fd);
}

static void undumpable(void)
{
	int fd = idle();
	prctl(PR_SET_DUMPABLE, 0);
	try_all(fd);
	int good = make(0);
	expect(connect(good, &to.any, size) == 0, "where it may");
	echo(good);
}

/* A file that may be run and not read: nobody may look into who runs it. */
static void unreadable(void)
{
	char path[] = "/tmp/unreadable.XXXXXX", fd[16];
	snprintf(fd, sizeof fd, "%d", idle());
	int copy = mkstemp(path), self = open("/proc/self/exe", O_RDONLY);
	while (copy_file_range(self, NULL, copy, NULL, 1 << 20, 0) > 0)
		;
	expect(fchmod(copy, 0111) == 0 && close(copy) == 0, "fchmod");
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		execl(path, path, "inherited", arguments[1], arguments[2], arguments[3], arguments[4], fd, (char *)NULL);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	unlink(path);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "by one that can't be read");
}

static void inherited(void)
{
	try_all(atoi(arguments[5]));
}

static void *without_leader(void *fd)
{
	/* Until it is a zombie, which has no descriptors. */
	char path[64], text[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", getpid());
	while (strstr(text, ") Z ") == NULL) {
		int file = open(path, O_RDONLY);
		ssize_t length = read(file, text, sizeof text - 1);
		text[length > 0 ? length : 0] = '\0';
		close(file);
	}
	try_all(*(int *)fd);
	/* Before Linux 6.9 a pidfd leads to the first thread alone, which has no descriptors any more. */
	if (syscall(SYS_pidfd_open, gettid(), O_EXCL) < 0 && errno == EINVAL)
		_exit(0);
	int good = make(0);
	expect(connect(good, &to.any, size) == 0, "where it may");
	echo(good);
	_exit(0);
}

static void leaderless(void)
{
	static int fd;
	pthread_t thread;
	fd = idle();
	pthread_create(&thread, NULL, without_leader, &fd);
	pthread_exit(NULL);
}

/* Under this number the process has one of its own, and the thread another. */
static void *in_own_table(void *fd)
{
	int number = *(int *)fd, foreign = idle();
	expect(unshare(CLONE_FILES) == 0 && dup2(foreign, number) == number, "a table of its own");
	try_all(number);
	return NULL;
}

static void tables(void)
{
	pthread_t thread;
	int fd = make(0);
	pthread_create(&thread, NULL, in_own_table, &fd);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct deed deeds[] = {
		{"failed", failed},
		{"connected", connected},
		{"shut", shut},
		{"undumpable", undumpable},
		{"unreadable", unreadable},
		{"inherited", inherited},
		{"leaderless", leaderless},
		{"tables", tables},
	};
	if (argc < 6)
		return 2;
	aim(&other, argv[2], argv[4]);
	aim(&nobody, argv[2], argv[5]);
	return act(argc, argv, deeds, sizeof deeds / sizeof *deeds);
}
