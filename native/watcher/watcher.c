#include "watcher/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "watcher/yama_broker.h"
#include "watcher/loop.h"
#include "util/fail.h"
#include "util/fds.h"
#include "util/process.h"
#include "watcher/rights.h"

/* How long the watcher may take to end, or to answer that it stays. */
#define END_MILLISECONDS 1000

const struct network_log *watcher_open(struct watcher *watcher, bool wanted)
{
	int ends[2];
	*watcher = (struct watcher){.news = -1, .news_in = -1, .control = -1, .asked = -1};
	if (!wanted)
		return NULL;
	watcher->log = network_log_create();
	if (watcher->log == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		refuse("setting up the audit: %m");
	watcher->news_in = ends[0];
	watcher->news = ends[1];
	return watcher->log;
}

/* A pipe or terminal of the caller's that a lingering watcher held open would never end. */
static bool let_go_of_files(const int *keep, size_t count)
{
	close_fds_except(keep, count);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return false;
	return true;
}

static noreturn void become_watcher(struct watcher *watcher, int control, int ancestor, const struct options *options,
				    enum egress_route way)
{
	int keep[] = {watcher->news_in, control, ancestor};
	sigset_t all;
	sigfillset(&all);
	bool root = geteuid() == 0;
	if (!watcher_rights_reduce())
		refuse("giving up privileges for the audit: %m");
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0 || !let_go_of_files(keep, 3))
		refuse("setting up the watcher: %m");
	prctl(PR_SET_NAME, "confine-audit");
	watcher_rights_filter();
	watcher_loop(&(struct watcher_loop){
		.log = watcher->log,
		.allow = &options->allow,
		.families = options->families,
		.way = way,
		.root = root,
		.socks = options->socks,
		.news = watcher->news_in,
		.control = control,
		.ancestor = ancestor,
	});
}

void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route way)
{
	int ends[2], asking[2] = {-1, -1};
	if (watcher->log == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		refuse("setting up the audit: %m");
	/* Where there are no descriptors for that, what it would take is counted, but not seen. */
	if (yama_broker_is_needed() && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, asking) != 0)
		asking[0] = asking[1] = -1;
	/* From its first instruction on: the build may have the same ids, and must not get at the listener through it. */
	int dumpable = prctl(PR_GET_DUMPABLE);
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	watcher->pid = fork();
	if (watcher->pid == 0) {
		close(watcher->news);
		close(ends[0]);
		become_watcher(watcher, ends[1], asking[1], options, way);
	}
	if (watcher->pid < 0)
		refuse("fork: %m");
	if (dumpable == 1 && prctl(PR_SET_DUMPABLE, 1) != 0)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	close(ends[1]);
	close(watcher->news);
	close(watcher->news_in);
	watcher->news = watcher->news_in = -1;
	watcher->control = ends[0];
	watcher->asked = asking[0];
	if (asking[1] >= 0)
		close(asking[1]);
	if (watcher->asked >= 0)
		yama_broker_serve(watcher->asked);
}

void watcher_add_pids(const struct watcher *watcher, struct pids *pids)
{
	if (watcher->pid <= 0)
		return;
	pids_add(pids, watcher->pid);
	pids_add_descendants(pids, watcher->pid);
}

/* Asks whether it stays. One that says nothing does not. */
static bool stays(int control)
{
	char byte = 0;
	struct pollfd answer = {.fd = control, .events = POLLIN};
	return send(control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 && poll(&answer, 1, END_MILLISECONDS) == 1 &&
	       recv(control, &byte, 1, MSG_DONTWAIT) == 1;
}

void watcher_end(struct watcher *watcher, bool may_live_on)
{
	if (watcher->log == NULL || watcher->pid <= 0)
		return;
	if (watcher->asked >= 0)
		yama_broker_end(watcher->asked);
	bool stayed = may_live_on && stays(watcher->control);
	close(watcher->control);
	if (!stayed)
		reap_within(watcher->pid, END_MILLISECONDS);
	watcher->pid = 0;
}
