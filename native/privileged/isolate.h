/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that need privilege: namespaces, mounts, network configuration. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>

#include "namespace/namespace.h"
#include "privileged/privilege.h"

/* Enters the new namespaces that isolation names, all but a user namespace. namespaces_enter() calls it last and documents its results. */
bool isolate(const struct identity *identity, unsigned isolation, struct setup_error *setup_error);

/* Mounts a new /proc. This process must be process 1 of a PID namespace. Returns false with setup_error. */
bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error);

/* The index of lo in every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
#define LOOPBACK_INDEX 1

/* Number and prefix length of the addresses that confine adds to 127.0.0.1 and ::1 on lo. Portage adds the same addresses. */
enum { LOOPBACK_ADDED = 2,
       LOOPBACK_PREFIX = 8 };
struct loopback_address {
	unsigned char family;
	unsigned char bytes[16];
	unsigned char length;
};
extern const struct loopback_address loopback_added[LOOPBACK_ADDED];

/* Returns a close-on-exec rtnetlink(7) socket, or -1. */
int loopback_netlink(void);

/* Makes an address local on lo; length is 4 or 16 bytes. Needs CAP_NET_ADMIN, so only privileged/ calls it. Returns false with errno. */
bool loopback_add_local(int family, const unsigned char *address, unsigned short length);

#endif
