// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/json.h"

#include <stdarg.h>

static void append(struct json *json, const char *text, size_t length)
{
	size_t needed = json->length + length + 1;
	if (needed > json->capacity) {
		char *larger = realloc(json->text, 2 * needed);
		if (larger == NULL) {
			json->failed = true;
			return;
		}
		json->text = larger;
		json->capacity = 2 * needed;
	}
	memcpy(json->text + json->length, text, length);
	json->length += length;
	json->text[json->length] = '\0';
}

/* Appends a comma, unless the next value is the first in its list or object. Then appends the name of the value, unless it is NULL. */
static void begin(struct json *json, const char *name)
{
	if (json->length > 0 && strchr("{[:", json->text[json->length - 1]) == NULL)
		append(json, ",", 1);
	if (name == NULL)
		return;
	append(json, "\"", 1);
	append(json, name, strlen(name));
	append(json, "\":", 2);
}

void json_value(struct json *json, const char *name, const char *format, ...)
{
	char text[256];
	va_list arguments;
	begin(json, name);
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	append(json, text, length > 0 ? strlen(text) : 0);
}

void json_count(struct json *json, const char *name, long long count)
{
	if (count > 0)
		json_value(json, name, "%lld", count);
}

void json_flag(struct json *json, const char *name, bool flag)
{
	if (flag)
		json_value(json, name, "true");
}

void json_close(struct json *json, const char *brackets)
{
	append(json, brackets, strlen(brackets));
}

/* Returns the length of the UTF-8 sequence that starts with this byte, or 0 if no sequence starts with it (RFC 3629, section 4). */
static size_t length_by_first_byte(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	return first < 0xE0 ? 2 : first < 0xF0 ? 3
					       : 4;
}

/* Returns the length of the valid UTF-8 sequence at text, or 0 if the bytes at text are not valid UTF-8 (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *text, size_t left)
{
	unsigned char first = text[0];
	size_t length = length_by_first_byte(first);
	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	bool wrong = (first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) || (first == 0xF0 && text[1] < 0x90) ||
		     (first == 0xF4 && text[1] > 0x8F);
	return wrong ? 0 : length;
}

void json_string(struct json *json, const char *name, const char *text, size_t length)
{
	begin(json, name);
	append(json, "\"", 1);
	for (size_t i = 0; i < length;) {
		unsigned char byte = (unsigned char)text[i];
		size_t valid = utf8_sequence((const unsigned char *)text + i, length - i);
		char escaped[8] = "\\ufffd";
		if (byte < 0x20 || byte == 0x7F)
			snprintf(escaped, sizeof escaped, "\\u%04x", byte);
		if (byte == '"' || byte == '\\')
			append(json, "\\", 1);
		if (valid == 0 || byte < 0x20 || byte == 0x7F)
			append(json, escaped, strlen(escaped));
		else
			append(json, text + i, valid);
		i += valid == 0 ? 1 : valid;
	}
	append(json, "\"", 1);
}

void json_text(struct json *json, const char *name, const char *text)
{
	json_string(json, name, text, strlen(text));
}

void json_list(struct json *json, const char *name, const char *texts, size_t length)
{
	json_value(json, name, "[");
	/* Omit NULs at the end of a command line: a process that replaces its title, such as npm, leaves them (uv_set_process_title()). */
	while (length > 1 && texts[length - 2] == '\0')
		length--;
	for (size_t at = 0; at < length; at += strlen(texts + at) + 1)
		json_text(json, NULL, texts + at);
	json_close(json, "]");
}
