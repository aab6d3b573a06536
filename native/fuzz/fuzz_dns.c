/* The reader of DNS queries: whatever comes, it reads and writes within bounds, and keeps what dns.h says. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dns/wire.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	static const struct allow known = {
		.names = {{"a", 1, AF_INET, {192, 0, 2, 1}}, {"a", 1, AF_INET6, {[15] = 1}}, {"c.d", 3, AF_INET, {192, 0, 2, 2}}},
		.name_count = 3,
	};
	struct dns_question questions[DNS_QUESTIONS], again[DNS_QUESTIONS];
	size_t count, none;
	/* Of the exact size, so that the sanitizer sees one byte too many. */
	unsigned char *query = malloc(length == 0 ? 1 : length), *answer = malloc(DNS_ANSWER);
	assert(query != NULL && answer != NULL);
	memcpy(query, data, length);
	size_t answered = dns_answer(query, length, &known, answer, questions, &count);
	assert(answered <= DNS_ANSWER && count <= DNS_QUESTIONS);
	for (size_t i = 0; i < count; i++) {
		size_t size = strnlen(questions[i].name, DNS_NAME);
		assert(size > 0 && size < DNS_NAME);
		for (size_t c = 0; c < size; c++)
			assert(questions[i].name[c] > 0x20 && questions[i].name[c] < 0x7F);
	}
	if (answered > 0) {
		assert(memcmp(answer, query, 2) == 0 && (answer[2] & 0x80) != 0);
		/* Only who is answered gets no error, and is not counted. */
		bool known_host = (answer[3] & 0x0F) == 0;
		assert(!known_host || (count == 0 && answer[5] == 1));
		/* What it says is not answered again, and its question is a question. */
		assert(dns_answer(answer, answered, NULL, query, again, &none) == 0);
		answer[2] &= 0x7F;
		unsigned char second[DNS_ANSWER];
		/* Without its addresses, which nobody knows this time. */
		size_t without = answer[5] == 0 ? answered : dns_answer(answer, answered, NULL, second, again, &none);
		assert(answer[5] == 0 || none == 1);
		assert(known_host ? without <= answered : without == answered);
		assert(known_host || answer[5] == 0 || strcmp(again[0].name, questions[0].name) == 0);
	}
	free(query);
	free(answer);
	return 0;
}
