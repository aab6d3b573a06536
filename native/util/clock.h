/* Time that only goes forward. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

/* CLOCK_MONOTONIC in milliseconds. */
long long clock_milliseconds(void);

/* The same in microseconds. */
long long clock_microseconds(void);

/* The date of a time since 1970, without gmtime(3), which reads whatever file $TZ names. */
struct tm clock_utc(time_t time);

#endif
