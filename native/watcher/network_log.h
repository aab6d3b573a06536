/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of a phase's network use, in shared memory: connection attempts, allowed connections, requests to UNIX sockets and DNS lookups. The watcher writes it, except
 * for the lookups, which the DNS server process writes. The supervisor reads it. If a table is full, further entries count in the totals only.
 */
#ifndef NETWORK_LOG_H
#define NETWORK_LOG_H

#include "watcher/target.h"

enum {
	LOG_ATTEMPTS = 256,
	LOG_ATTEMPTS_BY_COMMAND = 192, /* maximum of rows with one command line each; each further row is for all command lines of one program */
	LOG_LOOKUPS = 256,
	LOG_NAME = 256,
	LOG_ALLOWED = 64,
	LOG_SOCKETS = 64,
	LOG_SOCKET_PATH = 192, /* room for the path of a UNIX socket, in bytes */
};

struct destination {
	int family; /* AF_INET or AF_INET6; an IPv4-mapped address is AF_INET */
	unsigned char address[16];
	uint16_t port;
	char protocol[12]; /* "tcp", "udp"...; "" if the protocol is unknown */
};

struct connection_attempt {
	uint64_t key; /* hash of destination and program; identifies the row */
	struct destination to;
	struct program program;
	uint64_t count;
	uint64_t failed;       /* number of allowed connections that failed at once; part of count */
	bool bound;	       /* the connection was refused, although its destination is allowed, because the socket was bound to an address */
	long long first, last; /* time of the first and the last attempt, in microseconds of CLOCK_MONOTONIC */
};

struct dns_question; /* declared in dns/wire.h */

struct dns_lookup {
	uint64_t key;	     /* hash of name, type and program; identifies the row */
	unsigned query_id;   /* ID in the DNS header of the last query for this name */
	char name[LOG_NAME]; /* name that the query asks for, as printable text (struct dns_question) */
	uint16_t type;	     /* record type that the query asks for (RFC 1035, 3.2.2) */
	struct program program;
	uint64_t count;
};

/* Requests of one program to one UNIX socket of the host: connections or datagrams. */
struct requested_socket {
	uint64_t key; /* hash of file and program; identifies the row */
	char path[LOG_SOCKET_PATH];
	struct program program;
	uint64_t count;
	bool refused;
};

/* How allowed connections leave the phase. */
enum egress_route {
	ROUTE_DIRECT,	/* the watcher connects, in the host's network */
	ROUTE_SOCKS,	/* the watcher connects through a SOCKS proxy, because Portage has put it in a network namespace */
	ROUTE_NONE,	/* allowed connections fail as all others do */
	ROUTE_UNNEEDED, /* the phase connects itself, because its network could not be isolated */
};

enum watched {
	WATCHED_NOT_YET,
	WATCHED_YES,
	WATCHED_NO,
};

struct network_log {
	enum watched watched;	    /* WATCHED_YES after the watcher has received the listener */
	char watched_reason[64];    /* why system calls are not watched; set if watched is WATCHED_NO */
	int watched_errno;	    /* errno that belongs to watched_reason; 0: none */
	bool setuid_inert;	    /* confine had to set no_new_privs, so setuid programs of the phase get no privileges */
	enum watched names_watched; /* WATCHED_YES while the DNS server process can log lookups; WATCHED_NO after it failed to start or ended */
	char names_reason[64];	    /* why lookups are not watched; set if names_watched is WATCHED_NO */
	int names_errno;	    /* errno that belongs to names_reason; 0: none */
	bool phase_serves_names;    /* a program of the phase bound port 53 of a name server */

	struct connection_attempt attempts[LOG_ATTEMPTS];
	size_t attempt_count;
	uint64_t attempts_total;
	uint64_t unroutable; /* highest number of packets without a route that the kernel may have counted for the calls of the phase */

	struct connection_attempt allowed[LOG_ALLOWED];
	size_t allowed_count;
	uint64_t allowed_total;
	enum egress_route route;
	char route_reason[96];	 /* why route is ROUTE_NONE; "" if Portage is the reason */
	uint64_t allowed_failed; /* number of allowed connections that failed after they were counted */

	struct dns_lookup lookups[LOG_LOOKUPS];
	size_t lookup_count;
	uint64_t lookups_total;

	struct requested_socket sockets[LOG_SOCKETS];
	size_t socket_count;
	uint64_t sockets_total;

	uint64_t unreadable;		 /* number of calls whose addresses could not be read */
	int unreadable_errno;		 /* errno of the first failure to read the addresses of a call that the kernel may have accepted; 0: none */
	struct program listener_program; /* last program of the phase that requested a seccomp listener */
	uint64_t listener_calls;	 /* number of requests by the phase for a seccomp listener; the kernel refuses them with EBUSY */
};

/* Creates an empty log that is shared with later child processes. Returns NULL and sets errno on failure. */
struct network_log *network_log_create(void);

/* Counts one connection attempt; now is in microseconds of CLOCK_MONOTONIC. Returns its row, or NULL if the table is full. */
struct connection_attempt *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct program *program,
						   long long now);

/* Removes one attempt from the counts, because its call ended before the kernel executed it. row: the result of network_log_add_attempt(). */
void network_log_remove_attempt(struct network_log *log, struct connection_attempt *row, const struct destination *to);

/* Counts one allowed connection; error is its errno, or 0. Returns its row, or NULL if the table is full. */
struct connection_attempt *network_log_add_allowed(struct network_log *log, const struct destination *to, const struct program *program,
						   int error, long long now);

/* Returns the row with this key, or NULL. */
struct requested_socket *network_log_find_socket(struct network_log *log, uint64_t key);

/* Adds a row for requests to a UNIX socket of the host. Returns NULL if the table is full. */
struct requested_socket *network_log_add_socket(struct network_log *log, const struct requested_socket *row);

/* Increases log->unroutable for a call that is not logged as an attempt but may cause packets without a route. */
void network_log_add_unroutable(struct network_log *log, const struct destination *to);

/* Counts a call whose addresses could not be read. error: the errno of reading; if it is 0, nothing is counted. */
void network_log_add_unreadable(struct network_log *log, int error);

/* Counts one DNS query, unless its ID is that of the last query for this name: resolvers repeat a query to other servers and after a failure. */
void network_log_add_lookup(struct network_log *log, const struct dns_question *question, unsigned query_id, const struct program *program);

/* Removes the row of this name, type and program from the lookups, if there is one, and subtracts its queries from the total. */
void network_log_remove_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program);

bool network_log_has_lookup(const struct network_log *log, const char *name, uint16_t type, const struct program *program);

#endif
