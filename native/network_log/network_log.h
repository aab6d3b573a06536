/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of a phase's network use, in shared memory. The watcher writes it, but if there is a DNS server process, that process writes the lookups.
 * The supervisor reads a copy (network_log_copy()). If a table is full, further entries count in the totals only. Flags have the type uint8_t,
 * because reading a bool is undefined behaviour if a hostile watcher has stored another value than 0 or 1.
 */
#pragma once

#include "target/target.h"
#include "util/destination.h"

enum {
	LOG_ROWS = 256,		       /* maximum number of rows in LOG_ATTEMPTS and in LOG_LOOKUPS; further entries count in the total only */
	LOG_FEW_ROWS = 64,	       /* maximum number of rows in LOG_ALLOWED and in LOG_SOCKETS; further entries count in the total only */
	LOG_ATTEMPTS_BY_COMMAND = 192, /* of the table LOG_ATTEMPTS, this number of rows count the attempts of one command line each; when they are full, each further row counts the attempts of one program with any command line */
	LOG_NAME = 256,		       /* room for the name or path in a row, in bytes */
};

enum log_table {
	LOG_ATTEMPTS, /* connection attempts */
	LOG_ALLOWED,  /* connections to destinations in the allow-list */
	LOG_LOOKUPS,  /* DNS queries */
	LOG_SOCKETS,  /* connections and datagrams to UNIX sockets of the host */
	LOG_TABLES,
};

/* Counts what one program, or for attempts one command line, has done with one destination, name or socket. */
struct log_row {
	uint64_t key; /* identifies the row: hash of the program or its command line, and of the destination, name or socket */
	struct program program;
	uint64_t count;
	struct destination to; /* for LOG_ATTEMPTS and LOG_ALLOWED: destination of the connections that the row counts */
	long long first, last; /* for LOG_ATTEMPTS and LOG_ALLOWED: time of the first and the last connection that the row counts, in microseconds of CLOCK_MONOTONIC */
	uint64_t failed;       /* for LOG_ALLOWED: how many of the connections in the member count failed at once */
	uint8_t bound;	       /* for LOG_ATTEMPTS: 1 if the destination is allowed, but the watcher refused the connection because the socket was bound to an address or port; 0: any other attempt */
	uint8_t refused;       /* for LOG_SOCKETS: 1: the watcher refuses the connections and datagrams to this socket (--own-sockets); 0: it only logs them */
	uint16_t type;	       /* for LOG_LOOKUPS: record type that the query asks for (RFC 1035, 3.2.2) */
	unsigned query_id;     /* for LOG_LOOKUPS: ID in the DNS header of the last query for this name, to recognize a repeated query */
	char name[LOG_NAME];   /* for LOG_LOOKUPS: name that the query asks for, as printable text (struct dns_question); for LOG_SOCKETS: path of the socket */
};

/* How the allowed connections of a phase reach the host's network. */
enum egress_route {
	ROUTE_DIRECT,	/* the watcher connects to the destination, because it runs in the host's network; with the network filter, the phase itself connects */
	ROUTE_SOCKS,	/* the watcher connects through Portage's SOCKS proxy, because Portage started confine in a network namespace */
	ROUTE_NONE,	/* no route: allowed connections fail like all others */
	ROUTE_UNNEEDED, /* the phase connects without the watcher, because its network is not isolated */
};

enum watched {
	WATCHED_NOT_YET,
	WATCHED_YES,
	WATCHED_NO,
};

/* Whether system calls (`calls` in struct network_log) or DNS lookups (`names`) are watched, and why not. */
struct watch_status {
	enum watched watched;
	char reason[64]; /* reason why system calls or DNS lookups are not watched; set if watched is WATCHED_NO */
	int error;	 /* errno that belongs to reason; 0: none */
};

