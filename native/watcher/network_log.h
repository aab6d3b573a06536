/*
 * The log of a phase's network use: connection attempts, allowed connections and DNS lookups. The watcher writes it and the supervisor
 * reads it, in shared memory. The DNS server process writes the lookups. Its size is fixed: if a table is full, further entries count in the totals only.
 */
#ifndef NETWORK_LOG_H
#define NETWORK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watcher/target.h"

enum {
	LOG_ATTEMPTS = 256,
	LOG_ATTEMPTS_BY_COMMAND = 192, /* each later row is for all command lines of one program */
	LOG_LOOKUPS = 256,
	LOG_NAME = 256,
	LOG_ALLOWED = 64,
};

struct destination {
	int family; /* AF_INET or AF_INET6; an IPv4-mapped address is AF_INET */
	unsigned char address[16];
	uint16_t port;
	char protocol[12]; /* "tcp", "udp", ...; "" if unknown */
};

struct connection_attempt {
	uint64_t key;
	struct destination to;
	struct program program;
	struct parents parents;
	uint64_t count;
	uint64_t failed;       /* allowed connections that failed at once */
	bool bound;	       /* refused although the destination is allowed, because the socket was bound to an address */
	long long first, last; /* microseconds of CLOCK_MONOTONIC */
};

struct dns_question; /* dns/wire.h */

struct dns_lookup {
	uint64_t key;
	unsigned query_id;   /* of the last query */
	char name[LOG_NAME]; /* printable (struct dns_question) */
	uint16_t type;	     /* of the query (RFC 1035, 3.2.2) */
	struct program program;
	struct parents parents;
	uint64_t count;
};

/* How allowed connections are made. */
enum egress_route {
	ROUTE_DIRECT,	/* by the watcher, which is in the host's network */
	ROUTE_SOCKS,	/* through a proxy, because Portage has unshared the watcher's network */
	ROUTE_NONE,	/* not at all */
	ROUTE_UNNEEDED, /* by the phase itself, whose network could not be isolated */
};

enum watched {
	WATCHED_NOT_YET,
	WATCHED_YES,
	WATCHED_NO,
};

struct network_log {
	enum watched watched;	    /* whether the phase's system calls are watched */
	char watched_reason[64];    /* for WATCHED_NO */
	int watched_errno;	    /* 0: none */
	bool setuid_inert;	    /* no_new_privs had to be set */
	enum watched names_watched; /* WATCHED_YES, unless the DNS server process cannot start */
	char names_reason[64];	    /* for WATCHED_NO */
	int names_errno;
	bool phase_serves_names; /* a program of the phase bound port 53 of a name server */
	bool host_resolver;	 /* the phase connected to a daemon of the host that resolves names */

	struct connection_attempt attempts[LOG_ATTEMPTS];
	size_t attempt_count;
	uint64_t attempts_total;
	uint64_t unroutable; /* the kernel has counted at most this many packets without a route for these attempts */

	struct connection_attempt allowed[LOG_ALLOWED];
	size_t allowed_count;
	uint64_t allowed_total;
	enum egress_route route;
	char route_reason[96];	 /* for ROUTE_NONE, unless Portage is the reason */
	uint64_t allowed_failed; /* allowed connections that failed after they were counted */

	struct dns_lookup lookups[LOG_LOOKUPS];
	size_t lookup_count;
	uint64_t lookups_total;

	uint64_t unreadable;		 /* calls whose addresses could not be read */
	int unreadable_errno;		 /* of the first that may have been an attempt; 0: none */
	struct program listener_program; /* the last program that requested a seccomp listener of its own */
	uint64_t listener_calls;
};

/* Creates an empty log that is shared with later child processes. Returns NULL and sets errno on failure. */
struct network_log *network_log_create(void);

/* Counts one attempt; now is in microseconds of CLOCK_MONOTONIC. Returns its row, or NULL if the table is full. */
struct connection_attempt *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct program *program,
						   long long now);

/* Takes back one attempt, because the call ended before the kernel made it. row: the result of network_log_add_attempt(). */
void network_log_remove_attempt(struct network_log *log, struct connection_attempt *row, const struct destination *to);

/* Counts one allowed connection; error is its result, or 0. Returns its row, or NULL if the table is full. */
struct connection_attempt *network_log_add_allowed(struct network_log *log, const struct destination *to, const struct program *program,
						   int error, long long now);

/* Increases log->unroutable for a call that is not an attempt. */
void network_log_add_unroutable(struct network_log *log, const struct destination *to);

/* Counts a call whose addresses could not be read, because of an error; does nothing if that is 0. */
void network_log_add_unreadable(struct network_log *log, int error);

/* Counts one DNS query, unless it repeats the last one: resolvers send a query with the same ID to each server and after a failure. */
void network_log_add_lookup(struct network_log *log, const struct dns_question *question, unsigned query_id, const struct program *program,
			    const struct parents *parents);

/* Removes the lookups of a name. */
void network_log_remove_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program);

bool network_log_has_lookup(const struct network_log *log, const char *name, uint16_t type, const struct program *program);

#endif
