/* The name servers and search domains of /etc/resolv.conf (resolv.conf(5)). */
#ifndef RESOLV_CONF_H
#define RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/wire.h"
#include "privileged/dns_sockets.h"

struct resolv_conf {
	struct name_server servers[NAME_SERVERS];
	size_t server_count;
	char search[6][DNS_NAME];
	size_t search_count;
};

/*
 * Reads the file. Without a name server in it, resolvers use 127.0.0.1, and Go ::1 as well. Omits link-local addresses: the network of a
 * phase does not have their interface.
 */
void resolv_conf_read(struct resolv_conf *conf);

#endif
