/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing buffer for JSON text. */
#ifndef JSON_H
#define JSON_H

#include "util/base.h"

struct json {
	char *text;
	size_t length;
	size_t capacity;
	bool failed; /* out of memory: the text is incomplete */
};

/* Appends formatted text without escaping, truncated to 255 bytes. Use it for names and numbers, never for untrusted text. */
void json_raw(struct json *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends length bytes of text as a JSON string. Bytes that are not valid UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *text, size_t length);

/* Appends a NUL-terminated text as a JSON string. */
void json_text(struct json *json, const char *text);

/* Appends ,"NAME":"TEXT". */
void json_member(struct json *json, const char *name, const char *text);

/* Appends ,"NAME":["TEXT",...]. texts contains NUL-separated strings, length bytes in all. */
void json_list(struct json *json, const char *name, const char *texts, size_t length);

void json_free(struct json *json);

#endif
