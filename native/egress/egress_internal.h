/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the code for allowed connections (egress) that only native/egress/ and the fuzzers use. */
#ifndef EGRESS_INTERNAL_H
#define EGRESS_INTERNAL_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "egress/egress.h"

/* socks_reply.c: parses the replies of a SOCKS5 proxy to the offer of authentication methods and to CONNECT (RFC 1928, 3 and 6). In socks_reply_*(), the reply is both together. */

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTHENTICATION = 0,
	SOCKS_IPV4 = 1,
	SOCKS_IPV6 = 4,
	SOCKS_REPLY = 2 + 4 + 16 + 2, /* length in bytes of the longest reply, one with an IPv6 address */
};

/* Returns the length of the reply in bytes, as far as the first got bytes show it: when more bytes have arrived, the result may be larger, up to SOCKS_REPLY. */
size_t socks_reply_length(const unsigned char *reply, size_t got);

/* Returns the result code of a complete reply as an errno: 0 if the proxy has connected, otherwise an errno with which the phase's connect(2) fails. */
int socks_reply_error(const unsigned char *reply);

/* Returns the address in a complete reply (BND.ADDR): the local address of the socket that the proxy has connected to the destination. */
struct destination socks_reply_address(const unsigned char *reply);

/* pending.c: manages pending calls, the system calls of the phase that the watcher has received and will answer later */

enum { CALL_PENDING = -1 }; /* result of a function that has added a pending call; other results are the errno for the answer, or 0 */

enum pending_event {
	PENDING_READY,	 /* the descriptor in pending->source is ready */
	PENDING_TIMEOUT, /* the time limit pending->deadline has passed */
	PENDING_SIGNAL,	 /* a signal interrupts the calling thread; pending->handler may make the call fail with pending->interrupted */
	PENDING_GONE,	 /* the calling thread has ended, so pending->handler must not answer the call */
};

/* The state of one connection to the SOCKS proxy. */
struct socks_exchange {
	unsigned char reply[SOCKS_REPLY];
	size_t got; /* number of bytes in reply that have arrived so far */
	int taken;  /* duplicate of the proxy's TCP socket to the destination; -1: the watcher has not taken over that socket */
	bool relay; /* true if the watcher must not take over the proxy's TCP socket, so that the proxy relays the data of the connection */
};

struct pending_call;

/* Handles an event of a pending call. Returns true to keep the call pending, which is possible after PENDING_READY and PENDING_SIGNAL. Returns false to remove it. */
typedef bool pending_handler(struct pending_call *pending, enum pending_event event);

struct pending_call {
	struct event_source source; /* descriptor whose events the watcher waits for; closed when the call is no longer pending */
	struct egress_call call;
	pending_handler *handler; /* function that handles the events of this call; NULL: the entry is free */
	long long deadline;	  /* time at which the handler gets PENDING_TIMEOUT, in microseconds of CLOCK_MONOTONIC; 0: never */
	int interrupted;	  /* errno with which the call fails if a signal interrupts it */
	struct socks_exchange exchange;
};

/* Adds a pending call. The watcher calls handler for each enum pending_event. events: those of fd that mean PENDING_READY. limited: true if connect(2)'s time limit applies (SO_SNDTIMEO). On failure, returns NULL and leaves fd open. */
struct pending_call *pending_add(const struct egress_call *call, int fd, uint32_t events, bool limited, pending_handler *handler);

/* Opens the timer by which the watcher checks the pending calls regularly. */
bool pending_open(struct egress *egress);

/* socket.c: reads and replaces sockets */

enum { COPIED_OPTIONS = 21, /* maximum number of options that are copied to a socket of one family (socket_permit.c) */
       PENDING_CALLS = 1024 /* maximum number of pending calls; a further call fails with EAGAIN */ };

struct option_value {
	union {
		int number;
		struct linger linger;
		struct timeval time;
		char bytes[16];
	} value;
	socklen_t size; /* size of the option's value in bytes; 0: getsockopt(2) failed, for example because the kernel does not have the option */
};

