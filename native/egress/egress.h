/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies the allow-list: makes the allowed connections of a phase that is in a network namespace. The watcher, outside this namespace,
 * connects a socket of its own and puts it in place of the phase's socket (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)). The new socket
 * belongs to the host's network. So the watcher refuses further calls on it or executes them itself (emulates them).
 */
#pragma once

#include <linux/seccomp.h>

#include "dns/dns_server.h"
#include "options/allow_list.h"
#include "util/events.h"
#include "target/request.h"

/* The state of the code that applies the allow-list, such as the pending calls, which are not answered yet (egress_internal.h). */
struct egress;

/* A system call of the phase on a socket. The calling thread waits until the watcher has checked the call against the allow-list and answered it. */
struct egress_call {
	struct target target;
	struct egress *egress;
	int fd;			  /* number of the socket's descriptor in the target, the calling thread */
	int socket;		  /* the watcher's duplicate of the target's socket; -1: the watcher has not duplicated it, or has closed the duplicate */
	unsigned long long inode; /* inode of the target's socket; if the descriptor fd later has another inode, a thread of the phase has replaced the socket */
	struct destination to;	  /* destination of the call; the member family is AF_UNSPEC if the call has no internet address or several */
};

enum egress_decision {
	EGRESS_CONTINUE, /* the caller must let the kernel continue the call unchanged */
	EGRESS_EMULATE,	 /* the caller must log the call and then call egress_emulate(), because another thread could change the descriptor or the arguments before the kernel continues the call */
	EGRESS_ANSWERED, /* the caller must do nothing: egress_handle() has answered the call, or events_handle_one() answers it later */
};

/* Creates the state for the allow-list, which is never freed, and logs the route (before Linux 5.14, ROUTE_NONE instead of ROUTE_DIRECT). epoll: the epoll instance of the watcher's main loop. socks: path of the SOCKS proxy's socket, used only for ROUTE_SOCKS. phase_is_root: true: the watcher lets the kernel continue calls on UNIX sockets; false: it may emulate these too. Returns NULL on failure. */
struct egress *egress_open(int epoll, const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root,
			   struct network_log *log);

/* Applies the allow-list to a call. Answers two kinds of calls: a connect(2) to an allowed destination, for which the watcher makes the connection, and a call that must be refused. For any other call, returns what the calling function must do. Never waits for the network. */
enum egress_decision egress_handle(struct egress_call *call, const struct request *request);

/* emulate.c: executes calls in place of the calling thread */

/*
 * Executes the call in place of the calling thread, on call->socket, and answers it, at once or later by a helper process. If the kernel continued
 * the call, it would read the descriptor and the arguments of socketcall(2) again, and another thread could have changed both after the check. A side
 * effect: the peer of a UNIX socket sees the watcher's ids (SO_PEERCRED). Returns true if the call is or will be answered, false if it has already ended.
 */
bool egress_emulate(const struct egress_call *call, const struct request *request);

/* pending.c: manages pending calls, which the watcher answers later */

/* Calls the handlers of pending calls whose time limit has passed, or whose thread has ended or received a signal. */
void egress_check_pending(struct egress *egress);

/* Called by a new thread of the watcher that replaces a stuck thread (watchdog.h). If the stuck thread was running the handler of a pending call, makes this call fail with EFAULT. Otherwise does nothing. */
void egress_abandon_pending(struct egress *egress);

/* dns_redirect.c: redirects DNS queries of a phase with a network namespace to the DNS server process of confine */

/* If the phase connects or sends to a name server in /etc/resolv.conf, the watcher replaces the socket with one in the DNS server's network namespace (dns_server.h), and lets the kernel continue the call. */
enum { DNS_SOCKETS = 1024,   /* maximum number of sockets of the DNS server's network that the watcher remembers; at the next query on an older socket, the watcher replaces that socket again */
       DNS_WAITING = 1024 }; /* maximum number of calls that wait for a socket; further queries are not redirected */

