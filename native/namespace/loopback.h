/* The loopback interface: what a confined network has, and how it is recognized. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <stdbool.h>

/* The first interface of every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
#define LOOPBACK_INDEX 1

/* What is added to lo besides its own, in networks of 8 bits. */
enum { LOOPBACK_ADDED = 2,
       LOOPBACK_PREFIX = 8 };
struct loopback_address {
	unsigned char family;
	unsigned char bytes[16];
	unsigned char length;
};
extern const struct loopback_address loopback_added[LOOPBACK_ADDED];

/* A close-on-exec socket to the kernel's rtnetlink(7), or -1. */
int loopback_netlink(void);

/*
 * Whether the network namespace we are in bears the marks of one that Portage isolated: no interface up but lo, with
 * 10.0.0.1/8 and, where there is IPv6, fd::1/8 (portage/process.py, _configure_loopback_interface). An interface list with
 * lo alone says nothing: a host without network looks the same.
 */
bool loopback_is_isolated(void);

#endif
