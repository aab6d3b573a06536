/* The loopback interface of a new network namespace. */
#ifndef LOOPBACK_CONFIGURE_H
#define LOOPBACK_CONFIGURE_H

#include <stdbool.h>

/*
 * Brings lo up in the network namespace we are in and adds 10.0.0.1/8 and fd::1/8, as Portage does: without an address
 * that is not loopback's own, getaddrinfo() with AI_ADDRCONFIG finds no "localhost" (bugs.gentoo.org/690758).
 * A kernel without IPv6 is fine. Returns false with errno.
 */
bool loopback_configure(void);

#endif
