/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of confine. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "options/allow_list.h"

enum {
	OPTIONS_LABELS = 16,	   /* maximum number of --label options */
	OPTIONS_USES = 8,	   /* maximum number of --uses options */
	OPTIONS_DIE_WITH = 8,	   /* maximum number of --die-with options */
	OPTIONS_CGROUP_NAME = 200, /* maximum length of the name of --cgroup; with the affixes that confine adds it must fit in NAME_MAX (255) */
};

struct label {
	const char *name; /* NAME in the text of --label: name_length bytes, not NUL-terminated */
	size_t name_length;
	const char *value;
};

/* The limits of --limit, as indexes of limit_files[], which has the names of their files. */
enum limit { LIMIT_MEMORY,
	     LIMIT_PIDS,
	     LIMIT_CPU,
	     LIMITS };
extern const char *const limit_files[LIMITS];

struct options {
	bool net;
	bool ipc;
	bool pid;
	bool mount;
	const char *uses[OPTIONS_USES]; /* paths of --uses, which a private /dev/shm must not hide */
	size_t uses_count;
	bool audit;
	bool best_effort;
	bool mknod;
	bool probe;
	struct allow allow;
	uint64_t families; /* set of the socket families that are permitted with --net (families.h) */
	bool families_given;
	bool own_sockets;  /* refuse requests to UNIX sockets with a path that the phase has not bound (--own-sockets) */
	const char *socks; /* path of the SOCKS proxy's socket (--socks); NULL: allowed connections are direct */
	bool gc;
	const char *cgroup;	   /* name in --cgroup NAME; NULL: processes are not tracked */
	const char *limit[LIMITS]; /* validated VALUE of --limit FILE=VALUE; NULL: not requested */
	const char *record;
	const char *notice_file;
	const char *die_with_lock;
	int environ_fd; /* descriptor of --environ; -1: the command gets confine's environment */
	struct label labels[OPTIONS_LABELS];
	size_t label_count;
	pid_t die_with[OPTIONS_DIE_WITH];
	size_t die_with_count;
	char **command; /* COMMAND and its arguments, NULL-terminated; points into argv */
};

/*
 * Parses argv, which is not changed; argc may be 0. If an option is invalid, writes one line of text to problem and returns false; the
 * contents of options are undefined then. Has no other effect.
 */
bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size);

#endif
