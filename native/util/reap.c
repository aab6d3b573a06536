#include "util/reap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

/* What SIGKILL ends is gone in less, also on a machine that is busy. */
#define KILLED_MILLISECONDS 500

/* Where Linux before 5.3 has no pidfd. */
#define LOOK_MICROSECONDS 1000

static bool is_collected(pid_t child)
{
	pid_t pid = waitpid(child, NULL, WNOHANG);
	return pid == child || (pid < 0 && errno == ECHILD);
}

static bool ends_within(pid_t child, int pidfd, int milliseconds)
{
	long long now = clock_milliseconds(), deadline = now + milliseconds;
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	while (!is_collected(child)) {
		if (now >= deadline)
			return false;
		if (pidfd < 0)
			usleep(LOOK_MICROSECONDS);
		else
			poll(&end, 1, (int)(deadline - now));
		now = clock_milliseconds();
	}
	return true;
}

bool reap_within(pid_t child, int milliseconds)
{
	if (is_collected(child))
		return true;
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	bool ended = ends_within(child, pidfd, milliseconds);
	if (!ended) {
		kill(child, SIGKILL);
		ended = ends_within(child, pidfd, KILLED_MILLISECONDS);
	}
	if (pidfd >= 0)
		close(pidfd);
	return ended;
}
