// SPDX-License-Identifier: GPL-2.0-or-later
#include "egress/query_trap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/wire.h"
#include "egress/internal.h"
#include "util/fds.h"

struct query_traps *query_traps_new(int epoll, const struct allow *allow, struct network_log *log)
{
	struct query_traps *traps = calloc(1, sizeof *traps);
	if (traps == NULL)
		return NULL;
	*traps = (struct query_traps){.epoll = epoll, .allow = allow, .log = log};
	for (size_t i = 0; i < QUERY_TRAPS; i++)
		traps->traps[i].source.fd = traps->traps[i].client = -1;
	return traps;
}

static void log_query(struct query_traps *traps, const unsigned char *query, size_t length, const struct program *program, const struct parents *parents)
{
	struct dns_question questions[DNS_QUESTIONS];
	unsigned char answer[DNS_ANSWER];
	size_t count;
	dns_answer(query, length, traps->allow, answer, questions, &count);
	for (size_t i = 0; i < count; i++)
		network_log_add_lookup(traps->log, &questions[i], (unsigned)query[0] << 8 | query[1], program, parents);
}

static void close_trap(struct query_traps *traps, struct query_trap *trap)
{
	event_source_close(traps->epoll, &trap->source);
	close_fd(trap->client);
	trap->client = -1;
}

/* Logs the queries that have arrived, closes the trap, and makes the pending and all later calls of the process on its socket fail. */
static void read_queries(void *owner, struct event_source *source)
{
	struct query_traps *traps = owner;
	struct query_trap *trap = (struct query_trap *)source;
	unsigned char query[DNS_LARGEST];
	ssize_t length;
	while ((length = recv(source->fd, query, sizeof query, MSG_DONTWAIT)) >= 0)
		log_query(traps, query, (size_t)length, &trap->program, &trap->parents);
	event_source_close(traps->epoll, source);
	/* The kernel answers this datagram with the ICMP message "port unreachable", because the port is closed now. It may limit the rate of such messages. */
	struct pollfd client = {.fd = trap->client};
	if (send(trap->client, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 && poll(&client, 1, 0) == 0)
		shutdown(trap->client, SHUT_RDWR);
	close_trap(traps, trap);
}

/* Opens a UDP socket on an automatic port of loopback, and another one that is connected to it. Returns false on failure; the caller closes both. */
static bool open_pair(int family, int *receiver, int *client)
{
	union socket_address address;
	static const struct destination loopback4 = {.family = AF_INET, .address = {127, 0, 0, 1}};
	static const struct destination loopback6 = {.family = AF_INET6, .address = {[15] = 1}};
	socklen_t size = socket_address(family == AF_INET ? &loopback4 : &loopback6, family, &address);
	*receiver = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *receiver >= 0 && *client >= 0 && bind(*receiver, &address.any, size) == 0 && getsockname(*receiver, &address.any, &size) == 0 &&
	       connect(*client, &address.any, size) == 0;
}

bool query_trap_set(struct query_traps *traps, const struct egress_call *call, int family)
{
	struct query_trap *trap = &traps->traps[traps->next];
	int flags = descriptor_flags(call), receiver = -1;
	traps->next = (traps->next + 1) % QUERY_TRAPS;
	close_trap(traps, trap);
	bool is_open = flags >= 0 && (family == AF_INET || family == AF_INET6) && open_pair(family, &receiver, &trap->client) &&
		       event_source_open(traps->epoll, &trap->source, (struct event_source){receiver, read_queries, traps}, EPOLLIN);
	if (!is_open)
		close_fd(receiver);
	trap->program = *target_program(&call->target);
	target_parents(&call->target, &trap->parents);
	if (is_open && fcntl(trap->client, F_SETFL, flags & O_NONBLOCK) == 0 && replace_socket(call, trap->client))
		return true;
	close_trap(traps, trap);
	return false;
}

void query_trap_log(struct query_traps *traps, const struct target *target, uint64_t data, size_t length)
{
	unsigned char query[DNS_ANSWER];
	struct parents parents;
	size_t size = length < sizeof query ? length : sizeof query;
	if (!target_read(target, data, query, size))
		return;
	const struct program program = *target_program(target);
	target_parents(target, &parents);
	log_query(traps, query, size, &program, &parents);
}
