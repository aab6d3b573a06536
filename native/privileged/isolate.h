/* The system calls that take a process apart from the host. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>

#include "dns/stub_server.h"
#include "namespace/namespace.h"
#include "privileged/privilege.h"

/* With the privilege: leaves the namespaces that plan (bits of enum isolation) names; in its new network lo is up. False with setback. */
bool isolate(const struct identity *identity, unsigned plan, struct setup_error *setup_error);

/* With the privilege: mounts /proc for the PID namespace that this process is in. For its process 1. False with setback. */
bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error);

/* The loopback interface of a new network namespace. */

/*
 * Brings lo up in the network namespace we are in and adds 10.0.0.1/8 and fd::1/8, as Portage does: without an address
 * that is not loopback's own, getaddrinfo() with AI_ADDRCONFIG finds no "localhost" (bugs.gentoo.org/690758).
 * A kernel without IPv6 is fine. Returns false with errno.
 */
bool loopback_configure(void);

/* The loopback interface: what a confined network has, and how it is recognized. */

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

/* The part of a phase's name server that takes rights: a port below 1024, and a mount. */

/*
 * Inside the phase's namespaces: opens its UDP and its TCP socket in fds and mounts a resolv.conf that names them over the host's, in the
 * mount namespace we are in (private: already nobody else's). Returns NULL, or what failed (static text) with errno, and
 * then nothing is open.
 */
const char *dns_server_setup(const struct identity *identity, bool private, int fds[2]);

#endif