struct egress {
	const struct allow *allow;
	enum egress_route route;
	const char *socks;
	struct network_log *log;
	bool connected; /* true after the first connect(2) to an allowed destination: the phase has or gets a socket of the host's network, so the watcher must not disable the allow-list any more */
	bool phase_is_root;
	bool descriptors_are_shared;			 /* true if processes of the phase share descriptors (CLONE_FILES without CLONE_THREAD); calls of single-threaded processes are then emulated too */
	uint64_t host_network;				 /* cookie that identifies the host's network namespace (SO_NETNS_COOKIE); 0: not known */
	bool has_defaults[2];				 /* each element is true if the element of defaults with the same index is set; index: 1 for AF_INET6, 0 for other families */
	struct option_value defaults[2][COPIED_OPTIONS]; /* values of the copied options on a new socket; only options with other values are copied */
	int epoll;
	struct event_source timer;
	struct pending_call calls[PENDING_CALLS];
	size_t count;		      /* number of pending calls in the member calls */
	struct pending_call *current; /* pending call whose handler is running; NULL: none */
};

/* Returns the value of a socket option of type int, or -1 on failure. */
int socket_option(int fd, int level, int name);

/* Returns the address family of the socket fd, or -1 if fd is not a socket. */
int socket_family(int fd);

/* Returns true for a TCP socket, and for an MPTCP socket, because the watcher can replace that with a TCP socket. */
bool socket_is_tcp(int fd);

/* Returns true if the TCP socket fd is in the state TCP_CLOSE: not connected, not connecting and not listening. */
bool socket_is_idle(int fd);

/* Returns true if a process of the phase has bound the socket to an address or a port. The watcher then does not replace the socket. */
bool socket_is_bound(int fd);

bool socket_is_blocking(int fd);

/* Copies the options that a program has set, except those that the kernel refuses, such as a value above a limit. family: of both sockets; 0: theirs differ. egress: has the defaults if the socket to is new; else NULL. */
void socket_copy_options(struct egress *egress, int from, int to, int family);

/* Stores the network namespace of the socket fd as that of the host, if none is stored yet. Returns false if another one is stored, or if the kernel does not report it, as on Linux before 5.14. */
bool host_network_set(struct egress *egress, int fd);

/* Returns true if the socket fd, of any family, belongs to the host's network namespace. */
bool host_network_has(const struct egress *egress, int fd);

/* Returns the flags of the descriptor call->fd in the calling thread (O_CLOEXEC, O_NONBLOCK and others). Returns -1 if this descriptor no longer refers to the socket of the call. */
int descriptor_flags(const struct egress_call *call);

/* Puts fd in place of the thread's socket, with the same number, close-on-exec flag and epoll registrations, and these file status flags. On failure, returns false and sets errno: EBADF: the old socket is closed. */
bool replace_socket(const struct egress_call *call, int fd, int flags);

/* connect.c: connects sockets to allowed destinations in place of the phase */

/* Connects fd. Puts it in place of the target's socket when the connection is complete or, if that socket is nonblocking, at once, unless connecting fails. Returns the result of connect(2), or CALL_PENDING. */
int connect_and_replace(const struct egress_call *call, int family, int fd);

/* Answers a connect(2) that waited for the proxy. If error is 0, replaces the target's socket with fd, a TCP socket to the destination or to the relaying proxy. Otherwise the call fails. The caller closes fd. */
void connect_end_socks(const struct egress_call *call, int fd, int error);

/* emulate.c: executes calls in place of the calling thread */

/* Returns true if the watcher must execute the call itself, because another thread could change its descriptor or arguments before the kernel continues it. */
bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/* socks.c: client of a SOCKS5 proxy on a UNIX socket (RFC 1928). Portage starts this proxy for distcc. It gives access to the host's network after Portage has unshared the network. */

/* Requests a connection from the proxy and makes the call pending. relay: true if the proxy must relay the data and keep its TCP socket. Returns CALL_PENDING, or an errno if the request failed. */
int socks_connect(const struct egress_call *call, bool relay);

#endif
