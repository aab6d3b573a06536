#include "outcome.h"

#include <sys/resource.h>

void outcome_account(struct outcome *outcome, const struct cgroup *cgroup)
{
	struct rusage usage;
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
		outcome->user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
		outcome->system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
		outcome->memory_peak = usage.ru_maxrss * 1024LL;
	}
	if (cgroup != NULL)
		cgroup_usage(cgroup, &outcome->usage);
}

void outcome_miss(struct outcome *outcome, const char *what, const char *why, int error)
{
	if (outcome->missing_count < OUTCOME_MISSING)
		outcome->missing[outcome->missing_count++] = (struct missing){what, why, error};
}
