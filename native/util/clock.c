#include "util/clock.h"

#include <stdbool.h>

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

static int days_of_year(int year)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return leap ? 366 : 365;
}

struct tm clock_utc(time_t time)
{
	static const int days_of_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	long days = (long)(time / 86400);
	int seconds = (int)(time % 86400), year = 1970, month = 0;
	for (; days >= days_of_year(year); year++)
		days -= days_of_year(year);
	for (;; month++) {
		int length = days_of_month[month] + (month == 1 ? days_of_year(year) - 365 : 0);
		if (days < length)
			break;
		days -= length;
	}
	return (struct tm){
		.tm_year = year - 1900,
		.tm_mon = month,
		.tm_mday = (int)days + 1,
		.tm_hour = seconds / 3600,
		.tm_min = seconds / 60 % 60,
		.tm_sec = seconds % 60,
	};
}
