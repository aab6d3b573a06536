/*
 * The DNS server process of a phase. It runs in a network namespace of its own, where lo has the addresses of the name servers in
 * /etc/resolv.conf. The watcher puts a socket of that network in place of the socket of a process that sends a query
 * (egress/dns_redirect.h). The server logs each query and answers SERVFAIL at once, except for the hosts of --resolve.
 */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "dns/resolv_conf.h"
#include "dns/wire.h"
#include "watcher/network_log.h"

/* From the watcher: a request for a socket of the server's network. */
struct dns_request {
	uint64_t id; /* of the notification */
	int family, type;
	uint16_t port; /* to which the socket of the process is bound; 0: none */
	struct program program;
	struct parents parents;
};

/* To the watcher, with the socket. Without one if it could not be created. */
struct dns_reply {
	uint64_t id;
};

/* The sockets of one name server; -1: none. */
struct dns_listeners {
	int fds[NAME_SERVERS][2];
};

/*
 * Serves requests from the watcher and the queries that arrive at the listeners. Exits when the watcher has ended. This process alone
 * writes the lookups in the log.
 */
noreturn void dns_server_run(int watcher, const struct dns_listeners *listeners, const struct resolv_conf *conf,
			     const struct allow *hosts, struct network_log *log);

#endif
