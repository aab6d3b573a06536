/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers the queries of a phase where no network namespace can be made for the DNS server process. If a process connects a UDP socket to a
 * name server, the watcher replaces this socket with one that is connected to a socket of the watcher (the trap), and answers the queries for
 * names in the allow-list. After another query, it logs the name and closes the trap, and the process gets ECONNREFUSED, as from an
 * unreachable name server.
 */
#ifndef QUERY_TRAP_H
#define QUERY_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "egress/egress.h"
#include "util/events.h"

enum { QUERY_TRAPS = 64 }; /* maximum of sockets that wait for a query; a further one closes the oldest trap, so that its query fails and is not logged */

struct query_trap {
	struct event_source source; /* the socket that receives the query */
	int client;		    /* a duplicate of the socket of the phase */
	struct program program;
	struct parents parents;
};

struct query_traps {
	int epoll;
	const struct allow *allow;
	struct network_log *log;
	struct query_trap traps[QUERY_TRAPS]; /* a ring buffer */
	size_t next;
};

/* Creates the state of the functions below, which is never freed. Returns NULL and sets errno on failure. */
struct query_traps *query_traps_new(int epoll, const struct allow *allow, struct network_log *log);

/* Replaces the UDP socket of a call. family: the family of that socket. Returns false if that fails; the call must then fail. */
bool query_trap_set(struct query_traps *traps, const struct egress_call *call, int family);

/* Logs the query that a call sends with the address of a name server, unless its name is in the allow-list; then returns true. data: its address in the memory of the calling thread. */
bool query_trap_log(struct query_traps *traps, const struct target *target, uint64_t data, size_t length);

#endif
