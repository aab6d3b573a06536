/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DNS message format: parses a query and writes a response (RFC 1035). */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include "options/allow_list.h"

enum {
	DNS_LARGEST = 4096, /* largest query in bytes; over UDP, further bytes are ignored; over TCP, a longer query closes the connection */
	DNS_ANSWER = 512,   /* largest answer in bytes: 12 + 255 + 4 for a header and one question, the rest for addresses */
	DNS_NAME = 256,	    /* room for the text of a name, in bytes, with the final NUL */
	DNS_QUESTIONS = 4,  /* maximum of questions that are read from one query; further ones are ignored; resolvers send one */
};

struct dns_question {
	char name[DNS_NAME]; /* name in lower case, without the final dot, with unprintable bytes as \DDD; a longer name is cut */
	uint16_t type;
};

/*
 * Writes the response to a query to answer, which has room for DNS_ANSWER bytes. The query may be invalid. Returns the length of the
 * response, or 0 if none must be sent. A query for a name in hosts gets its addresses of the queried type, if there are any. Any other query
 * gets SERVFAIL, FORMERR or NOTIMP; its questions are returned in questions and count so that the caller can log them.
 */
size_t dns_answer(const unsigned char *query, size_t length, const struct allow *hosts, unsigned char *answer,
		  struct dns_question *questions, size_t *count);

/* Returns true if the answer is neither SERVFAIL nor another error. */
bool dns_succeeded(const unsigned char *answer);

/*
 * If the answer is SERVFAIL, changes it into an empty truncated answer, so that the client repeats the query over TCP. musl ignores SERVFAIL
 * over UDP for its whole timeout of 5 s, and returns at once after SERVFAIL over TCP (__res_msend() in musl). Before version 1.2.4 it
 * uses no TCP, and reports at once that the name has no address.
 */
void dns_truncate(unsigned char *answer);

/* Returns the name of a query type (A, AAAA, PTR...), or NULL for a type that is not in the table. */
const char *dns_type_name(uint16_t type);

#endif
