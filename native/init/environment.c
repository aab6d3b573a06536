// SPDX-License-Identifier: GPL-2.0-or-later
#include "init/init.h"

static const char prefix[] = "CONFINE_ENV_";

static char *read_whole(int fd, size_t *length)
{
	char *text = NULL;
	AUTO_FCLOSE FILE *file = fdopen(dup(fd), "r");
	FILE *copy = open_memstream(&text, length);
	for (int byte; file != NULL && copy != NULL && (byte = getc_unlocked(file)) != EOF;)
		putc_unlocked(byte, copy);
	if (copy != NULL && fclose(copy) == 0 && file != NULL && !ferror(file))
		return text;
	free(text);
	return NULL;
}

char **environment_read(int fd)
{
	size_t length, count = 0;
	char *text = read_whole(fd, &length);
	/* Each entry takes at least one byte of text (its NUL), so length + 1 pointers have room for all entries and the final NULL. */
	char **environment = text == NULL ? NULL : calloc(length + 1, sizeof *environment);
	for (size_t i = 0; environment != NULL && i < length; i += strlen(text + i) + 1)
		environment[count++] = text + i;
	/* Entries of the array point into text, which is in use until exec. Without entries nothing points to text, so free it here. */
	if (count == 0)
		free(text);
	return environment;
}

/* Removes from the environment all variables whose name is the first length bytes of name, except the entry at address keep. */
static void remove_name(char **environment, const char *name, size_t length, const char *keep)
{
	char **to = environment;
	for (char **from = environment; *from != NULL; from++)
		if (*from == keep || strncmp(*from, name, length) != 0 || (*from)[length] != '=')
			*to++ = *from;
	*to = NULL;
}

void environment_restore(char **environment)
{
	for (size_t i = 0; environment[i] != NULL;) {
		char *entry = environment[i];
		char *name = entry + sizeof prefix - 1;
		size_t length = strncmp(entry, prefix, sizeof prefix - 1) == 0 ? strcspn(name, "=") : 0;
		if (length == 0 || name[length] != '=') {
			i++;
			continue;
		}
		environment[i] = name;
		remove_name(environment, name, length, name);
		i = 0;
	}
}
