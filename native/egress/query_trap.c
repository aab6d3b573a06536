// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>

#include "dns/wire.h"
#include "egress/egress_internal.h"
#include "util/fds.h"

void query_traps_open(struct query_traps *traps, int epoll, const struct allow *allow, struct network_log *log)
{
	*traps = (struct query_traps){.epoll = epoll, .allow = allow, .log = log};
	for (size_t i = 0; i < QUERY_TRAPS; i++)
		traps->traps[i].source.fd = traps->traps[i].client = -1;
}

/* If the query is for a name in the allow-list, writes the answer with its addresses and returns the length of the answer in bytes. Otherwise logs the query, if it is valid, and returns 0. */
static size_t answer_query(struct query_traps *traps, const unsigned char *query, size_t length, const struct program *program,
			   unsigned char answer[DNS_ANSWER])
{
	struct dns_question question;
	size_t answer_length = dns_answer(query, length, traps->allow, answer, &question);
	if (question.name[0] != '\0')
		network_log_add_lookup(traps->log, question.name, question.type, (unsigned)query[0] << 8 | query[1], program);
	return answer_length > 0 && dns_succeeded(answer) ? answer_length : 0;
}

static void close_trap(struct query_traps *traps, struct query_trap *trap)
{
	event_source_close(traps->epoll, &trap->source);
	close_fd(trap->client);
	trap->client = -1;
}

/* Answers the queries that have arrived at a query trap, the watcher's socket in source. After a query for a name that is not in the allow-list, closes the trap, so that later calls of the phase on the socket connected to the trap fail. */
static void read_queries(void *owner, struct event_source *source)
{
	struct query_traps *traps = owner;
	struct query_trap *trap = (struct query_trap *)source;
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	ssize_t length;
	bool fails = false;
	while ((length = recv(source->fd, query, sizeof query, MSG_DONTWAIT)) >= 0) {
		size_t answer_length = answer_query(traps, query, (size_t)length, &trap->program, answer);
		if (answer_length > 0)
			send(source->fd, answer, answer_length, MSG_DONTWAIT);
		fails = fails || answer_length == 0;
	}
	if (!fails)
		return;
	event_source_close(traps->epoll, source);
	/* The watcher's receiving socket is closed. Send a datagram from the phase's socket: the kernel answers "port unreachable" (ICMP), so the next call of the phase on this socket fails. If a rate limit for ICMP prevents this, shut the socket down. */
	struct pollfd client = {.fd = trap->client};
	if (send(trap->client, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 && poll(&client, 1, 0) == 0)
		shutdown(trap->client, SHUT_RDWR);
	close_trap(traps, trap);
}

/*
 * Opens two UDP sockets, *receiver on a free port of loopback and *client, and connects them to each other, so that no other process can send queries.
 * If the name server is on loopback, *receiver gets its address, because c-ares ignores answers from other addresses. Returns false on failure. The caller closes both sockets, also after a failure.
 */
static bool open_pair(const struct destination *name_server, int family, int *receiver, int *client)
{
	union socket_address address, own;
	static const struct destination loopback4 = {.family = AF_INET, .address = {127, 0, 0, 1}};
	static const struct destination loopback6 = {.family = AF_INET6, .address = {[15] = 1}};
	const struct destination *loopback = family == AF_INET ? &loopback4 : &loopback6;
	socklen_t size = destination_write(destination_is_loopback(name_server) ? name_server : loopback, family, &address), own_size = sizeof own;
	address.in6.sin6_port = 0; /* also sets the port of an AF_INET address, which is at the same offset */
	*receiver = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *receiver >= 0 && *client >= 0 && bind(*receiver, &address.any, size) == 0 && getsockname(*receiver, &address.any, &size) == 0 &&
	       connect(*client, &address.any, size) == 0 && getsockname(*client, &own.any, &own_size) == 0 && connect(*receiver, &own.any, own_size) == 0;
}

bool query_trap_set(struct query_traps *traps, const struct egress_call *call, int family)
{
	struct query_trap *trap = &traps->traps[traps->next];
	int flags = descriptor_flags(call), receiver = -1;
	traps->next = (traps->next + 1) % QUERY_TRAPS;
	close_trap(traps, trap);
	bool is_open = flags >= 0 && (family == AF_INET || family == AF_INET6) && open_pair(&call->to, family, &receiver, &trap->client) &&
		       event_source_open(traps->epoll, &trap->source, (struct event_source){receiver, read_queries, traps}, EPOLLIN);
	if (!is_open)
		close_fd(receiver);
	trap->program = *target_program(&call->target);
	target_add_parents(&call->target, &trap->program);
	if (is_open && replace_socket(call, trap->client, flags & O_NONBLOCK))
		return true;
	close_trap(traps, trap);
	return false;
}

bool query_trap_log(struct query_traps *traps, const struct target *target, uint64_t data, size_t length)
{
	unsigned char query[DNS_ANSWER], answer[DNS_ANSWER];
	size_t size = length < sizeof query ? length : sizeof query;
	if (!target_read(target, data, query, size))
		return false;
	struct program program = *target_program(target);
	target_add_parents(target, &program);
	return answer_query(traps, query, size, &program, answer) > 0;
}
