/* Monotonic time, and dates. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

/* CLOCK_MONOTONIC in milliseconds. */
long long clock_milliseconds(void);

/* CLOCK_MONOTONIC in microseconds. */
long long clock_microseconds(void);

/* Returns the UTC date of seconds since 1970. Used instead of gmtime(3), which reads the file that $TZ names. */
struct tm clock_utc(time_t time);

#endif
