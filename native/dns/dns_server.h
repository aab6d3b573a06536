/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DNS server process of a phase. It runs in a network namespace of its own, where lo has the addresses of the name servers in
 * /etc/resolv.conf. The watcher puts a socket of that network in place of the socket of a process that sends a query
 * (egress/dns_redirect.c). The server logs each query and answers SERVFAIL at once, except for the hosts of --resolve.
 */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include <stdnoreturn.h>

#include "dns/resolv_conf.h"
#include "dns/wire.h"
#include "watcher/network_log.h"

/*
 * Message from the watcher: requests a socket in the network of the DNS server. The reply is the id; the new socket is attached to it, unless
 * creating the socket failed.
 */
struct dns_request {
	uint64_t id; /* ID of the seccomp notification of the call that waits for the socket */
	int family, type;
	uint16_t port;	/* local port of the phase's socket, which the new socket replaces; 0: that socket is not bound */
	bool truncates; /* answer queries over UDP with a truncated answer instead of SERVFAIL (dns_truncate()) */
	struct program program;
};

/* Returns the local port of an internet socket, or 0 if it is not bound. */
uint16_t local_port(int fd);

/* The sockets on which the server receives queries: for each name server a UDP and a TCP socket; -1: not open. */
struct dns_listeners {
	int fds[NAME_SERVERS][2];
};

/*
 * Serves the watcher's requests for sockets and the queries that arrive at the listeners. Exits when the watcher has ended. Writes the lookups
 * in the log without a lock, because no other process writes them.
 */
noreturn void dns_server_run(int watcher, const struct dns_listeners *listeners, const struct resolv_conf *conf,
			     const struct allow *hosts, struct network_log *log);

#endif
