/* Time that only goes forward. */
#ifndef CLOCK_H
#define CLOCK_H

/* CLOCK_MONOTONIC in milliseconds. */
long long clock_milliseconds(void);

/* The same in microseconds. */
long long clock_microseconds(void);

#endif
