/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing buffer for JSON text. The functions append the comma between two values. If name is NULL, they append a value of a list, otherwise
 * the member "NAME":VALUE of an object.
 */
#pragma once

#include "util/base.h"

struct json {
	char *text; /* text that the functions below allocate and extend; free(3) it after use */
	size_t length;
	size_t capacity;
	bool failed; /* true: memory was exhausted, so the text is incomplete; false: the text is complete */
};

/* Appends formatted text without escaping, truncated to 255 bytes: a number, or the bracket that opens a list or an object. */
void json_value(struct json *json, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends count if it is positive, otherwise nothing, not even the name. */
void json_count(struct json *json, const char *name, long long count);

/* Appends true if flag is true; appends nothing, not even the name, if flag is false. */
void json_flag(struct json *json, const char *name, bool flag);

/* Appends brackets such as "]}", which close lists and objects. */
void json_close(struct json *json, const char *brackets);

/* Appends length bytes of text as a JSON string. Bytes that are not valid UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *name, const char *text, size_t length);

/* Appends a NUL-terminated text as a JSON string. */
void json_text(struct json *json, const char *name, const char *text);

/* Appends a list of strings. texts contains NUL-separated strings, length bytes in all. */
void json_list(struct json *json, const char *name, const char *texts, size_t length);
