// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolv_conf.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "util/fds.h"

static void add_server(struct resolv_conf *conf, const char *text)
{
	if (conf->server_count == NAME_SERVERS)
		return;
	struct name_server *server = &conf->servers[conf->server_count];
	server->family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
	if (inet_pton(server->family, text, server->address) == 1 &&
	    !(server->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((struct in6_addr *)server->address)))
		conf->server_count++;
}

/* Replaces the search domains with those of a "search" or "domain" line. Of several such lines, only the last one applies (resolv.conf(5)). */
static void set_search(struct resolv_conf *conf, char *domains)
{
	static const char blank[] = " \t\n";
	char *rest;
	conf->search_count = 0;
	for (char *domain = strtok_r(domains, blank, &rest); domain != NULL; domain = strtok_r(NULL, blank, &rest)) {
		char *search = conf->search[conf->search_count];
		if (conf->search_count == sizeof conf->search / sizeof *conf->search)
			return;
		snprintf(search, DNS_NAME, "%s", domain);
		for (char *c = search; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		conf->search_count++;
	}
}

void resolv_conf_read(struct resolv_conf *conf)
{
	char line[1024], server[INET6_ADDRSTRLEN];
	*conf = (struct resolv_conf){0};
	AUTO_FCLOSE FILE *file = fopen("/etc/resolv.conf", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "nameserver %45s", server) == 1)
			add_server(conf, server);
		else if (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0)
			set_search(conf, line + 6);
	}
	if (conf->server_count == 0) {
		add_server(conf, "127.0.0.1");
		add_server(conf, "::1");
	}
}
