/* The part of a phase's name server that takes rights: a port below 1024, and a mount. */
#ifndef RESOLVER_SET_UP_H
#define RESOLVER_SET_UP_H

#include <stdbool.h>

#include "../identity.h"
#include "../resolver.h"

/*
 * Inside the phase's namespaces: opens the sockets, mounts a resolv.conf that names them over the host's in the mount
 * namespace we are in (private: already nobody else's), and sends the sockets to the watcher at the other end of news; or
 * why not, and then all is as it was.
 */
void resolver_set_up(const struct identity *identity, int news, bool private);

#endif
