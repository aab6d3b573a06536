/* Just enough of DNS to hear a question and to say that there is no answer (RFC 1035). */
#ifndef DNS_H
#define DNS_H

#include <stddef.h>
#include <stdint.h>

#include "options/allow_list.h"

enum {
	DNS_LARGEST = 4096, /* of what is read; the rest of a longer query is not looked at */
	DNS_ANSWER = 512,   /* a header and one question take 12 + 255 + 4, the rest is for addresses */
	DNS_NAME = 256,
	DNS_QUESTIONS = 4, /* of one query; nobody asks more than one */
};

struct dns_question {
	char name[DNS_NAME]; /* lower case, without the last dot, bytes that are not printable as \DDD; cut where that is too long */
	uint16_t type;
};

/*
 * Reads a query, which may be anything. Writes an answer with SERVFAIL (FORMERR or NOTIMP where that fits) to answer, which
 * has DNS_ANSWER bytes, and returns its length; 0 where nothing is to be answered. questions gets the count questions that
 * could be read. A question for the addresses of a host that known names gets them instead, or none where it has none of that
 * kind. That is no question to count: count is 0 then.
 */
size_t dns_answer(const unsigned char *query, size_t length, const struct allow *known, unsigned char *answer,
		  struct dns_question *questions, size_t *count);

/* The name of a query's type (A, AAAA, PTR...), or NULL. */
const char *dns_type_name(uint16_t type);

#endif
