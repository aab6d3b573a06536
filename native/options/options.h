/* The command line, read once and checked once. */
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
	OPTIONS_CGROUP_NAME = 200, /* NAME_MAX is 255; room for what makes it unique */
};

struct label {
	const char *name; /* not terminated: name_length bytes */
	size_t name_length;
	const char *value;
};

/* The kernel's files that a limit is written to, in the order of limit_files[]. */
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
	bool chown_eperm;
	bool probe;
	struct allow allow;
	uint64_t families; /* of sockets, with net: families.h */
	bool families_given;
	const char *socks; /* NULL: connections are made from here */
	bool gc;
	const char *cgroup;	   /* NULL: no tracking */
	const char *limit[LIMITS]; /* checked text, or NULL */
	const char *record;
	const char *notice_file;
	const char *die_with_lock;
	int environ_fd; /* -1: confine's own environment */
	struct label labels[OPTIONS_LABELS];
	size_t label_count;
	pid_t die_with[OPTIONS_DIE_WITH];
	size_t die_with_count;
	char **command; /* NULL-terminated, inside argv */
};

/*
 * Fills options from argv (argc may be 0, argv is not changed). Returns true, or false with one line about what is wrong in
 * problem; options then holds nothing to rely on. Reads nothing but argv.
 */
bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size);

#endif
