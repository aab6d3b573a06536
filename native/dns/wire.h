/* The DNS message format: parses a query and writes a response (RFC 1035). */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "options/allow_list.h"

enum {
	DNS_LARGEST = 4096, /* bytes of a query; the rest of a longer one is ignored */
	DNS_ANSWER = 512,   /* bytes: 12 + 255 + 4 for a header and one question, the rest for addresses */
	DNS_NAME = 256,
	DNS_QUESTIONS = 4, /* of one query; resolvers send one */
};

struct dns_question {
	char name[DNS_NAME]; /* lower case, without the final dot, unprintable bytes as \DDD; cut if longer */
	uint16_t type;
};

/*
 * Writes the response to a query, which may be any bytes, to answer, which has DNS_ANSWER bytes. Returns its length, or 0 for no
 * response. A question for the addresses of one of hosts gets them, or an empty answer if the host has none of that type.
 * Any other query gets SERVFAIL, FORMERR or NOTIMP, and its count questions are returned so that the caller can log them.
 */
size_t dns_answer(const unsigned char *query, size_t length, const struct allow *hosts, unsigned char *answer,
		  struct dns_question *questions, size_t *count);

/* The name of a query type (A, AAAA, PTR...), or NULL. */
const char *dns_type_name(uint16_t type);

#endif
