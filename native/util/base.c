// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/base.h"

#include <stdarg.h>
#include <time.h>

void print_error(const char *format, ...)
{
	char line[1024] = "confine: ";
	int saved = errno;
	size_t used = strlen(line);
	va_list arguments;
	va_start(arguments, format);
	int more = vsnprintf(line + used, sizeof line - used, format, arguments);
	va_end(arguments);
	size_t length = used + (more > 0 ? (size_t)more : 0);
	if (length > sizeof line - 1)
		length = sizeof line - 1;
	/* Replace control characters: the arguments can contain some, and a terminal would interpret them. */
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '\177')
			line[i] = '?';
	line[length] = '\n';
	/* Ignore a failed write: there is no other place to report it. */
	ssize_t written = write(STDERR_FILENO, line, length + 1);
	(void)written;
	errno = saved;
}

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
