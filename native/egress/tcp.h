/* What kind of socket this is, and what it is doing. */
#ifndef TCP_H
#define TCP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "watcher/network_log.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Whether it is one of TCP, or of what can do without more than that (MPTCP). */
bool tcp_is(int fd);

/* AF_INET or AF_INET6, for one that is. */
int tcp_family(int fd);

/* Not connected, not connecting, not listening. */
bool tcp_is_idle(int fd);

/* Whether it has an address or a port already. */
bool tcp_is_bound(int fd);

/* How long connect(2) may take on it, in microseconds; 0: as long as it takes (socket(7), SO_SNDTIMEO). */
long long tcp_patience(int fd);

/* Writes the address for a socket of that family; an IPv4 one in IPv6's clothes where it has to. Returns its length. */
socklen_t tcp_address(const struct destination *to, int family, union address *address);

#endif
