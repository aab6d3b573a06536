/*
 * The watcher of a phase: a child of the supervisor that holds seccomp's listener and answers the phase's questions for
 * names. It is a process of its own so that whoever holds the listener has no privilege that the phase lacks, but for
 * CAP_SYS_PTRACE (watcher_rights.h), and so that nothing else the supervisor does makes a build wait.
 */
#ifndef AUDITOR_H
#define AUDITOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "watcher/network_log.h"
#include "options/options.h"
#include "util/process.h"

struct watcher {
	struct network_log *log; /* NULL: nothing is watched */
	int news;		 /* for the phase's processes (setup_message.h); -1 once they have it */
	int news_in, control;
	int asked; /* where the watcher asks us (ancestor.h); -1 where it does not */
	pid_t pid;
};

/*
 * Makes what the phase's processes and the watcher share. To be called before the first of them is started. Refuses on
 * failure.
 */
const struct network_log *watcher_open(struct watcher *watcher, bool wanted);

/*
 * Starts the watcher, once the caller has given up what it gives up, and before the command starts; what the options allow it lets
 * through, that way. Refuses on failure.
 */
void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route way);

/* Adds the watcher and who helps it. */
void watcher_add_pids(const struct watcher *watcher, struct pids *pids);

/*
 * Ends the watcher and waits for that, two seconds at most. Where processes of the phase may live on, it stays for as long as there are any:
 * without it each of their watched calls would fail with ENOSYS.
 */
void watcher_end(struct watcher *watcher, bool may_live_on);

#endif
