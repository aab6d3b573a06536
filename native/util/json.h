/* Text that grows, and JSON in it. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json {
	char *text;
	size_t length;
	size_t capacity;
	bool failed; /* out of memory: text is not whole */
};

/* Appends as printf does. For names and numbers, never for text from outside. */
void json_raw(struct json *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a string literal. Bytes that are not UTF-8 become U+FFFD, so that every reader can read it. */
void json_string(struct json *json, const char *text, size_t length);

void json_free(struct json *json);

#endif
