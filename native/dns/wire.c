// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/wire.h"

#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>

/* Constants of the DNS message format (RFC 1035, 4.1.1, 3.2.2 and 2.3.4; TYPE_AAAA: RFC 3596). */
enum { HEADER = 12,
       FLAG_RESPONSE = 0x80,
       OPCODE = 0x78,
       FLAG_RECURSION_DESIRED = 0x01,
       FLAG_TRUNCATED = 0x02,
       FLAG_RECURSION_AVAILABLE = 0x80,
       FORMAT_ERROR = 1,
       RESPONSE_CODE = 0x0F,
       SERVER_FAILURE = 2,
       NOT_IMPLEMENTED = 4,
       TYPE_A = 1,
       TYPE_AAAA = 28,
       CLASS_IN = 1,
       LONGEST_LABEL = 63,
       LONGEST_NAME = 255 };
enum { TTL_SECONDS = 60 };

static unsigned read_number(const unsigned char *bytes)
{
	return (unsigned)(bytes[0] << 8 | bytes[1]);
}

/* Appends the text of a label to text, which has room for it. Returns the new length of the text. */
static size_t put_label(char *text, size_t used, const unsigned char *label, size_t length)
{
	if (used > 0)
		text[used++] = '.';
	for (size_t i = 0; i < length; i++) {
		bool plain = label[i] > 0x20 && label[i] < 0x7F && label[i] != '.' && label[i] != '\\';
		used += (size_t)snprintf(text + used, 5, plain ? "%c" : "\\%03u", plain ? tolower(label[i]) : label[i]);
	}
	return used;
}

/* Reads the domain name at the offset *at of the query, writes its text to name (DNS_NAME bytes), and sets *at to the offset after it. Returns false if the name is invalid. A compression pointer is invalid too: it must point to an earlier name (RFC 1035, 4.1.4), and no name comes before that of the first question. */
static bool read_name(const unsigned char *query, size_t length, size_t *at, char *name)
{
	char text[5 * LONGEST_NAME] = "."; /* room for four characters and a dot for each byte of a name */
	size_t start = *at, used = 0;
	while (*at < length && query[*at] != 0) {
		size_t size = query[(*at)++];
		if (size > LONGEST_LABEL || *at + size + 1 - start > LONGEST_NAME || *at + size > length)
			return false;
		used = put_label(text, used, query + *at, size);
		*at += size;
	}
	++*at;
	snprintf(name, DNS_NAME, "%.*s", DNS_NAME - 1, text);
	return *at <= length;
}

/* If the name in the question is in hosts, appends its addresses of the queried type to the answer, as many as fit in DNS_ANSWER bytes, adds their length to *used and returns true. Otherwise returns false. */
static bool put_addresses(const struct allow *hosts, const struct dns_question *question, unsigned char *answer, size_t *used)
{
	bool is_host = false;
	for (const struct allow_name *host = hosts->names; host < hosts->names + hosts->name_count; host++) {
		unsigned char type = host->to.family == AF_INET ? TYPE_A : TYPE_AAAA, size = host->to.family == AF_INET ? 4 : 16;
		/* Start of an answer record: pointer to the name in the question (2 bytes), type (2), class (2), TTL (4), address length (2) (RFC 1035, 4.1.3). */
		const unsigned char head[] = {0xC0, HEADER, 0, type, 0, CLASS_IN, 0, 0, 0, TTL_SECONDS, 0, size};
		if (strncasecmp(host->name, question->name, host->length) != 0 || question->name[host->length] != '\0')
			continue;
		is_host = true;
		if (type != question->type || *used + sizeof head + size > DNS_ANSWER)
			continue;
		memcpy(answer + *used, head, sizeof head);
		memcpy(answer + *used + sizeof head, host->to.address, size);
		*used += sizeof head + size;
		answer[7]++; /* low byte of ANCOUNT, the number of answers */
	}
	return is_host;
}

size_t dns_answer(const unsigned char *query, size_t length, const struct allow *hosts, unsigned char *answer, struct dns_question *question)
{
	*question = (struct dns_question){0};
	/* Do not answer a DNS response: two servers that answer responses would send messages to each other forever. */
	if (length < HEADER || (query[2] & FLAG_RESPONSE) != 0)
		return 0;
	bool is_query = (query[2] & OPCODE) == 0, is_single = read_number(query + 4) == 1;
	size_t at = HEADER, answer_length = HEADER;
	char name[DNS_NAME];
	if (is_query && read_number(query + 4) > 0 && read_name(query, length, &at, name) && at + 4 <= length) {
		memcpy(question->name, name, sizeof name);
		question->type = (uint16_t)read_number(query + at);
		answer_length = at + 4;
	}
	memset(answer, 0, HEADER);
	memcpy(answer, query, 2);
	/* Answer a query with several questions with FORMERR, because such a query is invalid (RFC 9619). */
	unsigned code = !is_query ? NOT_IMPLEMENTED : is_single && answer_length > HEADER ? SERVER_FAILURE
											  : FORMAT_ERROR;
	answer[2] = (unsigned char)(FLAG_RESPONSE | (query[2] & (OPCODE | FLAG_RECURSION_DESIRED)));
	answer[3] = (unsigned char)(FLAG_RECURSION_AVAILABLE | code);
	answer[5] = answer_length > HEADER;
	memcpy(answer + HEADER, query + HEADER, answer_length - HEADER);
	if (code != SERVER_FAILURE || !put_addresses(hosts, question, answer, &answer_length))
		return answer_length;
	answer[3] = FLAG_RECURSION_AVAILABLE;
	*question = (struct dns_question){0};
	return answer_length;
}

bool dns_succeeded(const unsigned char *answer)
{
	return (answer[3] & RESPONSE_CODE) == 0;
}

void dns_truncate(unsigned char *answer)
{
	if ((answer[3] & RESPONSE_CODE) != SERVER_FAILURE)
		return;
	answer[2] |= FLAG_TRUNCATED;
	answer[3] &= (unsigned char)~RESPONSE_CODE;
}

const char *dns_type_name(uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *name;
	} types[] = {
		{1, "A"},
		{2, "NS"},
		{5, "CNAME"},
		{6, "SOA"},
		{12, "PTR"},
		{15, "MX"},
		{16, "TXT"},
		{28, "AAAA"},
		{33, "SRV"},
		{35, "NAPTR"},
		{64, "SVCB"},
		{65, "HTTPS"},
		{255, "ANY"},
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}
