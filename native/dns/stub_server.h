/*
 * The DNS server inside a phase's network. It logs each query and answers SERVFAIL at once, except for the hosts of --resolve.
 * It also finds the program that sent a query.
 */
#ifndef STUB_SERVER_H
#define STUB_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/wire.h"
#include "util/events.h"
#include "watcher/network_log.h"

enum { DNS_SERVER_CONNECTIONS = 8,
       DNS_SERVER_CLIENTS = 32 }; /* more programs than usually send queries at the same time */

/* An address of 127/8 that other software is unlikely to use. */
#define DNS_SERVER_ADDRESS "127.112.67.53"
#define DNS_SERVER_PORT 53

struct dns_connection {
	struct event_source source;
	uint16_t port; /* of the client */
	size_t used;
	unsigned char bytes[2 + DNS_LARGEST];
};

/* A program that connected or sent to the server. Its socket has no port yet when the watcher sees the call. */
struct dns_client {
	int socket; /* a duplicate of the program's; 0: none */
	struct program program;
	struct parents parents;
};

struct dns_server {
	int epoll; /* waits for the sockets */
	struct network_log *log;
	const struct allow *hosts; /* resolved by the server */
	struct event_source udp, tcp;
	struct dns_connection connections[DNS_SERVER_CONNECTIONS];
	size_t oldest_connection;
	struct dns_client clients[DNS_SERVER_CLIENTS]; /* a ring */
	size_t last_client;
};

/* Initializes a server without sockets. */
void dns_server_init(struct dns_server *server, int epoll, struct network_log *log, const struct allow *hosts);

/* Takes ownership of the sockets, and serves them from events_handle_one(). Never waits. */
void dns_server_open(struct dns_server *server, int udp, int tcp);

/* Closes all sockets and forgets the clients. */
void dns_server_close(struct dns_server *server);

/* Adds the target as a client whose socket is fd. Call it while the target is stopped in connect or send. */
void dns_server_add_client(struct dns_server *server, const struct target *target, int fd);

/* Whether the server listens at this destination. */
bool dns_server_is_at(const struct destination *to);

/* Whether a bind(2) to this address would fail because the server listens there. */
bool dns_server_blocks_bind(const struct destination *address);

#endif
