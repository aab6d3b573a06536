// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes json_string(): checks that it writes valid JSON in valid UTF-8 for any string. The input is the string. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"

/* Checks that text starts with a valid UTF-8 character. Returns the length of the character in bytes. The method differs from that of json.c, so that an error in one of them shows. */
static size_t character(const unsigned char *text, size_t left)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xE0 ? 2
				     : text[0] < 0xF0	    ? 3
							    : 4;
	unsigned long code = length == 1 ? text[0] : text[0] & (0x7FU >> length);
	assert(length <= left);
	for (size_t i = 1; i < length; i++) {
		assert((text[i] & 0xC0) == 0x80);
		code = code << 6 | (text[i] & 0x3FU);
	}
	static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
	assert(code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
	assert(code >= 0x20 && code != 0x7F);
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json json = {0};
	json_string(&json, (const char *)data, size);
	assert(!json.failed && json.length >= 2 && json.text[0] == '"' && json.text[json.length - 1] == '"');
	const unsigned char *text = (const unsigned char *)json.text;
	for (size_t i = 1; i < json.length - 1;) {
		if (text[i] == '\\') {
			assert(strchr("\"\\u", text[i + 1]) != NULL);
			i += text[i + 1] == 'u' ? 6 : 2;
			assert(i < json.length);
			continue;
		}
		assert(text[i] != '"');
		i += character(text + i, json.length - 1 - i);
	}
	json_free(&json);
	return 0;
}
