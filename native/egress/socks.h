/*
 * Connections through a SOCKS5 proxy on a UNIX socket (RFC 1928): where Portage, as root, has cut off the process that would make
 * them, the proxy that it starts for distcc is the one thing outside that can be reached.
 */
#ifndef SOCKS_H
#define SOCKS_H

#include <stdbool.h>

#include "egress/egress.h"

/*
 * Called once: with 0 and a socket, which is closed afterwards, the TCP one to the destination or, where that can't be had, the
 * one to the proxy; or with an errno. The call is answered by it.
 */
typedef void socks_done(const struct egress_call *call, int fd, int error);

/*
 * Asks the proxy at that path for a connection. done is called from pending_serve() once that has ended, unless the caller has
 * gone meanwhile; call->socket is closed then. Returns 0, or an errno where it has ended already. Never waits.
 */
int socks_begin(const char *path, const struct egress_call *call, socks_done *done);

#endif
