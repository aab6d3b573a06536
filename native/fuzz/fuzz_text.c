/* Fuzzes the parsers of /proc and of the cgroup tree. Input: a letter for the parser, then its text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* Whether the string at part lies in the size bytes at whole. */
static int is_within(const char *part, const char *whole, size_t size)
{
	return part >= whole && part < whole + size && memchr(part, '\0', size - (size_t)(part - whole)) != NULL;
}

static void read_text(char kind, char *text, size_t size)
{
	struct text_stat stat;
	const char *found;
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
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	/* The final NUL takes the place of the letter, so the sanitizer detects an access beyond the text. */
	char *text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	read_text((char)data[0], text, size);
	free(text);
	return 0;
}
