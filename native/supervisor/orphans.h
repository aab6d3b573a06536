/* What a command left running, described before it is killed. */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/process_list.h"

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
void orphans_are_stuck(struct orphans *orphans, const struct pids *pids);

#endif
