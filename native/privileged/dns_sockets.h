/* The sockets of the DNS server (dns/dns_server.h). */
#ifndef DNS_SOCKETS_H
#define DNS_SOCKETS_H

#include <stdbool.h>

#include "privileged/privilege.h"

enum { NAME_SERVERS = 8, /* glibc and musl use the first three */
       DNS_PORT = 53 };

struct name_server {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
};

/*
 * Gives lo the address of the name server, and opens a UDP and a TCP socket on its port 53. Must be called in a new network namespace.
 * Returns false with errno and no open sockets.
 */
bool dns_sockets_open(const struct identity *identity, const struct name_server *server, int fds[2]);

#endif
