/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of confine. */
#pragma once

#include "options/allow_list.h"

enum {
	OPTIONS_LABELS = 16,	   /* maximum number of --label options; a further one is an error */
	OPTIONS_USES = 8,	   /* maximum number of --uses options; a further one is an error */
	OPTIONS_DIE_WITH = 8,	   /* maximum number of --die-with options; a further one is an error */
	OPTIONS_CGROUP_NAME = 200, /* maximum length of NAME in --cgroup NAME; a longer one is an error. confine adds text to NAME, and the directory name may have 255 bytes (NAME_MAX) */
};

struct label {
	char name[32];
	const char *value;
};

/* The limits that --limit can set. limit_files[] has the names of their files in a cgroup, such as "memory.max". */
enum limit { LIMIT_MEMORY,
	     LIMIT_PIDS,
	     LIMIT_CPU,
	     LIMITS };
extern const char *const limit_files[LIMITS];

/* Number of kinds of isolation that have an option: --net, --ipc, --pid and --mount. isolation_names[] has the names without "--". */
enum { ISOLATIONS = 4 };
extern const struct isolation_name {
	unsigned bit; /* the bit of enum isolation that this option requests */
	const char *name;
} isolation_names[ISOLATIONS];

struct options {
	unsigned isolate;		/* requested isolation: bits of enum isolation, only those in isolation_names[] */
	const char *uses[OPTIONS_USES]; /* paths of --uses; if one of them is in /dev/shm, --ipc does not replace the host's /dev/shm */
	size_t uses_count;
	bool audit;
	bool best_effort;
	bool mknod;
	bool probe;
	struct allow allow;
	uint64_t families; /* set of the socket families that are permitted with --net (allow_list.h) */
	bool own_sockets;  /* true: the watcher refuses requests to UNIX sockets that have a path and that the phase has not bound (--own-sockets); false: it does not */
	const char *socks; /* UNIX socket of a SOCKS5 proxy (--socks), for allowed connections out of a network namespace of Portage; NULL: no proxy */
	bool gc;
	const char *cgroup;	   /* NAME of --cgroup; NULL: confine creates no cgroup */
	const char *limit[LIMITS]; /* validated VALUE of --limit FILE=VALUE; NULL: not requested */
	const char *record;
	const char *notice_file;
	const char *die_with_lock;
	const char *die_with_file;
	int environ_fd; /* descriptor from which confine reads the environment of the command (--environ); -1: the command gets confine's environment */
	struct label labels[OPTIONS_LABELS];
	size_t label_count;
	pid_t die_with[OPTIONS_DIE_WITH];
	size_t die_with_count;
	char **command; /* COMMAND and its arguments, NULL-terminated; points into argv */
};

/*
 * Parses the command line into options; argc may be 0, and argv ends with NULL. Does not change argv, to which options points. If an option
 * is invalid, writes one line of text to problem and returns false; the contents of options are undefined then.
 */
bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size);

/* Prints the text of --help to stdout. Returns false if it cannot write. */
bool options_print_help(void);
