/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What most files need: error messages, the clock, and common headers of the C library. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Exit statuses of confine for its own errors, with the numbers of env(1). */
enum {
	EXIT_REFUSED = 125,	   /* confine failed, or its options are invalid */
	EXIT_NOT_EXECUTABLE = 126, /* the command exists but cannot be executed */
	EXIT_NOT_FOUND = 127,	   /* the command does not exist */
};

/* Writes the line "confine: MESSAGE" to stderr in a single write. %m in format prints the text of errno. Replaces control characters by "?". Preserves errno. */
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message like print_error() and exits with EXIT_REFUSED. */
#define refuse(...) (print_error(__VA_ARGS__), _exit(EXIT_REFUSED))

/* These two functions return the time of CLOCK_MONOTONIC. */
long long clock_milliseconds(void);
long long clock_microseconds(void);
