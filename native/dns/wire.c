// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/wire.h"

#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>

/* Constants of the DNS message format (RFC 1035, 4.1.1, 3.2.2 and 2.3.4). */
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
enum { MOST_POINTERS = 8,
       TTL_SECONDS = 60 };

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

/* Reads the domain name at offset *at and sets *at to the offset after it. A compression pointer must point before the name that contains it, to prevent endless loops. Sets *uncompressed to true if the name has no pointer. Returns false if it is invalid. */
static bool read_name(const unsigned char *query, size_t length, size_t *at, char *name, bool *uncompressed)
{
	char text[5 * LONGEST_NAME] = "."; /* room for four characters for each byte of a name */
	size_t position = *at, start = position, total = 1, used = 0;
	int pointers = 0;
	for (;;) {
		if (position >= length)
			return false;
		unsigned size = query[position];
		if (size == 0)
			break;
		if ((size & 0xC0) == 0xC0) {
			if (position + 1 >= length || ++pointers > MOST_POINTERS)
				return false;
			size_t target = read_number(query + position) & 0x3FFF;
			if (target < HEADER || target >= start)
				return false;
			if (pointers == 1)
				*at = position + 2;
			position = start = target;
			continue;
		}
		total += size + 1;
		if (size > LONGEST_LABEL || total > LONGEST_NAME || position + 1 + size > length)
			return false;
		used = put_label(text, used, query + position + 1, size);
		position += size + 1;
	}
	if (pointers == 0)
		*at = position + 1;
	*uncompressed = pointers == 0;
	snprintf(name, DNS_NAME, "%.*s", DNS_NAME - 1, text);
	return true;
}

static bool has_name(const struct allow_name *host, const char *name)
{
	return strncasecmp(host->name, name, host->length) == 0 && name[host->length] == '\0';
}

static bool is_host(const struct allow *hosts, const char *name)
{
	for (size_t i = 0; i < hosts->name_count; i++)
		if (has_name(&hosts->names[i], name))
			return true;
	return false;
}

/* Appends the addresses of the host in the question to the answer, as many as fit in DNS_ANSWER bytes. Returns the new length of the answer. */
static size_t put_addresses(const struct allow *hosts, const struct dns_question *question, unsigned char *answer, size_t used)
{
	for (size_t i = 0; i < hosts->name_count; i++) {
		const struct allow_name *host = &hosts->names[i];
		unsigned char type = host->family == AF_INET ? TYPE_A : TYPE_AAAA, size = host->family == AF_INET ? 4 : 16;
		/* Start of an answer record: pointer to the name in the question (2 bytes), type (2), class (2), TTL (4), address length (2) (RFC 1035, 4.1.3). */
		const unsigned char head[] = {0xC0, HEADER, 0, type, 0, CLASS_IN, 0, 0, 0, TTL_SECONDS, 0, size};
		if (type != question->type || !has_name(host, question->name) || used + sizeof head + size > DNS_ANSWER)
			continue;
		memcpy(answer + used, head, sizeof head);
		memcpy(answer + used + sizeof head, host->address, size);
		used += sizeof head + size;
		answer[7]++; /* low byte of ANCOUNT, the number of answers */
	}
	return used;
}

size_t dns_answer(const unsigned char *query, size_t length, const struct allow *hosts, unsigned char *answer,
		  struct dns_question *questions, size_t *count)
{
	*count = 0;
	/* Do not answer a DNS response: two servers that answer responses would send messages to each other forever. */
	if (length < HEADER || (query[2] & FLAG_RESPONSE) != 0)
		return 0;
	unsigned question_count = read_number(query + 4), code = question_count == 0 ? FORMAT_ERROR : SERVER_FAILURE;
	size_t at = HEADER, answer_length = HEADER;
	bool is_query = (query[2] & OPCODE) == 0;
	for (unsigned i = 0; is_query && i < question_count && i < DNS_QUESTIONS; i++) {
		bool uncompressed;
		struct dns_question *question = &questions[*count];
		if (!read_name(query, length, &at, question->name, &uncompressed) || at + 4 > length) {
			code = FORMAT_ERROR;
			break;
		}
		question->type = (uint16_t)read_number(query + at);
		at += 4;
		++*count;
		if (i == 0 && uncompressed)
			answer_length = at;
	}
	if (!is_query)
		code = NOT_IMPLEMENTED;
	memset(answer, 0, HEADER);
	memcpy(answer, query, 2);
	answer[2] = (unsigned char)(FLAG_RESPONSE | (query[2] & (OPCODE | FLAG_RECURSION_DESIRED)));
	answer[3] = (unsigned char)(FLAG_RECURSION_AVAILABLE | code);
	answer[5] = answer_length > HEADER;
	memcpy(answer + HEADER, query + HEADER, answer_length - HEADER);
	if (question_count != 1 || *count != 1 || answer_length == HEADER || hosts == NULL || !is_host(hosts, questions[0].name))
		return answer_length;
	answer[3] = FLAG_RECURSION_AVAILABLE;
	*count = 0;
	return put_addresses(hosts, &questions[0], answer, answer_length);
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
