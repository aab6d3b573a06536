/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies the allow-list. The watcher connects to allowed destinations in its own network, and replaces the socket of the phase with the
 * connected one (SECCOMP_ADDFD_FLAG_SETFD in seccomp_unotify(2)). The new socket belongs to the host's network and must lead only to
 * allowed destinations, so further calls on it are refused or emulated.
 */
#ifndef EGRESS_H
#define EGRESS_H

#include <linux/seccomp.h>

#include "dns/dns_server.h"
#include "options/allow_list.h"
#include "util/events.h"
#include "watcher/request.h"

/* The state of the allow-list: its options, the pending calls, and what is known about the sockets of the phase. */
struct egress;

/* A stopped call on a socket, about which the allow-list decides. */
struct egress_call {
	struct target target;
	struct egress *egress;
	int fd;
	int socket;		  /* a duplicate of the descriptor fd of the target, or -1 */
	unsigned long long inode; /* inode of the socket, which shows later whether fd still is the same socket */
	struct destination to;	  /* destination of the call; its family is AF_UNSPEC if it is not an internet address */
};

enum egress_decision {
	EGRESS_CONTINUE,	/* let the kernel continue the call */
	EGRESS_EMULATE,		/* call egress_emulate(), because it is not safe to let the kernel continue the call */
	EGRESS_EMULATE_ALLOWED, /* call egress_emulate() for a connect to an allowed destination on a socket of the host's network */
	EGRESS_CONNECTED,	/* the destination is allowed; answer the call with *error, which is 0 if the socket is connected */
	EGRESS_BOUND,		/* the destination is allowed, but the socket is bound to an address; refuse the call with *error */
	EGRESS_REFUSED,		/* the socket belongs to the host's network and the destination is not allowed; refuse the call with *error */
	EGRESS_DENIED,		/* refuse the call with *error and do not log a connection attempt */
	EGRESS_GONE,		/* the call has ended; do not answer */
	EGRESS_PENDING,		/* the destination is allowed; events_handle_one() answers the call later */
};

/*
 * Creates the state of the allow-list. epoll: an instance that will also wait for pending calls (util/events.h). socks: path of the SOCKS proxy's socket. Sets
 * the route in the log, to ROUTE_NONE if Linux is too old. The state is never freed. Returns NULL and sets errno on failure.
 */
struct egress *egress_open(int epoll, const struct allow *allow, enum egress_route route, const char *socks, bool phase_is_root,
			   struct network_log *log);

/* Decides about a connect, bind, listen or socketcall, and connects to an allowed destination. Never waits. */
enum egress_decision egress_decide(struct egress_call *call, const struct request *request, int *error);

/* Logs an allowed connection. error is the errno of its connect, or 0. EINPROGRESS counts as success. */
void egress_count(const struct egress_call *call, const struct program *program, int error);

/* emulate.c */

/*
 * Executes the call in place of the calling thread, on call->socket, and answers it, now or from events_handle_one(). If the kernel continued
 * the call, it would look up the descriptor again, where another thread may have put a socket of the host's network meanwhile, and read
 * the arguments of socketcall(2) again, which may have changed. The peer of a UNIX socket gets the watcher's ids (SO_PEERCRED). Returns
 * false if the call has ended.
 */
bool egress_emulate(const struct egress_call *call, const struct request *request);

/* Records that two processes share their descriptors (CLONE_FILES without CLONE_THREAD). From then on, calls of single-threaded processes are emulated too. */
void egress_note_shared_descriptors(struct egress *egress);

/* pending.c */

/* Ends the pending calls whose time limit has passed, and those of threads that have ended or received a signal. */
void egress_check_pending(struct egress *egress);

/* If the handler of a pending call got stuck, answers that call with EFAULT. Called by the watchdog. */
void egress_abandon_pending(struct egress *egress);

/* dns_redirect.c */

/*
 * Redirects DNS queries of the phase to the DNS server process. If a process connects or sends to a name server in /etc/resolv.conf, the watcher
 * replaces its socket with a socket in the network namespace of the DNS server, and then lets the kernel continue the call. In that namespace
 * lo has the addresses of the name servers, so the process gets an answer from the address that it queried.
 */
