/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the code for allowed connections (egress) that only native/egress/ and the fuzzers use. */
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include "egress/egress.h"

/* socks_reply.c: parses the replies of a SOCKS5 proxy to the offer of authentication methods and to CONNECT (RFC 1928, 3 and 6). The parameter reply of the functions socks_reply_*() has both replies, one after the other. */

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTHENTICATION = 0,
	SOCKS_IPV4 = 1,
	SOCKS_IPV6 = 4,
	SOCKS_REPLY = 2 + 4 + 16 + 2, /* length in bytes of both replies, one after the other, if the second has an IPv6 address */
};

/* Returns the total number of bytes of the replies that the caller must read before it continues: 6 if got, the number of bytes read so far, is less than 6; otherwise the length of both replies, which depends on the address type in the first 6 bytes. */
size_t socks_reply_length(const unsigned char *reply, size_t got);

/* Returns the result code of a complete reply as an errno: 0 if the proxy has connected, otherwise an errno with which the phase's connect(2) fails. */
int socks_reply_error(const unsigned char *reply);

/* Returns the address in a complete reply (BND.ADDR): the local address of the socket that the proxy has connected to the destination. */
struct destination socks_reply_address(const unsigned char *reply);

/* pending.c: manages pending calls, the system calls of the phase that the watcher has received and will answer later */

enum { CALL_PENDING = -1 }; /* result of a function that has made the call pending, so that the watcher answers it later; any other result is the errno, or 0, with which the caller must answer the call now */

enum pending_event {
	PENDING_READY,	 /* the descriptor pending->source.fd has one of the epoll events for which pending_add() registered it */
	PENDING_TIMEOUT, /* the time limit pending->deadline has passed */
	PENDING_SIGNAL,	 /* a signal that the calling thread does not block is pending; the handler answers the call with pending->interrupted, or ignores the signal */
	PENDING_GONE,	 /* the call has ended, for example because its thread was killed; the handler must not answer the call */
};

/* The state of one connection to the SOCKS proxy. */
struct socks_exchange {
	unsigned char reply[SOCKS_REPLY];
	size_t got; /* how many bytes of the proxy's reply have arrived so far; they are stored in the array reply */
	int taken;  /* the watcher's duplicate of the proxy's TCP socket to the destination, which the phase gets; -1: the proxy's reply is not complete yet, or there is no duplicate, so the proxy relays the data */
	bool relay; /* true: the phase gets the UNIX socket to the proxy, which relays the data; false: if possible, the phase gets a duplicate of the proxy's TCP socket to the destination instead */
};

struct pending_call;

/* Handles an event of a pending call. Returns true to keep the call pending, which is possible after PENDING_READY and PENDING_SIGNAL. Returns false if the call is answered or has ended; pending.c then removes it. */
typedef bool pending_handler(struct pending_call *pending, enum pending_event event);

struct pending_call {
	struct event_source source; /* descriptor whose events the watcher waits for; closed when the call is no longer pending */
	struct egress_call call;
	pending_handler *handler; /* function that handles the events of this call; NULL: the entry is free */
	long long deadline;	  /* time at which the handler gets PENDING_TIMEOUT, in microseconds of CLOCK_MONOTONIC; 0: never */
	int interrupted;	  /* errno of the answer if a signal interrupts the call: EINTR, or RESTART (pending.c), which lets the kernel restart the call after the signal handler */
	struct socks_exchange exchange;
};

/* Makes a call pending and returns its entry, which owns fd from then on. handler: called for each event of the call. events: epoll events of fd that mean PENDING_READY. limited: true: SO_SNDTIMEO of call->socket limits the time (PENDING_TIMEOUT); false: no time limit. On failure, returns NULL and leaves fd open. */
struct pending_call *pending_add(const struct egress_call *call, int fd, uint32_t events, bool limited, pending_handler *handler);

/* Opens the timer by which the watcher checks the pending calls regularly (egress_check_pending()). Returns false on failure. */
bool pending_open(struct egress *egress);

/* socket.c: reads and replaces sockets */

enum { COPIED_OPTIONS = 21, /* maximum number of options copied from the phase's socket to its replacement (seccomp/socket_permit.c): 7 of SOL_SOCKET, 9 of TCP, 5 of IPv6 or 4 of IPv4 */
       PENDING_CALLS = 1024 /* maximum number of pending calls; a further call fails with EAGAIN */ };

struct option_value {
	char value[16]; /* room for the longest values: a struct timeval and a name of TCP_CA_NAME_MAX bytes */
	socklen_t size; /* size of the option's value in bytes; 0: getsockopt(2) failed, for example because the kernel does not have the option */
};

