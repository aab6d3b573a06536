// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the functions that read the environment of --environ and rename the CONFINE_ENV_* variables in it. The input is that environment. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "init/init.h"

static size_t count(char **environment)
{
	size_t entries = 0;
	while (environment[entries] != NULL)
		entries++;
	return entries;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char carried[] = "CONFINE_ENV_";
	if (size == 0)
		return 0;
	int fd = memfd_create("environment", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	char **environment = environment_read(fd);
	close(fd);
	assert(environment != NULL);
	size_t before = count(environment);
	/* Keep the pointer to the first entry, to free the block that environment_read() has allocated for all entries. */
	char *block = environment[0];
	environment_restore(environment);
	assert(count(environment) <= before);
	for (char **entry = environment; *entry != NULL; entry++) {
		const char *name = *entry + sizeof carried - 1;
		/* environment_restore() removes the prefix. An entry may keep it only if the text after the prefix is not NAME=VALUE. */
		if (strncmp(*entry, carried, sizeof carried - 1) == 0)
			assert(strchr(name, '=') == NULL || name[0] == '=');
	}
	free(block);
	free(environment);
	return 0;
}
