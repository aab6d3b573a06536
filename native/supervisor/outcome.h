/* All that one start of a command turned out to be: what the record says. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "watcher/network_log.h"
#include "cgroup/cgroup.h"
#include "privileged/identity.h"
#include "namespace/inherited.h"
#include "namespace/namespace.h"
#include "supervisor/orphans.h"

enum { OUTCOME_MISSING = 16 };

/* Something that was asked for and could not be had. */
struct missing {
	const char *what; /* net, ipc, cgroup, pid or the name of a limit */
	const char *why;  /* what was tried, static text */
	int error;	  /* errno */
};

struct outcome {
	enum mode mode;
	struct inherited inherited; /* by Portage */
	unsigned applied;	    /* enum isolation, by us */
	bool has_cgroup;
	bool has_subreaper;
	struct missing missing[OUTCOME_MISSING];
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
void outcome_account(struct outcome *outcome, const struct cgroup *cgroup);

/* Notes the limits that are not in force: all with why and errno where there is no cgroup (NULL), else those that it misses. */
void outcome_miss_limits(struct outcome *outcome, const struct options *options, const struct cgroup *cgroup, const char *why);

void outcome_miss(struct outcome *outcome, const char *what, const char *why, int error);

#endif
