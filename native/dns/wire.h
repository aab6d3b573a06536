/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format of DNS messages: parses a query and writes the answer (RFC 1035). */
#pragma once

#include "options/allow_list.h"

enum {
	DNS_LARGEST = 4096, /* maximum size of a query in bytes; over UDP, the rest of a longer query is ignored; over TCP, the server then closes the connection */
	DNS_ANSWER = 512,   /* maximum size of an answer in bytes: 12 + 255 + 4 for a header and one question, the rest for addresses; addresses that do not fit are omitted */
	DNS_NAME = 256,	    /* room for the text of a name and its final NUL, in bytes; a longer text is cut */
};

struct dns_question {
	char name[DNS_NAME]; /* name in lower case, without the final dot ("." for the root); spaces, backslashes, unprintable bytes and dots inside a label as \DDD */
	uint16_t type;
};

/*
 * Writes the answer to a query to the buffer answer, which has room for DNS_ANSWER bytes. Returns the length of the answer in bytes, or 0 if
 * the server must not answer. The query may be invalid. If the query is for a name in hosts, the answer has the name's addresses of the
 * queried type, if there are any, and question->name is "". Any other answer has an error code: SERVFAIL, FORMERR or NOTIMP. The function then
 * stores the first question of the query in *question, so that the caller can log it; question->name is "" if the query has no valid question.
 */
size_t dns_answer(const unsigned char *query, size_t length, const struct allow *hosts, unsigned char *answer, struct dns_question *question);

/* Returns true if the response code of the answer is 0, which means "no error". */
bool dns_succeeded(const unsigned char *answer);

/*
 * If the answer is SERVFAIL, changes it into an empty truncated answer, so that a lookup of musl fails at once. After SERVFAIL over UDP, musl
 * would wait 5 s. After a truncated answer, it repeats the query over TCP, and SERVFAIL over TCP ends the lookup at once (__res_msend() in
 * musl). musl before version 1.2.4 does not use TCP: it reports at once that the name has no address.
 */
void dns_truncate(unsigned char *answer);

/* Returns the name of a query type (A, AAAA, PTR...), or NULL for a type that is not in the function's table. */
const char *dns_type_name(uint16_t type);
