/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redirects DNS queries of the phase to the DNS server process. If a process connects or sends to a name server in /etc/resolv.conf, the watcher
 * replaces its socket with a socket in the network namespace of the DNS server, and then lets the kernel continue the call. In that namespace
 * lo has the addresses of the name servers, so the process gets an answer from the address that it queried.
 */
#ifndef DNS_REDIRECT_H
#define DNS_REDIRECT_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "dns/dns_server.h"
#include "egress/egress.h"

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

#endif
