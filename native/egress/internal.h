/* Parts of the allow-list that only native/egress/ uses (and the fuzzers). */
#ifndef EGRESS_INTERNAL_H
#define EGRESS_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "egress/egress.h"

/* answer.c */

/* Answers a call that returns a number. */
void answer_with_count(const struct egress_call *call, long count);

/*
 * Puts fd in place of the target's socket, with its close-on-exec flag, and moves its epoll registrations. Returns false and sets
 * errno; EBADF if another thread has closed the target's socket.
 */
bool answer_replace_socket(const struct egress_call *call, int fd);

/* fdinfo.c: /proc/TID/fdinfo/FD (proc(5)) */

/* O_CLOEXEC or 0, as in the text; -1 if the text is about another inode. */
int fdinfo_close_on_exec(const char *text, unsigned long long inode);

/* Whether a line describes an epoll registration of the descriptor fd with that inode. Fills in event. */
bool fdinfo_has_registration(const char *line, int fd, unsigned long long inode, struct epoll_event *event);

/* pending.c: calls that are answered later, while the target waits */

enum pending_event {
	PENDING_READY,	 /* the descriptor is ready */
	PENDING_TIMEOUT, /* the time limit has passed */
	PENDING_SIGNAL,	 /* a signal interrupts the target: answer with call->interrupted */
	PENDING_GONE,	 /* the target has ended: do not answer */
};

/* Returns whether the call stays pending, which is possible after PENDING_READY and PENDING_SIGNAL. */
typedef bool pending_handler(const struct egress_call *call, int fd, enum pending_event event);

/*
 * Calls handler once fd is ready for events (poll(2)), after a number of microseconds (0: never), or when the target is interrupted or gone.
 * Takes ownership of fd. Returns false and sets errno on failure; fd is then still the caller's.
 */
bool pending_add(const struct egress_call *call, int fd, short events, long long microseconds, pending_handler *handler);

/* The error of a connect(2) on that socket that is interrupted by a signal. */
int pending_interrupt_error(int socket);

/* emulate.c */

/* Whether the kernel must not continue this call because it would look up the descriptor or read the arguments again. */
bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/* phase_is_root: the phase runs as root. */
void emulate_open(bool phase_is_root);

/* socket.c */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
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

/* The time limit of connect(2) in microseconds; 0: none (socket(7), SO_SNDTIMEO). */
long long socket_connect_timeout(int fd);

/* Writes an address for a socket of that family; an IPv4 address becomes IPv4-mapped for AF_INET6. Returns its length. */
socklen_t socket_address(const struct destination *to, int family, union address *address);

/*
 * Copies the options that were set on one TCP socket to another. Options that the kernel refuses, such as values above a limit
 * of the other network, stay unchanged. family is that of both, or 0 if they differ. fresh: no option was set on to yet.
 */
void socket_copy_options(int from, int to, int family, bool fresh);

/*
 * Takes the network of a socket (-1: of the calling process) as the host's. Returns false if another network was taken before,
 * or if Linux before 5.14 cannot tell the networks of sockets apart.
 */
bool host_network_set(int fd);

/* Whether a socket of any family belongs to the host's network. */
bool host_network_has(int fd);

/* socks.c: a SOCKS5 proxy on a UNIX socket (RFC 1928). Portage starts it for distcc; it is reachable after Portage has unshared the network. */

/*
 * Called once, with error 0 and a socket, which is closed afterwards, or with an errno. The socket is the TCP socket to the
 * destination or, if that is not available, the one to the proxy. The handler answers the call.
 */
typedef void socks_handler(const struct egress_call *call, int fd, int error);

/*
 * Requests a connection from the proxy at that path. handler is called from egress_serve_pending(), unless the target has gone.
 * Returns 0, or an errno if the request failed at once. Never waits.
 */
int socks_connect(const char *path, const struct egress_call *call, socks_handler *handler);

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

#endif
