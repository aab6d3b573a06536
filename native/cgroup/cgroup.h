/* The cgroup of a phase, in cgroup v2: create, fork into, limit, kill, remove. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"
#include "privileged/privilege.h"
#include "util/process.h"

struct cgroup {
	int parent;    /* directory */
	int directory; /* its flock(2) marks the cgroup as in use */
	int kill;      /* cgroup.kill; -1 before Linux 5.14 */
	int events;    /* cgroup.events */
	char name[256];
	const char *limit_problem[LIMITS]; /* the reason why a limit is not in force, or NULL */
	int limit_error[LIMITS];
};

struct cgroup_usage {
	bool has_cpu, has_memory;
	double user, system;   /* seconds */
	long long memory_peak; /* bytes */
	long processes_peak;   /* 0: unknown */
	bool killed_by_memory; /* memory.max */
	bool refused_by_pids;  /* pids.max */
	bool inherited_hit;    /* one of these limits belongs to the cgroup in which confine was started */
};

/*
 * Creates the cgroup of the options with the caller's rights: for root below /portcullis or Portage's cgroup (cgroup_location_open_root()),
 * for others below the caller's cgroup if it is delegated. keep_own: below the caller's cgroup in any case, so that its limits stay in
 * force. Removes cgroups that killed runs have left there. All descriptors are close-on-exec. Returns false with why (static text) and
 * errno.
 */
bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, bool keep_own, const char **why);

/*
 * Like fork(2), with the child in the cgroup. cgroup may be NULL. Before Linux 5.7 the child joins the cgroup itself; in the child, joined
 * tells whether this succeeded (errno).
 */
pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined);

/* Adds the processes of the cgroup and of the cgroups below it. */
void cgroup_add_pids(const struct cgroup *cgroup, struct pids *pids);

/* Kills all processes and waits until the cgroup is empty. Returns false at the deadline (CLOCK_MONOTONIC, milliseconds). */
bool cgroup_kill(const struct cgroup *cgroup, long long deadline);

/* Reads the resource usage of the processes so far. */
void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage);

/* Removes the cgroup and those below it, and closes all descriptors. Returns false with errno if it remains. */
bool cgroup_remove(struct cgroup *cgroup);

/* Kills and removes the cgroups that killed runs have left, of root or of the caller. Returns the number of removed cgroups. */
int cgroup_gc(const struct identity *identity);

/* Limits that are in force already, in the cgroup in which confine was started. */
struct cgroup_inherited {
	bool limit[LIMITS]; /* requested, and the cgroup has one that is at least as strict */
	int directory;	    /* of the cgroup; -1: none of the limits */
	long long killed;   /* number of processes killed by memory.max before the phase */
	long long refused;  /* number of forks refused by pids.max before the phase */
};

/*
 * Finds the limits of the options that are in force already. hooks/limits.bash writes them to the cgroup that Portage makes for a build. Root
 * can create a cgroup elsewhere, so for root either all limits count or none.
 */
void cgroup_inherited_find(struct cgroup_inherited *inherited, const struct options *options, const struct identity *identity);

/* Adds to usage which of these limits the phase has reached. */
void cgroup_inherited_usage(const struct cgroup_inherited *inherited, struct cgroup_usage *usage);

#endif