enum { DNS_WAITING = 1024, /* maximum of calls that wait for a socket from the DNS server process; further queries are not redirected */
       DNS_SOCKETS = 1024 };

struct dns_redirect {
	int server;	   /* socket that leads to the DNS server process; -1: there is no such process, or it has ended */
	bool has_conf;	   /* /etc/resolv.conf has been read */
	bool phase_serves; /* a process of the phase has bound port 53 of loopback, so queries to loopback are not redirected */
	struct resolv_conf conf;
	struct seccomp_notif waiting[DNS_WAITING]; /* calls that wait for a socket from the DNS server process */
	size_t waiting_count;
	unsigned long long sockets[DNS_SOCKETS]; /* ring buffer: inodes of the last sockets of the DNS server's network that the phase received */
	size_t next_socket;
};

enum dns_redirection {
	DNS_NOT_REDIRECTED,
	DNS_WAITS,	/* the call waits until dns_redirect_receive() returns it */
	DNS_REDIRECTED, /* the thread's socket already belongs to the DNS server's network */
};

/*
 * If the call goes to a name server, requests a socket from the DNS server process. May set call->socket to a duplicate of the calling
 * thread's socket, which the caller must close. An allowed TCP connection to a name server is not redirected.
 */
enum dns_redirection dns_redirect_request(struct dns_redirect *redirect, struct egress_call *call, const struct request *request,
					  const struct seccomp_notif *notification, const struct allow *allow);

/*
 * Receives from confine's DNS server process a socket of that process's network namespace, and finds the call of the phase that waits for
 * it. Returns false if no call waits. If the DNS server process has ended, sets redirect->server to -1, and returns one waiting call at a time with socket -1.
 */
bool dns_redirect_receive(struct dns_redirect *redirect, struct seccomp_notif *notification, int *socket);

/*
 * Copies the flags and options of the calling thread's socket to another socket, which then replaces it. Sets call->socket to a duplicate of the old
 * socket. Returns false on failure.
 */
bool dns_redirect_replace(struct dns_redirect *redirect, struct egress_call *call, int socket);

/* Returns true if the destination is a name server whose queries are redirected. */
bool dns_redirect_covers(struct dns_redirect *redirect, const struct destination *to);

/* Stops redirecting queries to loopback if a process of the phase is about to bind port 53 there, where /etc/resolv.conf has a name server. Returns true if so. */
bool dns_redirect_note_bind(struct dns_redirect *redirect, const struct destination *address);

/* query_trap.c */

/*
 * Answers the queries of a phase where no network namespace can be made for the DNS server process. If a process connects a UDP socket to a
 * name server, the watcher replaces this socket with one that is connected to a socket of the watcher (the trap), and answers the queries for
 * names in the allow-list. After another query, it logs the name and closes the trap, and the process gets ECONNREFUSED, as from an
 * unreachable name server.
 */
enum { QUERY_TRAPS = 64 }; /* maximum of sockets that wait for a query; a further one closes the oldest trap, so that its query fails and is not logged */

struct query_trap {
	struct event_source source; /* the socket that receives the query */
	int client;		    /* a duplicate of the socket of the phase */
	struct program program;
};

struct query_traps {
	int epoll;
	const struct allow *allow;
	struct network_log *log;
	struct query_trap traps[QUERY_TRAPS]; /* a ring buffer */
	size_t next;
};

/* Creates the state of the functions below, which is never freed. Returns NULL and sets errno on failure. */
struct query_traps *query_traps_new(int epoll, const struct allow *allow, struct network_log *log);

/* Replaces the UDP socket of a call. family: the family of that socket. Returns false if that fails; the call must then fail. */
bool query_trap_set(struct query_traps *traps, const struct egress_call *call, int family);

/* Logs the query that a call sends with the address of a name server, unless its name is in the allow-list; then returns true. data: its address in the memory of the calling thread. */
bool query_trap_log(struct query_traps *traps, const struct target *target, uint64_t data, size_t length);

#endif
