/*
 * Connections through a SOCKS5 proxy on a UNIX socket (RFC 1928): where Portage, as root, has cut off the process that would make
 * them, the proxy that it starts for distcc is the one thing outside that can be reached.
 */
#ifndef SOCKS_H
#define SOCKS_H

#include <stdbool.h>

#include "audit_table.h"

/* Called with the socket, which is the proxy's caller's and closed afterwards, and 0; or with -1 and an errno. */
typedef void socks_done(void *whose, int fd, int error);

/* Opens what socks_serve() is to be called for as soon as it can be read (poll(2)): a descriptor, or -1. */
int socks_open(void);

/*
 * Asks the proxy at that path for a connection. done is called from socks_serve() once that has ended, with whose, which has
 * whose_size bytes and is copied. Returns 0, or an errno where it has ended already. Never waits.
 */
int socks_begin(const char *path, const struct destination *to, socks_done *done, const void *whose, size_t whose_size);

void socks_serve(void);

#endif