struct egress {
	const struct allow *allow;
	enum egress_route route;
	const char *socks;
	struct network_log *log;
	bool connected; /* true after the first connect(2) to an allowed destination: the phase may have a socket of the host's network, so the watcher refuses a call whose socket it cannot inspect; false: the watcher lets the kernel continue such a call, and stops making connections for the phase */
	bool phase_is_root;
	bool descriptors_are_shared;			 /* true after a clone(2) with CLONE_FILES and without CLONE_THREAD: processes may share descriptors, so the watcher also emulates calls of single-threaded processes; false: it emulates only those of multi-threaded processes and those by socketcall(2) */
	uint64_t host_network;				 /* cookie that identifies the host's network namespace (SO_NETNS_COOKIE); 0: not known, because Linux is older than 5.14 or, with ROUTE_SOCKS, the watcher has not duplicated a socket of the proxy yet */
	bool has_defaults[2];				 /* index: 1 for AF_INET6, 0 for other families; true: the element of defaults with this index is set; false: the watcher has not connected a socket of this family yet */
	struct option_value defaults[2][COPIED_OPTIONS]; /* values that the options have on a new socket; first index: 1 for AF_INET6, 0 for other families; socket_copy_options() copies only options with other values */
	int epoll;
	struct event_source timer;
	struct pending_call calls[PENDING_CALLS];
	size_t count;		      /* number of pending calls in the array `calls` */
	struct pending_call *current; /* pending call whose handler is running; NULL: none */
};

/* Returns the value of a socket option of type int, or -1 on failure. */
int socket_option(int fd, int level, int name);

/* Returns the address family of the socket fd, or -1 if fd is not a socket. */
int socket_family(int fd);

/* Returns true for a TCP socket, and for an MPTCP socket, because the watcher can replace that with a TCP socket. Returns false for any other file. */
bool socket_is_tcp(int fd);

/* Returns true if the TCP socket fd is in the state TCP_CLOSE: not connected, not connecting and not listening. Returns false in any other state, and for other files. */
bool socket_is_idle(int fd);

/* Returns true if a process of the phase has bound the socket fd to an address or a port, or if this is unknown. The watcher then refuses to connect the socket to an allowed destination. */
bool socket_is_bound(int fd);

bool socket_is_blocking(int fd);

/* Copies the COPIED_OPTIONS and the buffer sizes that a program has set on the socket `from` to the socket `to`, except values that the kernel refuses. family: address family of both sockets; 0: the families differ, so options of IP and IPv6 are not copied. egress: NULL: reads the previous values of `to` each time; otherwise `to` must be new, and its values are read only for the first socket of each family (egress->defaults). */
void socket_copy_options(struct egress *egress, int from, int to, int family);

/* Stores the network namespace of the socket fd as that of the host, if none is stored yet. Returns true if the stored namespace is that of fd; false if fd is in another namespace, or if the kernel does not report its namespace (Linux before 5.14). */
bool host_network_set(struct egress *egress, int fd);

/* Returns true if the socket fd, of any family, belongs to the host's network namespace. Returns false if it does not, or if egress->host_network is 0 (not known). */
bool host_network_has(const struct egress *egress, int fd);

/* Returns the flags of the descriptor call->fd in the calling thread (O_CLOEXEC, O_NONBLOCK and others). Returns -1 if this descriptor no longer refers to the socket of the call, or if the call has ended. */
int descriptor_flags(const struct egress_call *call);

/* Replaces the target's socket by the socket fd. Keeps the descriptor number, the close-on-exec flag and, if flags has O_NONBLOCK, epoll registrations (at most 8). flags: file status flags that fd gets. Does not close fd. On failure, returns false and sets errno, to EBADF if the target has closed its socket or the call has ended. */
bool replace_socket(const struct egress_call *call, int fd, int flags);

/* connect.c: connects sockets to allowed destinations in place of the phase */

/* Connects the watcher's socket fd, of this address family, to the destination of the call. Replaces the target's socket by fd: when fd is connected if the target's socket is blocking, otherwise at once; never if connecting fails. Returns CALL_PENDING if the call waits for the connection, otherwise the result of the call: 0 or an errno. Does not close fd. */
int connect_and_replace(const struct egress_call *call, int family, int fd);

/* Answers a connect(2) that waited for the proxy. error: 0: fd, a TCP socket to the destination or a UNIX socket to the relaying proxy, replaces the target's socket; an errno: the call fails with it. Does not close fd. */
void connect_end_socks(const struct egress_call *call, int fd, int error);

/* emulate.c: executes calls in place of the calling thread */

/* Returns true if the watcher must execute the call itself, because another thread could change its descriptor or arguments before the kernel continues it. Returns false if the kernel may continue the call. */
bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/* socks.c: client of a SOCKS5 proxy on a UNIX socket (RFC 1928). Portage starts this proxy for distcc, which needs the host's network after Portage has unshared the network. */

/* Requests a connection from the proxy and makes the call pending. relay: true: the phase gets the UNIX socket to the proxy, which relays the data; false: the phase gets a duplicate of the proxy's TCP socket, if possible. Returns CALL_PENDING, or an errno if the request cannot be sent. */
int socks_connect(const struct egress_call *call, bool relay);
