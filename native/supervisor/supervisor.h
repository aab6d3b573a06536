/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor: the outer process of a phase. It launches confine's init process, waits, kills the remaining processes and writes the record. */
#pragma once

#include <stdnoreturn.h>
#include <time.h>

#include "cgroup/cgroup.h"
#include "init/init.h"
#include "namespace/namespace.h"
#include "options/options.h"
#include "privileged/privilege.h"
#include "util/json.h"
#include "util/process.h"
#include "network_log/network_log.h"
#include "watcher/watcher.h"

/* Runs the command in a phase. inherited: isolation that Portage has set up (bits of enum isolation). Exits with the command's exit status, or dies of the signal that killed the command. Without --best-effort, exits with 125 if an option cannot be fulfilled. */
noreturn void supervise(const struct options *options, const struct identity *identity, unsigned inherited, const struct signals *signals);

/* --- what the record reports about a run --- */

enum {
	ORPHANS_DESCRIBED = 32, /* maximum number of orphans that a record describes; further orphans are only counted */
	ORPHAN_ARGV = 512,	/* maximum length of an orphan's command line in a record, in bytes; the rest is omitted */
};

struct orphan {
	pid_t pid;
	char comm[64];
	char argv[ORPHAN_ARGV]; /* command line: NUL-separated arguments, truncated */
	size_t argv_length;
	double age; /* age of the process in seconds */
	bool stuck; /* true: SIGKILL has not ended the process by the deadline of teardown(); false: it has */
};

struct orphans {
	struct orphan described[ORPHANS_DESCRIBED];
	size_t described_count;
	size_t count; /* number of all orphans; greater than described_count if not all fit into described */
};

enum { RESULT_MISSING = 16 };

/* An option that could not be fulfilled. */
struct missing {
	const char *what; /* name of the missing option in the record: net, ipc, pid, mount, cgroup, own-sockets or the name of a limit */
	const char *why;  /* reason, such as the name of the failed call; the text must outlive the result */
	int error;	  /* errno of the failure that why describes; 0: the failure has no errno */
};

/* Everything that the record reports about one run of a command. */
struct phase_result {
	enum mode mode;
	unsigned inherited;	       /* namespaces that Portage has made, bits of enum isolation */
	unsigned applied;	       /* isolation that confine has set up, bits of enum isolation */
	struct setup_error net_filter; /* failed step because of which a network filter replaces the network namespace; STEP_NONE: no network filter */
	bool has_cgroup;
	bool has_subreaper;
	struct missing missing[RESULT_MISSING];
	size_t missing_count;
	struct setup_error refused[STEPS]; /* failed set-up steps that no option of this run requires, such as sethostname(2); the record lists them */
	size_t refused_count;
	struct orphans orphans;
	const struct ipc_objects *ipc_objects; /* IPC objects that confine has removed after the phase; NULL: it has removed none */
	bool setuid_inert;		       /* true: confine sets no_new_privs, so set-user-ID programs of the phase run without privileges; false: it does not, unless audit->setuid_inert is 1 */
	bool stuck;			       /* true: SIGKILL had not ended all processes at the deadline of teardown(), or the cgroup could not be removed; false: neither */
	bool abandoned;			       /* true: confine killed or did not start the command, because of --die-with, --die-with-lock, --die-with-file, the end of the watcher, an init that does not confirm a signal, or a failure of poll(2); false: it did not */
	int status;			       /* status of the command, as wait(2) returns it; if init has not reported it, EXIT_REFUSED << 8 or SIGKILL */
	long started;			       /* number of processes and threads that the command has started, including itself; 0: unknown */
	struct timespec began;
	long long began_monotonic; /* start of the command, CLOCK_MONOTONIC in microseconds */
	double wall, user, system; /* elapsed time and CPU time of the phase, in seconds */
	long long memory_peak;	   /* highest memory use of any single process (ru_maxrss), in bytes */
	struct cgroup_usage usage;
	const struct network_log *audit; /* copy of the log of the phase's network use; NULL: --audit is not given, or the log could not be created */
	long long unroutable;		 /* number of packets without a route, as the kernel counts them; -1: unknown */
	bool watcher_died;
};

/* --- plan.c: chooses the isolation --- */

struct plan {
	enum mode mode;
	unsigned isolate;	/* isolation that confine sets up, bits of enum isolation */
	enum tracking tracking; /* how confine tracks processes; TRACK_PID_NAMESPACE requires ISOLATE_PID in isolate */
};

/* Returns the plan that fulfils all options. inherited: isolation that Portage has set up already (bits of enum isolation); the plan omits it, unless --cgroup needs a PID namespace of confine. */
struct plan plan_first(const struct options *options, const struct identity *identity, unsigned inherited);