struct network_log {
	struct watch_status calls;  /* system calls: WATCHED_YES after the seccomp listener is installed; WATCHED_NO if this has failed */
	uint8_t setuid_inert;	    /* 1: confine has set no_new_privs to install the seccomp filter, so that set-user-ID programs of the phase get no privileges; 0: confine has not set it, or it was already set */
	struct watch_status names;  /* DNS lookups: WATCHED_YES while they can be logged; WATCHED_NO after the DNS server process failed to start or ended */
	uint8_t phase_serves_names; /* 1 if a program of the phase has bound port 53 of loopback, and /etc/resolv.conf has a name server on loopback; lookups at loopback are then not logged; 0: otherwise */

	uint64_t unroutable; /* highest number of packets without a route that the calls seen by the watcher can cause; if the kernel counts more, some attempts, such as those of io_uring, did not pass the watcher */

	enum egress_route route;
	char route_reason[96];	 /* reason why route is ROUTE_NONE; "" if the reason is that Portage has isolated the network and runs no SOCKS proxy */
	uint64_t allowed_failed; /* number of allowed connections that failed after network_log_add_allowed() had counted them as successful */

	uint64_t unreadable;		 /* number of calls whose addresses the watcher could not read from memory */
	int unreadable_errno;		 /* errno of the first failure to read addresses; 0: none; EFAULT and ESRCH are not stored, because the call then reaches no destination either */
	struct program listener_program; /* program of the phase that was the last to request a seccomp listener of its own */
	uint64_t listener_calls;	 /* number of times that programs of the phase requested a seccomp listener; the kernel refuses a second listener with EBUSY */

	/* The tables, indexed by enum log_table. They are the last member, because network_log_copy() copies only those rows of each table that are in use. */
	struct {
		uint64_t total; /* number of all counted events, including those that have no row because the table was full */
		size_t count;	/* number of rows in use, which are the first ones of the member rows */
		struct log_row rows[LOG_ROWS];
	} tables[LOG_TABLES];
};

/* For the supervisor: copies the log. Row counts, strings, lengths and the route in the copy are within their limits, even if a hostile watcher writes arbitrary bytes during the call. */
void network_log_copy(struct network_log *copy, const struct network_log *shared);

/* Sets status->watched to WATCHED_NO and stores the reason why system calls or DNS lookups are not watched. error: errno that belongs to the reason; 0: none. */
void watch_status_set_no(struct watch_status *status, const char *reason, int error);

/* Counts one connection attempt of the target. Returns the row that counts the attempt, or NULL if there is no such row and the table is full: the attempt then counts only in the total. */
struct log_row *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct target *target);

/* Subtracts one attempt from the counts. Used if the call ended before the kernel executed it. row: the result of network_log_add_attempt(); NULL: only the total counts the attempt. */
void network_log_remove_attempt(struct network_log *log, struct log_row *row, const struct destination *to);

/* Counts one allowed connection of the target. failed: true if it failed at once; false: it is established or still being made. program: result of target_program() before the watcher has made the connection. */
void network_log_add_allowed(struct network_log *log, const struct destination *to, const struct target *target, const struct program *program, bool failed);

/* Returns the row with this key in the table, or NULL if there is none. */
struct log_row *network_log_find(struct network_log *log, enum log_table table, uint64_t key);

/* Adds a copy of row to the table. Returns the added row, or NULL if the table is full. */
struct log_row *network_log_add(struct network_log *log, enum log_table table, const struct log_row *row);

/* For a call to this destination that is not logged as an attempt: increases log->unroutable by the highest number of packets without a route that the call can cause. */
void network_log_add_unroutable(struct network_log *log, const struct destination *to);

/* Counts a call whose addresses the watcher could not read. error: the errno of reading. If error is 0, counts nothing. */
void network_log_add_unreadable(struct network_log *log, int error);

/* Counts one DNS query. Ignores the query if the last query of this program for this name and type had the same ID, because it is then a repetition, to another server or after a failure. */
void network_log_add_lookup(struct network_log *log, const char *name, uint16_t type, unsigned query_id, const struct program *program);

/* Removes the lookups of this name and type by this program, if there are any, from the table and from the total. */
void network_log_remove_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program);

bool network_log_has_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program);
