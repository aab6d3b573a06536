// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/clock.h"

#include <time.h>

long long clock_microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

long long clock_milliseconds(void)
{
	return clock_microseconds() / 1000;
}
