// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/resource.h>

#include "supervisor/supervisor.h"

void result_add_usage(struct phase_result *result, const struct cgroup *cgroup)
{
	struct rusage usage;
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
		result->user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
		result->system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
		result->memory_peak = usage.ru_maxrss * 1024LL;
	}
	if (cgroup != NULL)
		cgroup_usage(cgroup, &result->usage);
}

void result_add_missing(struct phase_result *result, const char *what, const char *why, int error)
{
	if (result->missing_count < RESULT_MISSING)
		result->missing[result->missing_count++] = (struct missing){what, why, error};
}

void result_add_missing_limits(struct phase_result *result, const struct options *options, const struct cgroup *cgroup, const char *why)
{
	int error = errno;
	for (int i = 0; i < LIMITS; i++) {
		if (options->limit[i] == NULL)
			continue;
		if (cgroup == NULL)
			result_add_missing(result, limit_files[i], why, error);
		else if (cgroup->limit_problem[i] != NULL)
			result_add_missing(result, limit_files[i], cgroup->limit_problem[i], cgroup->limit_error[i]);
	}
}

void result_add_refused(struct phase_result *result, const struct setup_error *setup_error)
{
	if (setup_error->step != STEP_NONE && result->refused_count < STEPS)
		result->refused[result->refused_count++] = *setup_error;
}
