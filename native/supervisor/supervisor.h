/* The process that stays outside: starts the phase's init, watches, ends it, kills what is left, writes the record. */
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

/* Runs the command under supervision and ends as it ended; exits 125 where --require could not be met. */
noreturn void supervise(const struct options *options, const struct identity *identity, const struct inherited *inherited,
			const struct signals *signals);

/* What a command left running, described before it is killed. */

enum {
	ORPHANS_DESCRIBED = 32,
	ORPHAN_ARGV = 512,
};

struct orphan {
	pid_t pid;
	char comm[64];
	char argv[ORPHAN_ARGV]; /* NUL-separated, cut where it is longer */
	size_t argv_length;
	double age; /* seconds since it was started */
	bool stuck; /* SIGKILL did not end it in time */
};

struct orphans {
	struct orphan described[ORPHANS_DESCRIBED];
	size_t described_count;
	size_t count; /* of all */
};

/* Adds those that still live to orphans, the first ones described. */
void orphans_add(struct orphans *orphans, const struct pids *pids);

/* Marks those of them that still live, and adds the others. */
void orphans_mark_stuck(struct orphans *orphans, const struct pids *pids);

/* All that one start of a command turned out to be: what the record says. */

enum { RESULT_MISSING = 16 };

/* Something that was asked for and could not be had. */
struct missing {
	const char *what; /* net, ipc, cgroup, pid or the name of a limit */
	const char *why;  /* what was tried, static text */
	int error;	  /* errno */
};

struct phase_result {
	enum mode mode;
	struct inherited inherited; /* by Portage */
	unsigned applied;	    /* enum isolation, by us */
	bool has_cgroup;
	bool has_subreaper;
	struct missing missing[RESULT_MISSING];
	size_t missing_count;
	struct orphans orphans;
	bool setuid_inert; /* we had to take set-id programs their power */
	bool stuck;	   /* something did not die in time */
	bool abandoned;	   /* ended by us: who was watched is gone */
	int status;	   /* of the command, as wait(2) gives it */
	long started;	   /* processes and threads; 0: not known */
	struct timespec began;
	long long began_monotonic; /* the command, microseconds */
	double wall, user, system; /* seconds */
	long long memory_peak;	   /* bytes */
	struct cgroup_usage usage;
	const struct network_log *audit; /* NULL: not asked for */
	long long unroutable;		 /* the kernel's count of what had no way out; -1: not known, or not asked for */
	bool watcher_died;		 /* and so the phase was ended */
};

/* Notes what the caller's children have used so far, or what the cgroup's processes have, where there is one. */
void result_add_usage(struct phase_result *result, const struct cgroup *cgroup);

/* Notes the limits that are not in force: all with why and errno where there is no cgroup (NULL), else those that it misses. */
void result_add_missing_limits(struct phase_result *result, const struct options *options, const struct cgroup *cgroup, const char *why);

void result_add_missing(struct phase_result *result, const char *what, const char *why, int error);

/* From the supervisor's fork to an init that has everything in place. */

/* What is to be made in one try. */
struct plan {
	enum mode mode;
	unsigned isolate;	/* enum isolation */
	enum tracking tracking; /* TRACK_PID_NAMESPACE goes with ISOLATE_PID */
	bool inherited_net;	/* others have isolated the network */
};

struct launched {
	pid_t init;
	int channel;
	bool parent_exited; /* the process that forked init has */
	int counters[2];    /* of its network (snmp.h), where that is not the host's */
};

/*
 * Tries the plan once; news leads to the watcher of what the command calls, -1 where there is none. Returns true with started filled, init waiting for MESSAGE_START, or false with setback: then nothing of
 * that try is left. The caller must be a subreaper (prctl(2)), as the process that makes a PID namespace ends at once.
 */
bool launch_init(const struct plan *plan, const struct identity *identity, const struct options *options,
		 const struct signals *signals, const struct cgroup *cgroup, int watcher_socket, struct launched *launched,
		 struct setup_error *setup_error);

/* What to make for the options that were given, and what is left to make once a step has failed. */

/* The fullest plan for options: what Portage has made is not made again. */
struct plan plan_first(const struct options *options, const struct identity *identity, const struct inherited *inherited);

/*
 * Takes from the plan what can't be had after setback and notes in result what the user thereby misses. Returns false
 * where nothing can be run at all: setback concerns no isolation.
 */
bool plan_degrade(struct plan *plan, const struct options *options, const struct setup_error *setup_error, struct phase_result *result);

/* From where what the options let through is connected. */
enum egress_route plan_route(const struct plan *plan, const struct options *options, const struct inherited *inherited);

/* Who must live for the phase to go on: processes, and the holder of a lock. */

struct liveness {
	int pidfd[OPTIONS_DIE_WITH];
	size_t count;
	int lock; /* -1: none, or nobody held it when we started */
};

/* Returns false where a process to watch is dead already: the phase has nobody to run for. */
bool liveness_open(struct liveness *watch, const struct options *options);

/* Whether the lock that was held when we started is held by nobody any more. */
bool liveness_lock_is_free(const struct liveness *watch);

/* What the supervisor knows, shared by the files that it consists of. */

struct supervisor {
	const struct options *options;
	struct identity identity;
	const struct signals *signals;
	int signal_fd;
	struct cgroup cgroup;
	bool has_cgroup;
	struct cgroup_inherited inherited;
	struct plan plan;
	struct launched launched;
	struct liveness liveness;
	struct watcher watcher;
	struct snmp snmp;
	struct phase_result result;
	bool command_exited; /* the command */
	bool no_children;    /* init has nobody left */
	bool init_exited;    /* init is dead and reaped */
	bool init_refused;   /* it said why: it could not start the command */
	long long began;
};

/* To init. */
void supervisor_send(const struct supervisor *s, const struct message *message);

/* Waits for one thing to happen, timeout milliseconds at most (-1: for ever). Returns false where who is watched is gone. */
bool supervisor_wait(struct supervisor *s, int timeout);

/* The end of a phase: what the command has left is named and killed. */

/* Ends init and, where the phase is tracked, everything else; none of it may outlive this, nor hold us for ever. */
void teardown(struct supervisor *s);

/* The record of a phase: one line of JSON, schema 1. */

/*
 * Appends the record to options->record, whole, in one write, and puts the same line into options->notice_file where there is
 * something a user should receive_message. Both are opened as the caller, never through a symbolic link, only as regular files.
 * What can't be written is complained of; it changes nothing else.
 */
void record_write(const struct options *options, const struct phase_result *result);

/* What the phase tried to reach, as members of its record. */

/*
 * Adds "unreachable" if the network is isolated: the number of packets without a route, as the kernel counts them. If the phase was or
 * should have been watched, adds "watched" with "watched_why"; "attempts" (a count) with the list "blocked", or "observed" if the
 * network is not isolated; "unattributed" (counted by the kernel, sender unknown); "names" with "names_watched" and "names_watched_why".
 */
void record_audit(struct json *json, const struct phase_result *result);

bool record_audit_is_notable(const struct phase_result *result);

/* To end the way somebody else has ended. */

/* Exits with that status, as wait(2) gives it, or dies of that signal. */
noreturn void exit_like_child(int status);

#endif
