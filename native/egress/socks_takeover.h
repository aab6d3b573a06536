/*
 * The proxy's own socket. It is one of the host's network, connected to where we wanted to go: with it in our hands nobody has to
 * stand between.
 */
#ifndef SOCKS_TAKE_H
#define SOCKS_TAKE_H

#include <stdbool.h>

#include "egress/tcp.h"

/*
 * A duplicate of the socket between these addresses that the process at the other end of a UNIX socket has; -1 where it can't be
 * had: that takes Linux 6.5 (SO_PEERPIDFD) or to see that process, and the rights to look into it (ptrace(2)).
 */
int socks_takeover(int proxy, const union address *own, const union address *peer);

/* Whether all that has come on a socket can still be read from it. */
bool socks_takeover_is_complete(int fd);

#endif
