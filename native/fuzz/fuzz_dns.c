// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes dns_answer(): checks that the function stays within its buffers and does what dns/wire.h documents. The input is a DNS query. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dns/wire.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	static const struct allow hosts = {
		.names = {{"a", 1, AF_INET, {192, 0, 2, 1}}, {"a", 1, AF_INET6, {[15] = 1}}, {"c.d", 3, AF_INET, {192, 0, 2, 2}}},
		.name_count = 3,
	};
	struct dns_question questions[DNS_QUESTIONS], again[DNS_QUESTIONS];
	size_t count, none;
	/* Allocate the exact size of the query and of the answer, so that AddressSanitizer detects an access beyond them. */
	unsigned char *query = malloc(length == 0 ? 1 : length), *answer = malloc(DNS_ANSWER);
	assert(query != NULL && answer != NULL);
	memcpy(query, data, length);
	size_t answered = dns_answer(query, length, &hosts, answer, questions, &count);
	assert(answered <= DNS_ANSWER && count <= DNS_QUESTIONS);
	for (size_t i = 0; i < count; i++) {
		size_t size = strnlen(questions[i].name, DNS_NAME);
		assert(size > 0 && size < DNS_NAME);
		for (size_t c = 0; c < size; c++)
			assert(questions[i].name[c] > 0x20 && questions[i].name[c] < 0x7F);
	}
	if (answered > 0) {
		assert(memcmp(answer, query, 2) == 0 && (answer[2] & 0x80) != 0);
		/* Response code 0 means that the name is in hosts. dns_answer() must then return no question, because the lookup is not logged. */
		bool is_host = (answer[3] & 0x0F) == 0;
		assert(!is_host || (count == 0 && answer[5] == 1));
		/* dns_answer() must not answer its own response. After the response bit is cleared below, it must find the question again, if the answer has one. */
		assert(dns_answer(answer, answered, NULL, query, again, &none) == 0);
		answer[2] &= 0x7F;
		unsigned char second[DNS_ANSWER];
		/* The second call of dns_answer() gets no hosts, so that its answer has no addresses. */
		size_t without = answer[5] == 0 ? answered : dns_answer(answer, answered, NULL, second, again, &none);
		assert(answer[5] == 0 || none == 1);
		assert(is_host ? without <= answered : without == answered);
		assert(is_host || answer[5] == 0 || strcmp(again[0].name, questions[0].name) == 0);
	}
	free(query);
	free(answer);
	return 0;
}
