// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the option parser: checks that accepted options are within their limits. The input consists of the arguments, with a NUL between them. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "options/options.h"

#define MOST 300

static void check_name(const char *name)
{
	size_t length = strlen(name);
	assert(length > 0 && length <= OPTIONS_CGROUP_NAME && name[0] != '.');
	for (size_t i = 0; i < length; i++)
		assert(name[i] > ' ' && name[i] < 127 && name[i] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char *argv[MOST + 1];
	char problem[256] = "";
	int argc = 0;
	struct options options;
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < size && argc < MOST; i += strlen(text + i) + 1)
		argv[argc++] = text + i;
	argv[argc] = NULL;
	if (!options_parse(&options, argc, argv, problem, sizeof problem)) {
		assert(problem[0] != '\0' && memchr(problem, '\0', sizeof problem) != NULL);
	} else if (!options.probe && !options.gc) {
		assert(options.command > argv && options.command < argv + argc && options.command[0] != NULL);
		assert(strcmp(options.command[-1], "--") == 0);
		assert(options.allow.count <= ALLOW_ENTRIES && options.allow.name_count <= ALLOW_NAMES);
		assert(options.allow.count == 0 || (options.net && options.audit));
		for (size_t i = 0; i < options.allow.count; i++)
			assert(options.allow.entries[i].port > 0 && options.allow.entries[i].bits <= (options.allow.entries[i].family == AF_INET ? 32 : 128));
		assert(options.environ_fd >= -1 && options.die_with_count <= OPTIONS_DIE_WITH && options.uses_count <= OPTIONS_USES && options.label_count <= OPTIONS_LABELS);
		for (size_t i = 0; i < options.die_with_count; i++)
			assert(options.die_with[i] > 0);
		for (int i = 0; i < LIMITS; i++)
			assert(options.limit[i] == NULL || (options.cgroup != NULL && strlen(options.limit[i]) < 20));
		if (options.cgroup != NULL)
			check_name(options.cgroup);
	}
	free(text);
	return 0;
}
