/*
 * The supervisor: the outer process of a phase. It launches init, waits, kills the remaining processes and writes the record.
 * Internal header of supervisor/, except supervise(), which main.c calls. supervise.c calls launch.c, event_loop.c, teardown.c and
 * record.c in this order; teardown.c calls event_loop.c.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <sys/types.h>
#include <time.h>

#include "cgroup/cgroup.h"
#include "init/init.h"
#include "namespace/namespace.h"
#include "namespace/snmp.h"
#include "options/options.h"
#include "privileged/privilege.h"
#include "util/json.h"
#include "util/process.h"
#include "util/signals.h"
#include "watcher/network_log.h"
#include "watcher/watcher.h"

/* Runs the command. Exits with its status, or dies of the same signal. Exits with 125 if --require cannot be met. */
noreturn void supervise(const struct options *options, const struct identity *identity, const struct inherited *inherited,
			const struct signals *signals);

/* --- orphans.c: descriptions of the processes that the command left running --- */

enum {
	ORPHANS_DESCRIBED = 32,
	ORPHAN_ARGV = 512,
};

struct orphan {
	pid_t pid;
	char comm[64];
	char argv[ORPHAN_ARGV]; /* NUL-separated, truncated */
	size_t argv_length;
	double age; /* seconds since its start */
	bool stuck; /* still alive after SIGKILL and the deadline */
};

struct orphans {
	struct orphan described[ORPHANS_DESCRIBED];
	size_t described_count;
	size_t count; /* including those that are not described */
};

/* Adds the living processes of the list and describes the first of them. */
void orphans_add(struct orphans *orphans, const struct pids *pids);

/* Marks the processes of the list as stuck. Adds those that are not in orphans yet. */
void orphans_mark_stuck(struct orphans *orphans, const struct pids *pids);

/* --- plan.c: which isolation to set up, and what is missing --- */

enum { RESULT_MISSING = 16 };

/* An option that could not be fulfilled. */
struct missing {
	const char *what; /* net, ipc, cgroup, pid or the name of a limit */
	const char *why;  /* the failed call, static text */
	int error;	  /* errno */
};

/* Everything that the record reports about one run of a command. */
struct phase_result {
	enum mode mode;
	struct inherited inherited;
	unsigned applied; /* enum isolation, set up by confine */
	bool has_cgroup;
	bool has_subreaper;
	struct missing missing[RESULT_MISSING];
	size_t missing_count;
	struct setup_error refused[STEPS]; /* steps that the kernel refused, without the loss of an option */
	size_t refused_count;
	struct orphans orphans;
	bool setuid_inert; /* no_new_privs is set: set-user-ID programs gain nothing */
	bool stuck;	   /* a process survived SIGKILL until the deadline */
	bool abandoned;	   /* confine killed the command, because a --die-with process ended, the watcher died or init did not react */
	int status;	   /* of the command, as wait(2) returns it */
	long started;	   /* processes and threads; 0: unknown */
	struct timespec began;
	long long began_monotonic; /* start of the command, microseconds */
	double wall, user, system; /* seconds */
	long long memory_peak;	   /* bytes */
	struct cgroup_usage usage;
	const struct network_log *audit; /* NULL without --audit */
	long long unroutable;		 /* packets without a route, as the kernel counts them; -1: unknown */
	bool watcher_died;
};

/* Sets the resource usage of the children of this process and, if there is a cgroup, of its processes. */
void result_add_usage(struct phase_result *result, const struct cgroup *cgroup);

/* Adds each limit that is not in force. Without a cgroup (NULL) that is every limit, with this reason and errno. */
void result_add_missing_limits(struct phase_result *result, const struct options *options, const struct cgroup *cgroup, const char *why);

void result_add_missing(struct phase_result *result, const char *what, const char *why, int error);

/* Adds a refused step; does nothing for STEP_NONE. */
void result_add_refused(struct phase_result *result, const struct setup_error *setup_error);

struct plan {
	enum mode mode;
	unsigned isolate;	/* enum isolation */
	enum tracking tracking; /* TRACK_PID_NAMESPACE requires ISOLATE_PID */
	bool inherited_net;	/* the network is already isolated */
};

