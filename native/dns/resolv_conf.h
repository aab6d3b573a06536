/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name servers and search domains of /etc/resolv.conf (resolv.conf(5)). */
#ifndef RESOLV_CONF_H
#define RESOLV_CONF_H

#include "dns/wire.h"

enum { NAME_SERVERS = 8, /* maximum number of name servers; glibc and musl use only three */
       DNS_PORT = 53 };

struct name_server {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
};

struct resolv_conf {
	struct name_server servers[NAME_SERVERS];
	size_t server_count;
	char search[6][DNS_NAME];
	size_t search_count;
};

/*
 * Reads /etc/resolv.conf. If it has no usable name server, adds 127.0.0.1 (the default of resolvers) and ::1 (Go uses both). Omits link-local
 * addresses, because the network of a phase lacks the interface that they belong to.
 */
void resolv_conf_read(struct resolv_conf *conf);

#endif
