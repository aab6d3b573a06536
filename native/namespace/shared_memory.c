// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespace/namespace.h"

/* Resolves the symbolic links of path. If its last components do not exist, resolves the directory in which they would be created. */
static bool resolve(const char *path, char resolved[PATH_MAX])
{
	char existing[PATH_MAX];
	if ((size_t)snprintf(existing, sizeof existing, "%s", path) >= sizeof existing)
		return false;
	while (realpath(existing, resolved) == NULL) {
		char *slash = strrchr(existing, '/');
		if (errno != ENOENT || slash == NULL || slash == existing)
			return false;
		*slash = '\0';
	}
	return true;
}

bool shared_memory_contains(const char *path)
{
	char shm[PATH_MAX], resolved[PATH_MAX];
	if (realpath("/dev/shm", shm) == NULL || !resolve(path, resolved))
		return false;
	size_t length = strlen(shm);
	return strncmp(resolved, shm, length) == 0 && (resolved[length] == '/' || resolved[length] == '\0');
}
