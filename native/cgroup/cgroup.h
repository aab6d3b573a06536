/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup of a phase, in cgroup v2: create, fork into, limit, kill, remove. */
#pragma once

#include "options/options.h"
#include "privileged/privilege.h"
#include "util/process.h"

struct cgroup {
	int parent;    /* descriptor of the directory that contains the cgroup */
	int directory; /* descriptor of the cgroup; an flock(2) on it marks the cgroup as in use */
	int kill;      /* descriptor of cgroup.kill; -1 if the kernel has no such file (before Linux 5.14) */
	int events;    /* descriptor of cgroup.events, which shows whether the cgroup contains processes */
	char name[256];
	const char *limit_problem[LIMITS]; /* for each limit, the reason why it is not in force although --limit requests it; NULL: none */
	int limit_error[LIMITS];	   /* for each limit whose limit_problem is not NULL, the errno of the failure */
	int inherited;			   /* descriptor of the cgroup in which confine was started; -1: no requested limit is inherited from it */
	bool inherits[LIMITS];		   /* true if the cgroup in which confine was started already has this limit, at least as strict as --limit requests */
	/*
	 * Values of oom_kill in memory.events and of max in pids.events, of the cgroup in which confine was started, at the start of the phase. If
	 * a value is higher at the end of the phase, a process has hit the limit.
	 */
	long long inherited_killed, inherited_refused;
};

struct cgroup_usage {
	bool has_cpu, has_memory;
	double user, system;   /* CPU time of the cgroup's processes, in seconds */
	long long memory_peak; /* highest memory use of the cgroup so far (memory.peak), in bytes */
	long processes_peak;   /* highest number of processes and threads at one time (pids.peak); 0: unknown */
	bool killed_by_memory; /* true: the kernel has killed a process because of memory.max; false: it has not, or this is unknown */
	bool refused_by_pids;  /* true: the kernel has refused a fork because of pids.max; false: it has not, or this is unknown */
	bool inherited_hit;    /* true: a kill or a refused fork is due to a limit of the cgroup in which confine was started; false: none is */
};

/*
 * Creates the cgroup that --cgroup requests, without the privileges of a setuid confine. For root: below the cgroup /portcullis or Portage's cgroup
 * (open_root_parent()) or, if limits are inherited, below the cgroup of this process, whose limits stay in force. For other users: below
 * the cgroup of this process, if it is delegated. Also removes cgroups that killed runs have left in the parent. All descriptors are
 * close-on-exec. On an error, returns false and sets *why (static text) and errno; inherits[] is valid even then.
 */
bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, const char **why);

/*
 * Forks and returns like fork(2). The child is in the cgroup, unless cgroup is NULL. If the kernel refuses clone3(2) with CLONE_INTO_CGROUP, which is new in
 * Linux 5.7, the child joins the cgroup itself; if that fails, *joined is false in the child, with errno. In all other cases *joined is true.
 */
pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined);

/* Adds the processes of a cgroup and of the cgroups below it to pids. directory is a descriptor of the cgroup. */
void cgroup_add_pids(int directory, struct pids *pids);

/* Kills the cgroup's processes and waits until the cgroup is empty. Returns false if it is not empty at the deadline (monotonic milliseconds). */
bool cgroup_kill(const struct cgroup *cgroup, long long deadline);

/* Sets usage to the resources used so far. If cgroup_make() has returned false: has_cpu and has_memory are false, processes_peak is 0, and only hits of inherited limits are reported. */
void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage);

/* Removes the cgroup and the cgroups below it, and closes its descriptors. Returns false with errno if the cgroup remains. */
bool cgroup_remove(struct cgroup *cgroup);

/*
 * Kills the processes in the cgroups that killed runs of confine have left, and removes these cgroups. As root, searches the cgroup
 * /portcullis; as another user, the cgroup of this process. Returns the number of removed cgroups.
 */
int cgroup_gc(const struct identity *identity);