/*
 * Called after the set-up step of setup_error has failed. Removes the isolation that needs this step from the plan, and adds the options that request it to the missing options
 * of the result (for --net, sets result->net_filter instead if the network filter can work). If the step may succeed in a user namespace, changes only plan->mode, to MODE_USERNS.
 * Returns true if the changed plan is worth a launch; false if no isolation of the plan needs this step, so that a smaller plan would fail too.
 */
bool plan_degrade(struct plan *plan, const struct options *options, const struct identity *identity, const struct setup_error *setup_error, struct phase_result *result);

/* Adds an option that is not available to result->missing, the list for the record. what: name of the option. why: the reason. error: errno of the failure; 0: no errno. */
void result_add_missing(struct phase_result *result, const char *what, const char *why, int error);

/* Adds a failed set-up step to result->refused, the list for the record. Does nothing for STEP_NONE. */
void result_add_refused(struct phase_result *result, const struct setup_error *setup_error);

struct supervisor {
	const struct options *options;
	struct identity identity;
	const struct signals *signals;
	int signal_fd;
	struct cgroup cgroup;
	struct plan plan;
	pid_t init;
	int channel;		      /* the supervisor's end of the channel to init; -1 after init has closed its end */
	int pidfds[OPTIONS_DIE_WITH]; /* pidfds of the processes of --die-with; confine ends the phase when one of them exits */
	size_t pidfd_count;
	int lock; /* descriptor of the file of --die-with-lock; -1 without this option, or if the file could not be opened */
	int file; /* descriptor of the file of --die-with-file; -1 without this option, or if the file could not be opened or had no links from the start */
	struct watcher watcher;
	struct snmp snmp;
	struct phase_result result;
	bool command_exited;
	bool no_children;      /* true: init has reported that the command has exited and left no process that is a child of init; false: init has not reported this */
	bool init_exited;      /* true: init has exited and was reaped; false: it has not been reaped */
	bool init_refused;     /* true: confine's init exited with EXIT_REFUSED, after it printed the reason; false: it has not exited, or exited with another status */
	long long signal_time; /* remaining time for init to confirm a forwarded signal, in milliseconds; 0: no signal is pending */
};

/* Returns true if confine tracks the processes of the phase, so that it kills those that the command leaves running; false if these continue to run. */
static inline bool is_tracked(const struct supervisor *s)
{
	return s->plan.tracking != TRACK_NOTHING || s->result.has_cgroup;
}

static inline enum network phase_network(const struct supervisor *s)
{
	if (((s->plan.isolate | s->result.inherited) & ISOLATE_NET) != 0)
		return NETWORK_ISOLATED;
	return s->result.net_filter.step != STEP_NONE ? NETWORK_FILTERED : NETWORK_OPEN;
}

/* --- launch.c: starts init --- */

/*
 * Sets up the isolation of s->plan in a new process, which becomes init and waits for MESSAGE_START. Returns true if init is ready;
 * setup_error then names an optional step that failed, or STEP_NONE. Returns false if a required step has failed, which setup_error names.
 */
bool launch_init(struct supervisor *s, struct setup_error *setup_error);

/* --- event_loop.c: waits for events --- */

/* Opens the files of --die-with-lock and --die-with-file, and a pidfd for each process of --die-with. Returns false if one of these processes does not exist or no process holds the lock, otherwise true. */
bool liveness_open(struct supervisor *s);

/* Returns false if no process holds the lock of --die-with-lock, or if the file of --die-with-file is deleted, so that the phase must end; otherwise true. */
bool is_wanted(const struct supervisor *s);

/*
 * Waits for an event, at most timeout milliseconds (-1: without limit), and handles it. Returns false if the phase must end,
 * because a --die-with process or the watcher has died or poll(2) fails; otherwise true, with or without an event.
 */
bool supervisor_wait(struct supervisor *s, int timeout);

/* --- teardown.c: ends the phase --- */

/* Ends confine's init process. If confine tracks the processes of the phase, kills those that still run, and describes them in s->result.orphans (if s->result.abandoned is true, only those that survive SIGKILL). Takes at most about 7 s. */
void teardown(struct supervisor *s);

/* --- record.c: writes the record --- */

/*
 * Appends the record, one line of JSON (schema 1), to options->record in a single write. If the record reports a problem, also replaces the
 * contents of options->notice_file by this line. Privileges must have been dropped, because the user who starts confine chooses both files. Writes only to regular files
 * that are not symbolic or hard links. Reports a failed write on stderr and continues.
 */
void record_write(const struct options *options, const struct phase_result *result);
