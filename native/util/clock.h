/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monotonic time, and dates. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

#include "util/base.h"

/* Returns CLOCK_MONOTONIC in milliseconds. */
long long clock_milliseconds(void);

/* Returns CLOCK_MONOTONIC in microseconds. */
long long clock_microseconds(void);

/* Returns the UTC date and time of a number of seconds since 1970. Used instead of gmtime(3), which reads the file that $TZ names. */
struct tm clock_utc(time_t time);

#endif
