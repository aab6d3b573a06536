/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the allow-list that only native/egress/ and the fuzzers use. */
#ifndef EGRESS_INTERNAL_H
#define EGRESS_INTERNAL_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "egress/egress.h"

/* socks_reply.c: parses the two replies of the SOCKS proxy, first to the offer of no authentication and then to CONNECT, as one reply (RFC 1928, 3 and 6) */

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTHENTICATION = 0,
	SOCKS_IPV4 = 1,
	SOCKS_IPV6 = 4,
	SOCKS_REPLY = 2 + 4 + 16 + 2, /* length of the longest reply, in bytes */
};

/* Returns the length of the whole reply in bytes. Call it again whenever got, the number of received bytes, has changed: the result may grow up to SOCKS_REPLY. */
size_t socks_reply_length(const unsigned char *reply, size_t got);

/* Returns the result in a complete reply: 0, or an errno that connect(2) could return. */
int socks_reply_error(const unsigned char *reply);

/* Returns the address in a complete SOCKS5 reply (BND.ADDR): the local address of the socket that the proxy has connected. */
struct destination socks_reply_address(const unsigned char *reply);

/* pending.c: stopped calls that the watcher answers later */

enum pending_event {
	PENDING_READY,	 /* the descriptor for which the call waits is ready */
	PENDING_TIMEOUT, /* the time limit has passed */
	PENDING_SIGNAL,	 /* a signal interrupts the calling thread; answer with pending->interrupted */
	PENDING_GONE,	 /* the calling thread has ended; do not answer */
};

/* The state of a request to the SOCKS proxy. */
struct socks_exchange {
	unsigned char reply[SOCKS_REPLY];
	size_t got; /* number of bytes of the reply received so far */
	int taken;  /* duplicate of the proxy's TCP socket to the destination; -1: the watcher has not taken over that socket */
	bool relay; /* the proxy relays the data, because its socket must not be taken over */
};

struct pending_call;

/* Handles an event of a pending call. Returns true if the call stays pending, which is possible after PENDING_READY and PENDING_SIGNAL. */
typedef bool pending_handler(struct pending_call *pending, enum pending_event event);

struct pending_call {
	struct event_source source; /* descriptor that the call waits for; closed when the call is no longer pending */
	struct egress_call call;
	pending_handler *handler; /* NULL: the entry is free */
	long long deadline;	  /* end of the time limit, in microseconds of CLOCK_MONOTONIC; 0: no limit */
	int interrupted;	  /* errno with which the watcher answers a connect(2) that a signal interrupts */
	struct socks_exchange exchange;
};

/*
 * Adds a pending call. Calls handler when fd is ready for events (epoll_ctl(2)), when a signal interrupts the calling thread, when that thread
 * has ended and, if limited is true, after the time limit of connect(2). Closes fd when the call is no longer pending. On failure, returns NULL, sets errno and leaves fd open.
 */
struct pending_call *pending_add(const struct egress_call *call, int fd, uint32_t events, bool limited, pending_handler *handler);

/* Opens the timer that checks the pending calls. Returns false and sets errno on failure. */
bool pending_open(struct egress *egress);

/* socket.c */

enum { COPIED_OPTIONS = 18, /* room for the options that are copied to a socket of one family (socket_permit.c) */
       PENDING_CALLS = 1024 };

struct option_value {
	union {
		int number;
		struct linger linger;
		struct timeval time;
		char bytes[16];
	} value;
	socklen_t size; /* size of the value in bytes; 0: the kernel does not have this option */
};

struct egress {
	const struct allow *allow;
	enum egress_route route;
	const char *socks;
	struct network_log *log;
	bool connected; /* the phase has, or will have, a socket of the host's network */
	bool phase_is_root;
	bool descriptors_are_shared;			 /* processes of the phase share descriptors with each other */
	uint64_t host_network;				 /* number of the host's network namespace (SO_NETNS_COOKIE); 0: not known */
	bool has_defaults[2];				 /* true if defaults is set; [1] for AF_INET6, [0] for other families */
	struct option_value defaults[2][COPIED_OPTIONS]; /* values that the copied options have on a new socket */
	int epoll;
	struct event_source timer;
	struct pending_call calls[PENDING_CALLS];
	size_t count;		      /* number of entries in use in calls */
	struct pending_call *current; /* the call whose handler is running */
};

/* Returns the value of an option of type int, or -1 on failure. */
int socket_option(int fd, int level, int name);

/* Returns the address family of a socket, or -1 if fd is not a socket. */
int socket_family(int fd);

/* Returns true for a TCP socket, and for an MPTCP socket, which a TCP socket can replace. */
bool socket_is_tcp(int fd);

/* Returns true if a TCP socket is neither connected nor connecting nor listening. */
bool socket_is_idle(int fd);

/* Returns true if the phase has bound the socket to an address or a port. */
bool socket_is_bound(int fd);

bool socket_is_blocking(int fd);

/*
 * Copies the options that a program has set on one TCP socket (from) to another (to). Options that the kernel refuses, such as values above a
 * limit of the other network, stay unchanged. family: family of both sockets, or 0 if they differ. fresh: true if to is a new socket.
 */
void socket_copy_options(struct egress *egress, int from, int to, int family, bool fresh);

/*
 * Stores the network namespace of socket fd as the host's, unless one is already stored. fd -1: the network of the calling process. Returns false if another
 * network is stored, or if the network of the socket cannot be determined, as on Linux before 5.14.
 */
bool host_network_set(struct egress *egress, int fd);

/* Returns true if a socket, of any family, belongs to the host's network. */
bool host_network_has(const struct egress *egress, int fd);

/* emulate.c */

/* Returns true if the call must be emulated. If the kernel continued it, another thread could change the descriptor or the arguments first. */
bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/* replace.c */

/* Returns the flags of the calling thread's descriptor (O_CLOEXEC, O_NONBLOCK and others), or -1 if that descriptor is no longer the same socket. */
int descriptor_flags(const struct egress_call *call);

/*
 * Replaces the calling thread's socket with fd, keeps the close-on-exec flag, and moves the epoll registrations to fd. On failure, returns
 * false and sets errno, to EBADF if another thread has closed that socket.
 */
bool replace_socket(const struct egress_call *call, int fd);

/* socks.c: a SOCKS5 proxy on a UNIX socket (RFC 1928). Portage starts it for distcc; it is reachable after Portage has unshared the network. */

/*
 * Requests a connection from the proxy. Later, events_handle_one() calls egress_end_socks(), unless the target has ended. relay: the
 * proxy relays the data, and its socket is not taken over. Returns 0, or an errno if the request failed at once. Never waits.
 */
int socks_connect(const struct egress_call *call, bool relay);

/*
 * Answers a call that waited for the proxy. If error is 0, replaces the target's socket with fd, the TCP socket to the destination or, if
 * that is not available, the socket to the proxy. Otherwise the call fails with error. The caller closes fd afterwards.
 */
void egress_end_socks(const struct egress_call *call, int fd, int error);

#endif