/* Returns the plan that fulfils all options. It omits the isolation that Portage has set up. */
struct plan plan_first(const struct options *options, const struct identity *identity, const struct inherited *inherited);

/*
 * Removes the isolation that setup_error makes impossible from the plan, and adds it to the missing options of the result.
 * Returns false if no command can run at all.
 */
bool plan_degrade(struct plan *plan, const struct options *options, const struct setup_error *setup_error, struct phase_result *result);

/* Returns the route of allowed connections: direct, through the SOCKS proxy, or none. */
enum egress_route plan_route(const struct plan *plan, const struct options *options, const struct inherited *inherited);

/* init, as launch.c starts it */
struct launched {
	pid_t init;
	int channel;
	int counters[2]; /* of init's network (snmp.h) */
};

struct liveness {
	int pidfd[OPTIONS_DIE_WITH];
	size_t count;
	int lock; /* -1 without --die-with-lock, and if the file had no lock at the start */
};

struct supervisor {
	const struct options *options;
	struct identity identity;
	const struct signals *signals;
	int signal_fd;
	struct cgroup cgroup;
	struct cgroup_inherited inherited;
	struct plan plan;
	struct launched launched;
	struct liveness liveness;
	struct watcher watcher;
	struct snmp snmp;
	struct phase_result result;
	bool command_exited;
	bool no_children;	   /* init has reported that it has no children */
	bool init_exited;	   /* and was reaped */
	bool init_refused;	   /* init exited with EXIT_REFUSED and has printed the reason */
	long long signal_deadline; /* CLOCK_MONOTONIC milliseconds, for init to return a forwarded signal; 0: none is due */
};

/* Returns whether confine kills the processes that the command leaves. */
static inline bool is_tracked(const struct supervisor *s)
{
	return s->plan.tracking != TRACK_NOTHING || s->result.has_cgroup;
}

/* --- launch.c --- */

/*
 * Sets up s->plan in a new process, which becomes init. Returns true if init waits for MESSAGE_START; setup_error is then a step that
 * init did without, or STEP_NONE. Returns false with setup_error if a step failed; no process remains then.
 */
bool launch_init(struct supervisor *s, struct setup_error *setup_error);

/* --- event_loop.c --- */

/* Opens the processes and the lock file of --die-with and --die-with-lock. Returns false if one of the processes does not exist. */
bool liveness_open(struct liveness *liveness, const struct options *options);

/* Returns whether the lock that existed at the start has been released. */
bool liveness_lock_is_free(const struct liveness *liveness);

/* Sends a message to init. */
void supervisor_send(const struct supervisor *s, const struct message *message);

/*
 * Waits for an event, at most timeout milliseconds (-1: without limit), and handles it. Returns false if the phase must end, because a
 * --die-with process or the watcher has died.
 */
bool supervisor_wait(struct supervisor *s, int timeout);

/* --- teardown.c --- */

/* Ends init and, if the phase is tracked, describes and kills the remaining processes. Returns after about 7 s at the latest. */
void teardown(struct supervisor *s);

/* --- record.c, record_audit.c --- */

/*
 * Appends the record, one line of JSON (schema 1), to options->record in a single write. If the record is notable, writes the same line
 * to options->notice_file. Opens both files as the caller, and only regular files that are not symbolic links. Reports a failed
 * write on stderr and continues.
 */
void record_write(const struct options *options, const struct phase_result *result);

/* Adds the member name with a reason and, unless it is 0, the text of an errno. Without a name (NULL), adds only the text. */
void record_add_reason(struct json *json, const char *name, const char *why, int error);

/*
 * Adds "unreachable" if the network is isolated: the number of packets without a route, as the kernel counts them. If the phase was or
 * should have been watched, adds "watched" with "watched_why"; "attempts" (a count) with the list "blocked", or "observed" if the
 * network is not isolated; "unattributed" (counted by the kernel, sender unknown); "names" with "names_watched" and "names_watched_why".
 */
void record_audit(struct json *json, const struct phase_result *result);

/* Returns whether the audit found something that a user should read. */
bool record_audit_is_notable(const struct phase_result *result);

#endif
