/* Parts of the allow-list that only native/egress/ uses (and the fuzzers). */
#ifndef EGRESS_INTERNAL_H
#define EGRESS_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "egress/egress.h"
#include "util/events.h"

/* socks_reply.c: the reply to "no authentication" and CONNECT, sent together (RFC 1928, 3 and 6) */

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTHENTICATION = 0,
	SOCKS_IPV4 = 1,
	SOCKS_IPV6 = 4,
	SOCKS_REPLY = 2 + 4 + 16 + 2, /* the longest reply, in bytes */
};

/* The length of a reply of which the first got bytes are known; SOCKS_REPLY at most. */
size_t socks_reply_length(const unsigned char *reply, size_t got);

/* The result in a complete reply: 0, or an errno as of connect(2). */
int socks_reply_error(const unsigned char *reply);

/* The address in a complete reply: the local address of the proxy's TCP socket. */
struct destination socks_reply_address(const unsigned char *reply);

/* pending.c: stopped calls that the watcher answers later */

enum pending_event {
	PENDING_READY,	 /* the descriptor is ready */
	PENDING_TIMEOUT, /* the time limit has passed */
	PENDING_SIGNAL,	 /* a signal interrupts the calling thread: answer with pending->interrupted */
	PENDING_GONE,	 /* the calling thread has ended: do not answer */
};

/* A request to the SOCKS proxy. */
struct socks_exchange {
	unsigned char reply[SOCKS_REPLY];
	size_t got;
	int taken;  /* a duplicate of the proxy's TCP socket; -1: not yet */
	bool relay; /* do not take over the proxy's socket; the proxy relays the data */
};

struct pending_call;

/* Returns whether the call stays pending, which is possible after PENDING_READY and PENDING_SIGNAL. */
typedef bool pending_handler(struct pending_call *pending, enum pending_event event);

struct pending_call {
	struct event_source source; /* closed when the call is no longer pending */
	struct egress_call call;
	pending_handler *handler; /* NULL: the entry is free */
	long long deadline;	  /* microseconds of CLOCK_MONOTONIC; 0: none */
	int interrupted;	  /* the error of a connect(2) that a signal interrupts */
	struct socks_exchange exchange;
};

/*
 * Calls handler when fd is ready for events (epoll_ctl(2)), when a signal interrupts the calling thread, when that thread has ended and, if
 * limited, after the time limit of connect(2). Takes ownership of fd. Returns NULL and sets errno on failure; fd is then still the caller's.
 */
struct pending_call *pending_add(const struct egress_call *call, int fd, uint32_t events, bool limited, pending_handler *handler);

/* Opens the timer. Returns false and sets errno on failure. */
bool pending_open(struct egress *egress);

/* socket.c */

enum { COPIED_OPTIONS = 18, /* at least those of one family (socket_permit.c) */
       PENDING_CALLS = 1024 };

struct option_value {
	union {
		int number;
		struct linger linger;
		struct timeval time;
		char bytes[16];
	} value;
	socklen_t size; /* 0: the kernel does not have this option */
};

struct egress {
	const struct allow *allow;
	enum egress_route route;
	const char *socks;
	struct network_log *log;
	bool connected; /* the phase has a socket of the host's network, or will have one */
	bool phase_is_root;
	bool descriptors_are_shared; /* between processes of the phase */
	uint64_t host_network;	     /* cookie of the host's network (SO_NETNS_COOKIE); 0: not known */
	bool has_defaults[2];	     /* for AF_INET and AF_INET6 */
	struct option_value defaults[2][COPIED_OPTIONS];
	int epoll;
	struct event_source timer;
	struct pending_call calls[PENDING_CALLS];
	size_t count;
	struct pending_call *current; /* the call whose handler is running */
};

/* The value of an int option, or -1. */
int socket_option(int fd, int level, int name);

/* The address family of a socket, or -1. */
int socket_family(int fd);

/* Whether it is a TCP socket, or an MPTCP socket, which a TCP socket can replace. */
bool socket_is_tcp(int fd);

/* Whether a TCP socket is neither connected nor connecting nor listening. */
bool socket_is_idle(int fd);

/* Whether it is bound to an address or a port. */
bool socket_is_bound(int fd);

bool socket_is_blocking(int fd);

/* Writes an address for a socket of that family; an IPv4 address becomes IPv4-mapped for AF_INET6. Returns its length. */
socklen_t socket_address(const struct destination *to, int family, union socket_address *address);

/*
 * Copies the options that were set on one TCP socket to another. Options that the kernel refuses, such as values above a limit
 * of the other network, stay unchanged. family is that of both, or 0 if they differ. fresh: to is a new socket, on which no option was set yet.
 */
void socket_copy_options(struct egress *egress, int from, int to, int family, bool fresh);

/*
 * Stores the network of a socket (-1: of the calling process) as the host's, if none is stored. Returns false if another network is
 * stored, or if the socket's network is unknown, as on Linux before 5.14.
 */
bool host_network_set(struct egress *egress, int fd);

/* Whether a socket of any family belongs to the host's network. */
bool host_network_has(const struct egress *egress, int fd);

/* emulate.c */

/* Whether the kernel must not continue this call because it would look up the descriptor or read the arguments again. */
bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/* replace.c */

/*
 * Puts fd in place of the calling thread's socket, with its close-on-exec flag, and moves its epoll registrations. Returns false and sets
 * errno; EBADF if another thread has closed that socket.
 */
bool replace_socket(const struct egress_call *call, int fd);

/* socks.c: a SOCKS5 proxy on a UNIX socket (RFC 1928). Portage starts it for distcc; it is reachable after Portage has unshared the network. */

/*
 * Requests a connection from the proxy. Calls egress_end_socks() from events_handle_one(), unless the target has ended. relay: do not take
 * over the proxy's socket; the proxy relays the data. Returns 0, or an errno if the request failed at once. Never waits.
 */
int socks_connect(const struct egress_call *call, bool relay);

/*
 * Answers a call with error 0 and a socket, which is closed afterwards, or with an errno. The socket is the TCP socket to the
 * destination or, if that is not available, the one to the proxy.
 */
void egress_end_socks(const struct egress_call *call, int fd, int error);

#endif
