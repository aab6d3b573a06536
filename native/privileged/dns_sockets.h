/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of the DNS server (dns/dns_server.h). */
#ifndef DNS_SOCKETS_H
#define DNS_SOCKETS_H

#include <stdbool.h>

#include "privileged/privilege.h"

enum { NAME_SERVERS = 8, /* maximum number of name servers; glibc and musl use only three */
       DNS_PORT = 53 };

struct name_server {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
};

/*
 * Makes the address of the name server local on lo, and opens a UDP socket (fds[0]) and a TCP socket (fds[1]) on its port 53. Must be called
 * in a new network namespace. On an error, closes the sockets and returns false with errno.
 */
bool dns_sockets_open(const struct identity *identity, const struct name_server *server, int fds[2]);

#endif
