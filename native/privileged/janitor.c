#include "janitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../clock.h"
#include "../fds.h"
#include "cgroup_place.h"
#include "cgroupfs.h"
#include "privilege.h"

#define KILL_MILLISECONDS 7000
/* It does its work in KILL_MILLISECONDS; one that was killed shows at once. */
#define ANSWER_MILLISECONDS 8000

static noreturn void work(const struct cgroup *cgroup, int end)
{
	/*
	 * Signals first: what the terminal or the caller sends must not reach what is root. And a session of our own: SIGCONT asks for
	 * nothing else (check_kill_permission() in kernel/signal.c).
	 */
	sigset_t all;
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0 || setsid() < 0 || !privilege_keep_root())
		_exit(1);
	/* Our own directory; the caller's files are closed, as somebody may wait for their end. */
	if (chdir("/") != 0)
		_exit(1);
	fds_close_all_but((const int[]){end, cgroup->parent, cgroup->directory, cgroup->kill, cgroup->events}, 5);
	char ready = 1, end_of_file;
	if (send(end, &ready, 1, MSG_NOSIGNAL) != 1)
		_exit(1);
	while (recv(end, &end_of_file, 1, 0) < 0 && errno == EINTR)
		;
	char done = cgroup_kill(cgroup, false, clock_milliseconds() + KILL_MILLISECONDS) &&
		    cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	cgroup_place_tidy(cgroup->parent);
	send(end, &done, 1, MSG_NOSIGNAL);
	_exit(0);
}

/* The byte it says next; 0 where it says none in time. */
static char hear(int janitor)
{
	char byte = 0;
	struct pollfd answer = {.fd = janitor, .events = POLLIN};
	while (poll(&answer, 1, ANSWER_MILLISECONDS) < 0 && errno == EINTR)
		;
	return recv(janitor, &byte, 1, MSG_DONTWAIT) == 1 ? byte : 0;
}

int janitor_start(const struct cgroup *cgroup)
{
	int ends[2], status = 1;
	if (prctl(PR_SET_CHILD_SUBREAPER, 0) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	pid_t between = fork();
	if (between == 0) {
		pid_t janitor = fork();
		if (janitor == 0)
			work(cgroup, ends[1]);
		_exit(janitor > 0 ? 0 : 1);
	}
	int error = errno;
	close(ends[1]);
	while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	if (between > 0 && status == 0 && hear(ends[0]) == 1)
		return ends[0];
	close(ends[0]);
	errno = between < 0 ? error : EAGAIN;
	return -1;
}

bool janitor_finish(int janitor, bool wait)
{
	shutdown(janitor, SHUT_WR);
	return wait && hear(janitor) == 1;
}
