// SPDX-License-Identifier: GPL-2.0-or-later

#include <ctype.h>
#include <limits.h>

#include "cgroup/internal.h"
#include "util/fds.h"

/* Returns the value of NUMBER[KMGT] in bytes. */
static unsigned long long bytes(const char *text)
{
	char *suffix;
	unsigned long long value = strtoull(text, &suffix, 10);
	const char *unit = *suffix == '\0' ? NULL : strchr("KMGT", *suffix);
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - "KMGT" + 1);
	return value > ULLONG_MAX >> shift ? ULLONG_MAX : value << shift;
}

/* Returns whether a limit file with this text (a number or "max") is at least as strict as the value that --limit requests. */
static bool is_as_strict(enum limit limit, const char *text, const char *requested)
{
	char *rest;
	if (!isdigit((unsigned char)text[0]))
		return false;
	unsigned long long value = strtoull(text, &rest, 10);
	if (limit != LIMIT_CPU)
		return value <= bytes(requested);
	/* The file cpu.max contains "QUOTA PERIOD"; the value of --limit is a percentage of one CPU. */
	unsigned long long period = strtoull(rest, NULL, 10);
	return period > 0 && value <= strtoull(requested, NULL, 10) * period / 100;
}

/* Opens the cgroup of this process. Returns -1 on failure. */
static int open_own(void)
{
	struct cgroup_location location;
	const char *why;
	if (!cgroup_location_find(&location, &why))
		return -1;
	int directory = cgroupfs_open_directory(location.root, location.own_path);
	close_fd(location.root);
	return directory;
}

void cgroup_inherited_find(struct cgroup_inherited *inherited, const struct options *options, const struct identity *identity)
{
	int requested = 0, found = 0;
	*inherited = (struct cgroup_inherited){.directory = -1};
	for (int i = 0; i < LIMITS; i++)
		requested += options->limit[i] != NULL;
	int directory = requested == 0 ? -1 : open_own();
	for (int i = 0; i < LIMITS && directory >= 0; i++) {
		char text[64];
		if (options->limit[i] == NULL || cgroupfs_read(directory, limit_files[i], text, sizeof text) <= 0)
			continue;
		inherited->limit[i] = is_as_strict((enum limit)i, text, options->limit[i]);
		found += inherited->limit[i];
	}
	if (found == 0 || (identity->mode == MODE_ROOT && found < requested)) {
		*inherited = (struct cgroup_inherited){.directory = -1};
		close_fd(directory);
		return;
	}
	inherited->directory = directory;
	inherited->killed = cgroupfs_value(directory, "memory.events", "oom_kill");
	inherited->refused = cgroupfs_value(directory, "pids.events", "max");
}

void cgroup_inherited_usage(const struct cgroup_inherited *inherited, struct cgroup_usage *usage)
{
	int directory = inherited->directory;
	bool killed = inherited->limit[LIMIT_MEMORY] && cgroupfs_value(directory, "memory.events", "oom_kill") > inherited->killed;
	bool refused = inherited->limit[LIMIT_PIDS] && cgroupfs_value(directory, "pids.events", "max") > inherited->refused;
	usage->inherited_hit = killed || refused;
	usage->killed_by_memory = usage->killed_by_memory || killed;
	usage->refused_by_pids = usage->refused_by_pids || refused;
}
