/* A name server inside a confined network: it hears what is asked for, and answers at once that it can't tell. */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "dns/client.h"
#include "watcher/network_log.h"
#include "dns/wire.h"

enum { DNS_SERVER_CONNECTIONS = 8,
       DNS_SERVER_SOURCES = 2 + DNS_SERVER_CONNECTIONS };

/* Where it listens: an address of 127/8 that nobody else would take. */
#define DNS_SERVER_ADDRESS "127.112.67.53"
#define DNS_SERVER_PORT 53

struct dns_server_connection {
	int fd;	       /* 0: none */
	uint16_t port; /* of the other end */
	size_t used;
	unsigned char bytes[2 + DNS_LARGEST];
};

struct dns_server {
	int udp, tcp;		   /* -1: none */
	const struct allow *known; /* the hosts that are answered for; NULL: none */
	struct dns_server_connection connections[DNS_SERVER_CONNECTIONS];
	size_t next; /* the one that makes room for a new one */
};

/* Takes the sockets over; they are closed at dns_server_close(). */
void dns_server_open(struct dns_server *dns_server, int udp, int tcp);
void dns_server_close(struct dns_server *dns_server);

/* Fills in what to poll for and returns how many those are: DNS_SERVER_SOURCES at most. */
size_t dns_server_sources(const struct dns_server *dns_server, struct pollfd *sources);

/* Answers what came, counting each question as one of who(the port it came from)'s; never waits. */
void dns_server_serve(struct dns_server *dns_server, const struct pollfd *sources, size_t count, struct network_log *log,
		      const struct dns_client *(*who)(uint16_t port));

/* Whether this is where it listens. */
bool dns_server_is_at(const struct destination *to);

/* Whether a socket bound there would find the place taken. */
bool dns_server_is_in_the_way(const struct destination *place);

#endif
