/* System calls that need privilege: namespaces, mounts, network configuration. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>

#include "namespace/namespace.h"
#include "privileged/privilege.h"

/* The part of namespaces_enter() that follows the user namespace. */
bool isolate(const struct identity *identity, unsigned isolation, struct setup_error *setup_error);

/* Mounts /proc for the PID namespace of this process, which is its process 1. Returns false with setup_error. */
bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error);

/* The index of lo in every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
#define LOOPBACK_INDEX 1

/* The addresses that lo gets besides 127.0.0.1 and ::1, and their prefix length. Portage adds the same. */
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

/* Makes an address of length bytes local on lo. Needs CAP_NET_ADMIN, so only privileged/ calls it. Returns false with errno. */
bool loopback_add_local(int family, const unsigned char *address, unsigned short length);

#endif
