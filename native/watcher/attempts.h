/* What was seen, in memory that its watcher and the supervisor share: bounded, however much is tried. */
#ifndef AUDIT_TABLE_H
#define AUDIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watcher/target.h"

enum {
	AUDIT_ATTEMPTS = 256,
	AUDIT_COARSE = 192, /* from here on command lines are no longer told apart */
	AUDIT_NAMES = 256,
	AUDIT_NAME = 256,
	AUDIT_ALLOWED = 64,
};

struct destination {
	int family; /* AF_INET or AF_INET6; an IPv4 address in IPv6's clothes is AF_INET */
	unsigned char address[16];
	uint16_t port;
	char protocol[12]; /* "tcp", "udp", ...; "" where the socket could not be asked */
};

struct audit_attempt {
	uint64_t key;
	struct destination to;
	struct program who;
	struct parents parents;
	uint64_t count;
	uint64_t failed;       /* of those let through: how many ended with an error at once */
	bool bound;	       /* its place may be reached, but not from the address that the socket was bound to */
	long long first, last; /* microseconds of CLOCK_MONOTONIC */
};

struct looked_up {
	uint64_t key;
	char name[AUDIT_NAME]; /* as it is written, dots and all, printable */
	uint16_t type;	       /* of the query (RFC 1035, 3.2.2) */
	struct program who;
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

struct audit_table {
	enum watched watched;
	char why[64]; /* where they are not; and errno */
	int error;
	bool setuid_inert; /* we had to set no_new_privs */
	enum watched names;
	char names_why[64]; /* where names are not seen; and errno */
	int names_error;
	bool names_given_up; /* to a server of the phase's own on port 53 */
	bool host_resolver;  /* a daemon of the host's was asked, over a path socket */
	struct audit_attempt attempts[AUDIT_ATTEMPTS];
	size_t attempt_count;
	uint64_t attempted;			     /* all together */
	uint64_t unroutable;			     /* how often the kernel counted these as without a route, at most */
	struct audit_attempt allowed[AUDIT_ALLOWED]; /* let through */
	size_t allowed_count;
	uint64_t let_through; /* all together */
	enum egress_route way;
	char way_why[96]; /* why from nowhere, where that is not Portage's doing */
	uint64_t failed;  /* of those that a proxy was asked for */
	struct looked_up names_seen[AUDIT_NAMES];
	size_t name_count;
	uint64_t names_asked;
	uint64_t unreadable;	 /* calls whose address could not be read */
	struct program listener; /* who asked for a listener of its own */
	uint64_t listeners;
};

/* Makes an empty one that is shared with every later child. Returns NULL with errno. */
struct audit_table *audit_table_make(void);

/*
 * Counts one attempt; now is in microseconds of CLOCK_MONOTONIC. Where the table is full it is counted in the total alone.
 * Returns its row, or NULL where it got none, for audit_table_undo().
 */
struct audit_attempt *audit_table_attempt(struct audit_table *table, const struct destination *to, const struct program *who,
					  long long now);

/* The same for one that is let through; error is how it ended, 0 where it goes on. */
struct audit_attempt *audit_table_allowed(struct audit_table *table, const struct destination *to, const struct program *who,
					  int error, long long now);

/* Notes that the kernel may count what is no attempt. */
void audit_table_excuse(struct audit_table *table, const struct destination *to);

/* Takes back what was counted last in that row, since the call was not made after all. */
void audit_table_undo(struct audit_table *table, struct audit_attempt *row, const struct destination *to);

/* Counts one question for a name. */
void audit_table_name(struct audit_table *table, const char *name, uint16_t type, const struct program *who,
		      const struct parents *parents);

#endif
