/* What was seen, in memory that its watcher and the supervisor share: bounded, however much is tried. */
#ifndef AUDIT_TABLE_H
#define AUDIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watcher/target.h"

enum {
	LOG_ATTEMPTS = 256,
	LOG_ATTEMPTS_BY_COMMAND = 192, /* from here on command lines are no longer told apart */
	LOG_LOOKUPS = 256,
	LOG_NAME = 256,
	LOG_ALLOWED = 64,
};

struct destination {
	int family; /* AF_INET or AF_INET6; an IPv4 address in IPv6's clothes is AF_INET */
	unsigned char address[16];
	uint16_t port;
	char protocol[12]; /* "tcp", "udp", ...; "" where the socket could not be asked */
};

struct connection_attempt {
	uint64_t key;
	struct destination to;
	struct program program;
	struct parents parents;
	uint64_t count;
	uint64_t failed;       /* of those let through: how many ended with an error at once */
	bool bound;	       /* its place may be reached, but not from the address that the socket was bound to */
	long long first, last; /* microseconds of CLOCK_MONOTONIC */
};

struct dns_lookup {
	uint64_t key;
	char name[LOG_NAME]; /* as it is written, dots and all, printable */
	uint16_t type;	     /* of the query (RFC 1035, 3.2.2) */
	struct program program;
	struct parents parents;
	uint64_t count;
};

/* From where the connections are made that are let through. */
enum egress_route {
	ROUTE_DIRECT,	/* the watcher stands in the host's network */
	ROUTE_SOCKS,	/* it doesn't, as Portage has isolated it, but a proxy outside can be reached */
	ROUTE_NONE,	/* nor that */
	ROUTE_UNNEEDED, /* the phase stands there itself, as its network could not be isolated */
};

/* Whether the calls of the phase are seen. */
enum watched {
	WATCHED_NOT_YET,
	WATCHED_YES,
	WATCHED_NO,
};

struct network_log {
	enum watched watched;
	char watched_reason[64]; /* if WATCHED_NO */
	int watched_errno;	 /* 0: the reason says it all */
	bool setuid_inert;	 /* we had to set no_new_privs */
	enum watched names_watched;
	char names_reason[64]; /* if WATCHED_NO */
	int names_errno;
	bool dns_server_closed; /* because the phase started a server on port 53 */
	bool host_resolver;	/* a daemon of the host's was asked, over a path socket */
	struct connection_attempt attempts[LOG_ATTEMPTS];
	size_t attempt_count;
	uint64_t attempts_total;
	uint64_t unroutable;				/* how often the kernel counted these as without a route, at most */
	struct connection_attempt allowed[LOG_ALLOWED]; /* let through */
	size_t allowed_count;
	uint64_t allowed_total;
	enum egress_route route;
	char route_reason[96];	 /* if ROUTE_NONE was not caused by Portage */
	uint64_t allowed_failed; /* allowed connections that failed after their call was counted */
	struct dns_lookup lookups[LOG_LOOKUPS];
	size_t lookup_count;
	uint64_t lookups_total;
	uint64_t unreadable;		 /* calls whose address could not be read */
	struct program listener_program; /* the last program that called seccomp(2) for a listener of its own */
	uint64_t listener_calls;
};

/* Makes an empty one that is shared with every later child. Returns NULL with errno. */
struct network_log *network_log_create(void);

/*
 * Counts one attempt; now is in microseconds of CLOCK_MONOTONIC. Where the table is full it is counted in the total alone.
 * Returns its row, or NULL where it got none, for network_log_remove_attempt().
 */
struct connection_attempt *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct program *program,
						   long long now);

/* The same for one that is let through; error is how it ended, 0 where it goes on. */
struct connection_attempt *network_log_add_allowed(struct network_log *log, const struct destination *to, const struct program *program,
						   int error, long long now);

/* Notes that the kernel may count what is no attempt. */
void network_log_add_unroutable(struct network_log *log, const struct destination *to);

/* Takes back what was counted last in that row, since the call was not made after all. */
void network_log_remove_attempt(struct network_log *log, struct connection_attempt *row, const struct destination *to);

/* Counts one question for a name. */
void network_log_add_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program,
			    const struct parents *parents);

#endif
