/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name servers and search domains of /etc/resolv.conf (resolv.conf(5)). */
#ifndef RESOLV_CONF_H
#define RESOLV_CONF_H

#include "dns/wire.h"

enum { NAME_SERVERS = 8, /* maximum number of name servers; further ones are ignored, as by glibc and musl, which use only three */
       DNS_PORT = 53 };

struct name_server {
	int family; /* address family of the name server: AF_INET or AF_INET6 */
	unsigned char address[16];
};

struct resolv_conf {
	struct name_server servers[NAME_SERVERS];
	size_t server_count;
	char search[6][DNS_NAME];
	size_t search_count;
};

/*
 * Reads /etc/resolv.conf. If the file has no usable name server, adds 127.0.0.1 (the default of resolvers) and ::1 (Go uses both). Omits name
 * servers with a link-local address, because the network of a phase lacks the interface to which this address belongs.
 */
void resolv_conf_read(struct resolv_conf *conf);

#endif
