/* The part of a phase's name server that takes rights: a port below 1024, and a mount. */
#ifndef DNS_SERVER_SETUP_H
#define DNS_SERVER_SETUP_H

#include <stdbool.h>

#include "privileged/identity.h"
#include "dns/stub_server.h"

/*
 * Inside the phase's namespaces: opens its UDP and its TCP socket in fds and mounts a resolv.conf that names them over the host's, in the
 * mount namespace we are in (private: already nobody else's). Returns NULL, or what failed (static text) with errno, and
 * then nothing is open.
 */
const char *dns_server_setup(const struct identity *identity, bool private, int fds[2]);

#endif
