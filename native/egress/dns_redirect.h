/*
 * Queries to the name servers of /etc/resolv.conf. The watcher puts a socket of the DNS server's network in place of the socket that a
 * process connects or sends to a name server, and then lets the kernel continue the call. So the answer comes from the
 * address that the process queried, and the process needs no other configuration.
 */
#ifndef DNS_REDIRECT_H
#define DNS_REDIRECT_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "dns/dns_server.h"
#include "egress/egress.h"

enum { DNS_WAITING = 1024,
       DNS_SOCKETS = 1024 };

struct dns_redirect {
	int server; /* to the DNS server process; -1: none, or it has ended */
	bool has_conf;
	bool phase_serves; /* a process of the phase has bound port 53 of loopback */
	struct resolv_conf conf;
	struct seccomp_notif waiting[DNS_WAITING]; /* calls that wait for a socket */
	size_t waiting_count;
	unsigned long long sockets[DNS_SOCKETS]; /* inodes of the last sockets of the DNS server's network, a ring */
	size_t next_socket;
};

enum dns_redirection {
	DNS_NOT_REDIRECTED,
	DNS_WAITS,	/* for dns_redirect_receive() */
	DNS_REDIRECTED, /* the socket belongs to the DNS server's network */
};

/*
 * Requests a socket if the call goes to a name server. Sets call->socket to a duplicate of the calling thread's socket, or leaves -1.
 * An allowed TCP connection to a name server is not redirected.
 */
enum dns_redirection dns_redirect_request(struct dns_redirect *redirect, struct egress_call *call, const struct request *request,
					  const struct seccomp_notif *notification, const struct allow *allow);

/*
 * Receives a socket of the DNS server's network and the call that waits for it. Returns false if none was received. If the server has
 * ended, returns the waiting calls without a socket (-1), one at a time; redirect->server is then -1.
 */
bool dns_redirect_receive(struct dns_redirect *redirect, struct seccomp_notif *notification, int *socket);

/* Puts the socket in place of the calling thread's, with its flags and options. Sets call->socket. Returns false on failure. */
bool dns_redirect_replace(struct dns_redirect *redirect, struct egress_call *call, int socket);

/* Whether queries to this destination are redirected. */
bool dns_redirect_covers(struct dns_redirect *redirect, const struct destination *to);

/* A process of the phase is about to bind this address. Returns whether it replaces a name server from now on. */
bool dns_redirect_note_bind(struct dns_redirect *redirect, const struct destination *address);

#endif
