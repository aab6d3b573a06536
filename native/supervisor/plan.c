// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>

#include "supervisor/supervisor.h"

static enum tracking first_tracking(const struct options *options, const struct identity *identity, unsigned inherited)
{
	/* In mode setuid, confine creates no cgroup as root (docs/decisions.md). So for --cgroup it tracks the phase by a PID namespace of its own, even inside that of Portage. */
	bool makes_pid = (inherited & ISOLATE_PID) == 0 || (options->cgroup != NULL && identity->mode == MODE_SETUID);
	if (makes_pid && ((options->isolate & ISOLATE_PID) != 0 || options->cgroup != NULL))
		return TRACK_PID_NAMESPACE;
	return options->cgroup != NULL ? TRACK_SUBREAPER : TRACK_NOTHING;
}

/* Stores path without symbolic links in resolved. Omits components at the end that do not exist. Returns false if path is too long or cannot be resolved. */
static bool resolve(const char *path, char resolved[PATH_MAX])
{
	char existing[PATH_MAX];
	if ((size_t)snprintf(existing, sizeof existing, "%s", path) >= sizeof existing)
		return false;
	while (realpath(existing, resolved) == NULL) {
		char *slash = strrchr(existing, '/');
		if (errno != ENOENT || slash == NULL || slash == existing)
			return false;
		*slash = '\0';
	}
	return true;
}

/* Returns true if path is in /dev/shm after its symbolic links are resolved. The last components of path need not exist. */
static bool is_in_shared_memory(const char *path)
{
	char shm[PATH_MAX], resolved[PATH_MAX];
	if (realpath("/dev/shm", shm) == NULL || !resolve(path, resolved))
		return false;
	size_t length = strlen(shm);
	return strncmp(resolved, shm, length) == 0 && (resolved[length] == '/' || resolved[length] == '\0');
}

static bool uses_shared_memory(const struct options *options)
{
	bool used = access("/dev/shm", F_OK) != 0;
	for (size_t i = 0; i < options->uses_count && !used; i++)
		used = is_in_shared_memory(options->uses[i]);
	return used;
}

struct plan plan_first(const struct options *options, const struct identity *identity, unsigned inherited)
{
	struct plan plan = {
		.mode = identity->mode,
		.isolate = options->isolate & ~inherited & ~ISOLATE_PID,
		.tracking = first_tracking(options, identity, inherited),
	};
	if ((plan.isolate & ISOLATE_IPC) != 0 && !uses_shared_memory(options))
		plan.isolate |= ISOLATE_SHM;
	if (plan.tracking == TRACK_PID_NAMESPACE)
		plan.isolate |= ISOLATE_PID | ISOLATE_PROC;
	if (plan.isolate == 0)
		plan.mode = MODE_NONE;
	return plan;
}

void result_add_missing(struct phase_result *result, const char *what, const char *why, int error)
{
	if (result->missing_count < RESULT_MISSING)
		result->missing[result->missing_count++] = (struct missing){what, why, error};
}

void result_add_refused(struct phase_result *result, const struct setup_error *setup_error)
{
	if (setup_error->step != STEP_NONE && result->refused_count < STEPS)
		result->refused[result->refused_count++] = *setup_error;
}

bool plan_degrade(struct plan *plan, const struct options *options, const struct identity *identity, const struct setup_error *setup_error, struct phase_result *result)
{
	const struct setup_step *step = &setup_steps[setup_error->step];
	unsigned lost = step->required_for & plan->isolate, requested = options->isolate;
	bool untracked = setup_error->step == STEP_SUBREAPER;
	/* In a PID namespace without its own /proc, ps and gdb read files of wrong processes. So omit the PID namespace, unless --pid requests it. */
	if ((lost & ISOLATE_PROC) != 0 && (requested & ISOLATE_PID) == 0)
		lost |= ISOLATE_PID;
	if (lost == 0 && !untracked)
		return false;
	/* If root lacks a capability (EPERM), such as CAP_NET_ADMIN in a container, try a user namespace, in which a process has all capabilities (user_namespaces(7)). */
	if ((plan->mode == MODE_ROOT || plan->mode == MODE_SETUID) && setup_error->error == EPERM && (lost & requested) != 0) {
		plan->mode = MODE_USERNS;
		return true;
	}
	plan->isolate &= ~lost;
	if ((lost & ISOLATE_PID) != 0)
		plan->tracking = options->cgroup != NULL ? TRACK_SUBREAPER : TRACK_NOTHING;
	if (untracked)
		plan->tracking = TRACK_NOTHING;
	if (untracked && !result->has_cgroup)
		result_add_missing(result, "cgroup", step->call, setup_error->error);
	else if ((lost & requested) == 0)
		result_add_refused(result, setup_error);
	for (size_t i = 0; i < ISOLATIONS; i++) {
		unsigned bit = isolation_names[i].bit & lost & requested;
		/* The network filter of the watcher replaces a network namespace, if the filter can work here. */
		if (bit == ISOLATE_NET && watcher_probe(identity, true) == NULL)
			result->net_filter = *setup_error;
		else if (bit != 0)
			result_add_missing(result, isolation_names[i].name, step->call, setup_error->error);
	}
	if (plan->isolate == 0)
		plan->mode = MODE_NONE;
	return true;
}
