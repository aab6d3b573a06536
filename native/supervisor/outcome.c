#include "supervisor/outcome.h"

#include <errno.h>
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

void outcome_miss_limits(struct outcome *outcome, const struct options *options, const struct cgroup *cgroup, const char *why)
{
	int error = errno;
	for (int i = 0; i < LIMITS; i++) {
		if (options->limit[i] == NULL)
			continue;
		if (cgroup == NULL)
			outcome_miss(outcome, limit_files[i], why, error);
		else if (cgroup->limit_problem[i] != NULL)
			outcome_miss(outcome, limit_files[i], cgroup->limit_problem[i], cgroup->limit_error[i]);
	}
}