struct dns_redirect {
	int server; /* the watcher's end of the socket pair with the DNS server process; -1: there is no such socket pair, or dns_redirect_end() has been called */
	int timer;  /* timer (timerfd_create(2)) that limits the time until the next reply of the DNS server process; if it expires while a call waits, the redirection of queries ends */
	struct network_log *log;
	bool has_conf; /* true: the member conf contains the data of /etc/resolv.conf; false: the file has not been read yet */
	struct resolv_conf conf;
	unsigned long long sockets[DNS_SOCKETS]; /* ring buffer with the inodes of the sockets of the DNS server's network that the phase received last */
	size_t next_socket;
	struct seccomp_notif waiting[DNS_WAITING]; /* calls that wait for a socket, in the order in which the DNS server process replies */
	size_t waiting_count;
};

enum dns_redirection {
	DNS_NOT_REDIRECTED, /* the call keeps its socket: it does not go to a name server, or no other socket could be put in its place; the caller handles it as usual */
	DNS_REDIRECTED,	    /* the descriptor of the call now refers to a socket in the network namespace of the DNS server, because of this call or an earlier one */
	DNS_WAITS,	    /* the call waits for a socket from the DNS server process; the caller must handle it again after dns_redirect_take() */
};

/*
 * Redirects a call to a name server, unless it is an allowed TCP connection. reply: NULL for a new call: the function requests a socket of the DNS server's network if the call's
 * socket is not one. For a call that has waited, *reply is the socket from the DNS server process, which replaces the calling thread's socket; -1: the call keeps its socket.
 */
enum dns_redirection dns_redirect_query(struct dns_redirect *redirect, struct egress_call *call, const struct request *request, const struct allow *allow, const struct seccomp_notif *notification, const int *reply);

/* Removes the first of the waiting calls from redirect->waiting, stores it in *notification and returns true. Returns false if no call waits. */
bool dns_redirect_take(struct dns_redirect *redirect, struct seccomp_notif *notification);

/* Ends the redirection of queries, and logs the reason why DNS lookups are not watched any more, unless the log already has one. Does nothing if the redirection has already ended. */
void dns_redirect_end(struct dns_redirect *redirect, const char *reason);

/* Returns true if the destination is port 53 of a name server in /etc/resolv.conf. Returns false for any other destination, and for loopback if a program of the phase has bound port 53 there (log->phase_serves_names). */
bool dns_redirect_covers(struct dns_redirect *redirect, const struct destination *to);

/* Call before the kernel continues a bind(2). Ends the redirection of queries to loopback if /etc/resolv.conf has a name server on loopback and the target binds port 53 there, with CAP_NET_BIND_SERVICE, because the phase then runs a DNS server of its own. */
void dns_redirect_note_bind(struct dns_redirect *redirect, const struct target *target, const struct destination *address);

/* query_trap.c: answers DNS queries of a phase without a network namespace */

/*
 * Answers DNS queries in a phase with the network filter, where no network namespace can be made for the DNS server process. If a process
 * connects a UDP socket to a name server, the watcher replaces this socket with one that is connected to a socket of the watcher, the trap.
 * The watcher answers queries for names in the allow-list. After any other query, it logs the name and closes the trap. The process then gets
 * ECONNREFUSED, as from a host on which no name server runs.
 */
enum { QUERY_TRAPS = 64 }; /* maximum number of query traps, the sockets at which the watcher receives queries; a further one replaces the oldest trap, whose later queries fail and are not logged */

struct query_trap {
	struct event_source source; /* socket at which the watcher receives queries */
	int client;		    /* the watcher's descriptor of the socket that the phase got in place of its own, and that is connected to the socket in the member source; -1: the trap is closed */
	struct program program;
};

struct query_traps {
	int epoll;
	const struct allow *allow;
	struct network_log *log;
	struct query_trap traps[QUERY_TRAPS]; /* ring buffer; the member next is the index of the oldest trap, which the next new trap replaces */
	size_t next;
};

void query_traps_open(struct query_traps *traps, int epoll, const struct allow *allow, struct network_log *log);

/* Replaces the UDP socket of a connect(2) to a name server with one that is connected to a new trap, a socket at which the watcher receives the queries. family: address family of the address in the call. Returns true if the caller must answer the call with 0; returns false on failure, and the caller must then refuse the call. */
bool query_trap_set(struct query_traps *traps, const struct egress_call *call, int family);

/* Checks the DNS query of length bytes at the address data in the target's memory. Returns true if the name in the query is in the allow-list. Otherwise logs the query, if it can be read, and returns false. */
bool query_trap_log(struct query_traps *traps, const struct target *target, uint64_t data, size_t length);
