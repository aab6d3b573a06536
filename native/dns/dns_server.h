/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DNS server process of a phase. It runs in a network namespace of its own, where lo has the addresses of the name servers in
 * /etc/resolv.conf. If a process of the phase sends a query, the watcher first replaces the socket of this process with a socket of that
 * network namespace (egress/dns_redirect.c). The server answers queries for the hosts of --resolve. It logs any other query and answers it
 * at once with SERVFAIL.
 */
#pragma once

#include <stdnoreturn.h>

#include "dns/wire.h"
#include "network_log/network_log.h"

enum { NAME_SERVERS = 8 /* maximum number of name servers; further ones are ignored (glibc and musl use only the first three) */ };

/* The name servers and search domains of /etc/resolv.conf (resolv.conf(5)). */
struct resolv_conf {
	struct destination servers[NAME_SERVERS]; /* addresses of the name servers; the member port of each is DNS_PORT */
	size_t server_count;
	char search[6][DNS_NAME];
	size_t search_count;
};

/* Reads /etc/resolv.conf. If the file has no usable name server or cannot be read, adds 127.0.0.1 (the default of resolvers) and ::1 (Go uses both). Omits link-local addresses, because the network of a phase lacks their interface. */
void resolv_conf_read(struct resolv_conf *conf);

/* Message by which the watcher requests a socket in the network namespace of the DNS server. The reply is one byte, with the new socket attached (SCM_RIGHTS) unless creating it failed. */
struct dns_request {
	int family, type;
	uint16_t port;	/* local port of the phase's socket that the new socket will replace; 0: that socket is not bound */
	bool truncates; /* for a query over UDP that the server does not answer with addresses: true: the server sends a truncated answer (dns_truncate()); false: the server sends SERVFAIL */
	struct program program;
};

/* Main function of the DNS server. watcher: socket to the watcher. listeners: for each name server, a UDP and a TCP socket at its address; -1: no name server, or the socket could not be opened. Exits when the watcher has ended. Writes the lookups to the log without a lock, because no other process writes them. */
noreturn void dns_server_run(int watcher, int listeners[NAME_SERVERS][2], const struct resolv_conf *conf,
			     const struct allow *hosts, struct network_log *log);
