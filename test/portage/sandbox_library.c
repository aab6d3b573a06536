// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Imitates the library of sys-apps/sandbox, which Debian does not have. While the variable SANDBOX_ON is 1, the library refuses to open a uid_map
 * for writing, and appends the path to the file that the variable SANDBOX_REFUSALS names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool refused(const char *path, int flags)
{
	const char *on = getenv("SANDBOX_ON"), *log = getenv("SANDBOX_REFUSALS");
	if (on == NULL || strcmp(on, "1") != 0 || (flags & O_ACCMODE) == O_RDONLY || strstr(path, "/uid_map") == NULL)
		return false;
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	int fd = log == NULL ? -1 : real(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd >= 0) {
		if (write(fd, path, strlen(path)) < 0 || write(fd, "\n", 1) < 0)
			abort();
		close(fd);
	}
	errno = EACCES;
	return true;
}

#define DEFINE_OPEN(name)                                                                                             \
	int name(const char *path, int flags, ...)                                                              \
	{                                                                                                       \
		int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		va_list rest;                                                                                   \
		va_start(rest, flags);                                                                          \
		int mode = va_arg(rest, int);                                                                   \
		va_end(rest);                                                                                   \
		return refused(path, flags) ? -1 : real(path, flags, mode);                                     \
	}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
