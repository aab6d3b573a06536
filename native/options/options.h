/* The command line of confine. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "options/allow_list.h"

enum {
	OPTIONS_LABELS = 16,
	OPTIONS_DIE_WITH = 8,
	OPTIONS_CGROUP_NAME = 200, /* NAME_MAX is 255. A prefix and a suffix are added. */
};

struct label {
	const char *name; /* not terminated: name_length bytes */
	size_t name_length;
	const char *value;
};

/* Indexes of limit_files[]. */
enum limit { LIMIT_MEMORY,
	     LIMIT_PIDS,
	     LIMIT_CPU,
	     LIMITS };
extern const char *const limit_files[LIMITS];

struct options {
	bool net;
	bool ipc;
	bool audit;
	bool best_effort;
	bool mknod;
	bool probe;
	struct allow allow;
	uint64_t families; /* socket families permitted with net (families.h) */
	bool families_given;
	const char *socks; /* NULL: direct connections */
	bool gc;
	const char *cgroup;	   /* NULL: processes are not tracked */
	const char *limit[LIMITS]; /* valid text, or NULL */
	const char *record;
	const char *notice_file;
	const char *die_with_lock;
	int environ_fd; /* -1: use confine's environment */
	struct label labels[OPTIONS_LABELS];
	size_t label_count;
	pid_t die_with[OPTIONS_DIE_WITH];
	size_t die_with_count;
	char **command; /* NULL-terminated, inside argv */
};

/*
 * Parses argv, which is not changed; argc may be 0. Returns false with a message of one line in problem if an option is invalid;
 * options is undefined then. Has no side effects.
 */
bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size);

#endif
