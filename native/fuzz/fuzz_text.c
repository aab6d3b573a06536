// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the parsers of files in /proc and in the cgroup tree. The first letter of the input selects a parser. The rest is the text to parse. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* Returns true if the string at part, including its NUL, lies within the size bytes at whole. */
static int is_within(const char *part, const char *whole, size_t size)
{
	return part >= whole && part < whole + size && memchr(part, '\0', size - (size_t)(part - whole)) != NULL;
}

static void read_text(char kind, char *text, size_t size)
{
	struct text_stat stat;
	struct epoll_event event;
	const char *found;
	int flags;
	switch (kind) {
	case 'm':
		found = text_cgroup2_mount(text);
		assert(found == NULL || (is_within(found, text, size) && strchr(found, ' ') == NULL));
		break;
	case 'p':
		text_hides_proc(text);
		break;
	case 'c':
		found = text_own_cgroup(text);
		assert(found == NULL || (is_within(found, text, size) && found == text + 4 && strncmp(found, "..", 2) != 0 && strchr(found, '\n') == NULL));
		break;
	case 'v':
		text_value(text, "populated");
		break;
	case 's':
		if (text_stat(text, &stat))
			assert(stat.comm > text && stat.comm + stat.comm_length < text + size);
		break;
	case 'i':
		text_is_portages_init(text, size - 1);
		break;
	case 'f':
		flags = text_fdinfo_flags(text, 4711);
		assert(flags == -1 || (flags >= 0 && strstr(text, "flags:") != NULL && strstr(text, "ino:") != NULL));
		/* If the text has the flags of a file with inode 4711, the function must return -1 for inode 4712. */
		assert(flags == -1 || text_fdinfo_flags(text, 4712) == -1);
		if (text_fdinfo_registration(text, 7, 4711, &event))
			assert(strstr(text, "tfd:") != NULL && strstr(text, "ino:") != NULL);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	/* Allocate the exact size: the copy omits the letter and has a NUL at its end. So AddressSanitizer detects an access beyond it. */
	char *text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	read_text((char)data[0], text, size);
	free(text);
	return 0;
}
