/* The loopback interface: how a confined network looks, made and recognized. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <stdbool.h>

/*
 * Brings lo up in the network namespace we are in and adds 10.0.0.1/8 and fd::1/8, as Portage does: without an address
 * that is not loopback's own, getaddrinfo() with AI_ADDRCONFIG finds no "localhost" (bugs.gentoo.org/690758).
 * A kernel without IPv6 is fine. Returns false with errno.
 */
bool loopback_configure(void);

/*
 * Whether the network namespace we are in bears the marks of one that Portage isolated: no interface up but lo, with
 * 10.0.0.1/8 and, where there is IPv6, fd::1/8 (portage/process.py, _configure_loopback_interface). An interface list with
 * lo alone says nothing: a host without network looks the same.
 */
bool loopback_is_isolated(void);

#endif
