// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attack ATTACK HOST PORT OTHER-PORT CLOSED-PORT [OTHER-HOST]: attacks the allow-list. Gets a socket of the host's network by an allowed
 * connect(2), then tries to listen or to connect to another destination with it. HOST:PORT and HOST:CLOSED-PORT are allowed, and nothing
 * listens on CLOSED-PORT. Exits with 0 if no attack succeeds.
 */
#include "client.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "system_calls.h"

static union address other, closed_port, none = {.any.sa_family = AF_UNSPEC};

/* Tries to listen on the socket and to connect it to another destination, by the system calls of every ABI. */
static void try_all(int fd)
{
	for (size_t i = 0; i < ABIS; i++) {
		listen_by(i, fd);
		expect(!is_listening(fd), "it listens in the host's network");
		connect_by(i, fd, &none, sizeof none.in);
		listen_by(i, fd);
		expect(!is_listening(fd), "it listens in the host's network after AF_UNSPEC");
		connect_by(i, fd, &other, size);
		fast_open_by(i, fd, &other, size);
	}
	union address any = {.any.sa_family = to.any.sa_family};
	bind(fd, &any.any, size);
	listen(fd, 1);
	expect(!is_listening(fd), "it listens in the host's network after bind");
}

static void failed(void)
{
	try_all(failed_socket(&closed_port));
}

static void connected(void)
{
	int fd = make_socket(0);
	expect(connect(fd, &to.any, size) == 0, "connect");
	try_all(fd);
	expect_echo(fd);
	expect(shutdown(fd, SHUT_RDWR) == 0, "shutdown");
	try_all(fd);
}

/* Attacks with a socket whose pending connect(2) was ended by shutdown(2), which the watcher does not see. HOST does not answer. */
static void shut(void)
{
	int fd = make_socket(SOCK_NONBLOCK);
	expect(connect(fd, &to.any, size) != 0 && errno == EINPROGRESS, "a connect that hangs");
	shutdown(fd, SHUT_RDWR);
	set_address(&other, arguments[5], arguments[3]);
	try_all(fd);
}

static void undumpable(void)
{
	int fd = failed_socket(&closed_port);
	prctl(PR_SET_DUMPABLE, 0);
	try_all(fd);
	int good = make_socket(0);
	expect(connect(good, &to.any, size) == 0, "where it may");
	expect_echo(good);
}

/* Attacks by a process that the watcher cannot inspect, because the file of the program is not readable. */
static void unreadable(void)
{
	char path[] = "/tmp/unreadable.XXXXXX", fd[16];
	snprintf(fd, sizeof fd, "%d", failed_socket(&closed_port));
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
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "by an unreadable program");
}

static void inherited(void)
{
	try_all(atoi(arguments[5]));
}

static void *without_leader(void *fd)
{
	/* Wait until the first thread of the process is a zombie, which has no descriptors. */
	char path[64], text[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", getpid());
	while (strstr(text, ") Z ") == NULL) {
		int file = open(path, O_RDONLY);
		ssize_t length = read(file, text, sizeof text - 1);
		text[length > 0 ? length : 0] = '\0';
		close(file);
	}
	try_all(*(int *)fd);
	/* Before Linux 6.9, the watcher cannot duplicate the descriptors of this thread, because a pidfd refers to the first thread. So no connection is possible. */
	if (syscall(SYS_pidfd_open, gettid(), O_EXCL) < 0 && errno == EINVAL)
		_exit(0);
	int good = make_socket(0);
	expect(connect(good, &to.any, size) == 0, "where it may");
	expect_echo(good);
	_exit(0);
}

static void leaderless(void)
{
	static int fd;
	pthread_t thread;
	fd = failed_socket(&closed_port);
	pthread_create(&thread, NULL, without_leader, &fd);
	pthread_exit(NULL);
}

/* Attacks by a thread with its own descriptor table. In this table, the descriptor number is a socket of the host's network. In the table of
 * the first thread, it is a socket of the phase. */
static void *in_own_table(void *fd)
{
	int number = *(int *)fd, foreign = failed_socket(&closed_port);
	expect(unshare(CLONE_FILES) == 0 && dup2(foreign, number) == number, "a table of its own");
	try_all(number);
	return NULL;
}

static void tables(void)
{
	pthread_t thread;
	int fd = make_socket(0);
	pthread_create(&thread, NULL, in_own_table, &fd);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {
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
	set_address(&other, argv[2], argv[4]);
	set_address(&closed_port, argv[2], argv[5]);
	return run_action(argc, argv, actions, sizeof actions / sizeof *actions);
}
