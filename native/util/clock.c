// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/clock.h"

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

struct tm clock_utc(time_t time)
{
	/* Years begin in March here, so that a leap day is the last day of a year. days starts at 0000-03-01; an era has 400 years. */
	long days = (long)(time / 86400) + 719468, era = days / 146097, day = days % 146097;
	int seconds = (int)(time % 86400);
	long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	long day_of_year = day - (365 * year + year / 4 - year / 100);
	int month = (int)(5 * day_of_year + 2) / 153; /* 0: March */
	return (struct tm){
		.tm_year = (int)(era * 400 + year) + (month >= 10) - 1900,
		.tm_mon = (month + 2) % 12,
		.tm_mday = (int)day_of_year - (153 * month + 2) / 5 + 1,
		.tm_hour = seconds / 3600,
		.tm_min = seconds / 60 % 60,
		.tm_sec = seconds % 60,
	};
}
