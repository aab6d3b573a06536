/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error messages and exit statuses. The statuses are those of env(1). */
#ifndef FAIL_H
#define FAIL_H

#include "util/base.h"

enum {
	EXIT_REFUSED = 125,	   /* confine failed, or its options are invalid */
	EXIT_NOT_EXECUTABLE = 126, /* the command exists but cannot be executed */
	EXIT_NOT_FOUND = 127,	   /* the command does not exist */
};

/* Writes one line, "confine: ...", to stderr in a single write. %m is the text of errno. Preserves errno. */
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message like print_error() and exits with EXIT_REFUSED. */
#define refuse(...) (print_error(__VA_ARGS__), _exit(EXIT_REFUSED))

#endif
