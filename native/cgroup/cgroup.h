/* The control group of one phase: made fresh, joined, emptied, removed. cgroup v2 only, wherever it is mounted. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"
#include "privileged/privilege.h"
#include "util/process.h"

struct cgroup {
	int parent;    /* the directory that ours is in */
	int directory; /* ours; its flock(2) says that somebody looks after it */
	int kill;      /* cgroup.kill, or -1 before Linux 5.14 */
	int events;    /* cgroup.events */
	char name[256];
	const char *limit_problem[LIMITS]; /* why a limit that was asked for is not in force, or NULL */
	int limit_error[LIMITS];
};

struct cgroup_usage {
	bool has_cpu, has_memory;
	double user, system;   /* seconds */
	long long memory_peak; /* bytes */
	long processes_peak;   /* 0: not known */
	bool killed_by_memory;
	bool refused_by_pids;
	bool inherited_hit; /* by a limit of the cgroup that we were started in */
};

/*
 * Makes the cgroup that options names: for root where cgroup_place_open() says, for everybody else below the caller's own, if that was
 * delegated to the caller. Uses no right that the caller lacks. stay: below the caller's own, for root too, whose
 * limits are to go on holding. Sweeps what killed runs left there. Returns false with why (static text)
 * and errno. All descriptors are close-on-exec.
 */
bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, bool stay, const char **why);

/*
 * fork(2) whose child is in the cgroup from its first instruction on. cgroup NULL: plain fork. In a kernel before 5.7 the
 * child joins by itself; joined then tells it whether that worked (errno). Returns as fork does.
 */
pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined);

/* Adds the living processes of the cgroup and of those that the build made below it. */
void cgroup_add_pids(const struct cgroup *cgroup, struct pids *pids);

/* Kills every process in it and waits until it is empty or deadline (CLOCK_MONOTONIC, ms). Returns whether it is empty. */
bool cgroup_kill(const struct cgroup *cgroup, long long deadline);

/* What its processes used so far. */
void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage);

/* Removes it and what the build made below it, and closes everything. Returns false with errno where it stays. */
bool cgroup_remove(struct cgroup *cgroup);

/* The limits that are in force already: those of the cgroup that this process was started in. */

struct cgroup_inherited {
	bool limit[LIMITS]; /* asked for, and the cgroup has one that is at least as strict */
	int directory;	    /* of the cgroup; -1 where it has none of them */
	long long killed;   /* processes that its memory.max has killed */
	long long refused;  /* forks that its pids.max has refused */
};

/*
 * Looks for the limits that options ask for. Portage's cgroup for a build has them if hooks/limits.bash has written them there. For root,
 * who can make a cgroup elsewhere, it is all of them or none.
 */
void cgroup_inherited_find(struct cgroup_inherited *inherited, const struct options *options, const struct identity *identity);

/* Notes in usage which of these limits was hit since. */
void cgroup_inherited_usage(const struct cgroup_inherited *inherited, struct cgroup_usage *usage);

#endif
