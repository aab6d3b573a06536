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
#include "util/close_fds.h"
#include "supervisor/reap.h"
#include "watcher/rights.h"

/* How long the watcher may take to end, or to answer that it stays. */
#define END_MILLISECONDS 1000

const struct audit_table *auditor_open(struct auditor *auditor, bool wanted)
{
	int ends[2];
	*auditor = (struct auditor){.news = -1, .news_in = -1, .control = -1, .asked = -1};
	if (!wanted)
		return NULL;
	auditor->table = audit_table_make();
	if (auditor->table == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		refuse("setting up the audit: %m");
	auditor->news_in = ends[0];
	auditor->news = ends[1];
	return auditor->table;
}

/* A pipe or terminal of the caller's that a lingering watcher held open would never end. */
static bool let_go_of_files(const int *keep, size_t count)
{
	fds_close_all_but(keep, count);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return false;
	return true;
}

static noreturn void become_watcher(struct auditor *auditor, int control, int ancestor, const struct options *options,
				    enum passage_way way)
{
	int keep[] = {auditor->news_in, control, ancestor};
	sigset_t all;
	sigfillset(&all);
	bool root = geteuid() == 0;
	if (!watcher_rights_reduce())
		refuse("giving up privileges for the audit: %m");
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0 || !let_go_of_files(keep, 3))
		refuse("setting up the watcher: %m");
	prctl(PR_SET_NAME, "confine-audit");
	watcher_rights_filter();
	audit_watch(&(struct audit_watch){
		.table = auditor->table,
		.allow = &options->allow,
		.families = options->families,
		.way = way,
		.root = root,
		.socks = options->socks,
		.news = auditor->news_in,
		.control = control,
		.ancestor = ancestor,
	});
}

void auditor_start(struct auditor *auditor, const struct options *options, enum passage_way way)
{
	int ends[2], asking[2] = {-1, -1};
	if (auditor->table == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		refuse("setting up the audit: %m");
	/* Where there are no descriptors for that, what it would take is counted, but not seen. */
	if (ancestor_is_wanted() && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, asking) != 0)
		asking[0] = asking[1] = -1;
	/* From its first instruction on: the build may have the same ids, and must not get at the listener through it. */
	int dumpable = prctl(PR_GET_DUMPABLE);
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	auditor->pid = fork();
	if (auditor->pid == 0) {
		close(auditor->news);
		close(ends[0]);
		become_watcher(auditor, ends[1], asking[1], options, way);
	}
	if (auditor->pid < 0)
		refuse("fork: %m");
	if (dumpable == 1 && prctl(PR_SET_DUMPABLE, 1) != 0)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	close(ends[1]);
	close(auditor->news);
	close(auditor->news_in);
	auditor->news = auditor->news_in = -1;
	auditor->control = ends[0];
	auditor->asked = asking[0];
	if (asking[1] >= 0)
		close(asking[1]);
	if (auditor->asked >= 0)
		ancestor_serve(auditor->asked);
}

void auditor_add_pids(const struct auditor *auditor, struct pids *pids)
{
	if (auditor->pid <= 0)
		return;
	pids_add(pids, auditor->pid);
	pids_add_descendants(pids, auditor->pid);
}

/* Asks whether it stays. One that says nothing does not. */
static bool stays(int control)
{
	char byte = 0;
	struct pollfd answer = {.fd = control, .events = POLLIN};
	return send(control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 && poll(&answer, 1, END_MILLISECONDS) == 1 &&
	       recv(control, &byte, 1, MSG_DONTWAIT) == 1;
}

void auditor_end(struct auditor *auditor, bool may_live_on)
{
	if (auditor->table == NULL || auditor->pid <= 0)
		return;
	if (auditor->asked >= 0)
		ancestor_end(auditor->asked);
	bool stayed = may_live_on && stays(auditor->control);
	close(auditor->control);
	if (!stayed)
		reap_within(auditor->pid, END_MILLISECONDS);
	auditor->pid = 0;
}
