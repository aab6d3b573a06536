/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that need privilege: namespaces, mounts, network configuration. */
#pragma once

#include "privileged/privilege.h"
#include "util/destination.h"
#include "util/isolation.h"

/* Enters new namespaces of the kinds in isolation (bits of enum isolation). Returns and sets setup_error like namespaces_enter(), the only caller. */
bool isolate(const struct identity *identity, unsigned isolation, struct setup_error *setup_error);

/* Mounts a new /proc. This process must be process 1 of a PID namespace. Returns false and sets setup_error on failure. */
bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error);

/* The interface index of lo in every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
#define LOOPBACK_INDEX 1

/* Number and prefix length of the addresses that confine adds to lo, in addition to 127.0.0.1 and ::1. Portage adds the same addresses. */
enum { LOOPBACK_ADDED = 2,
       LOOPBACK_PREFIX = 8 };
extern const struct destination loopback_added[LOOPBACK_ADDED];

/* Sets setup_error to this step and errno. Returns false. */
bool setup_failed(struct setup_error *setup_error, enum step step);

/*
 * Makes the address of the name server local on lo, and opens a UDP socket (fds[0]) and a TCP socket (fds[1]) on port 53 of this address. Must
 * be called in a new network namespace, with -1 in both elements of fds. If a socket cannot be opened, returns false with errno; its element
 * of fds is then -1.
 */
bool dns_sockets_open(const struct identity *identity, const struct destination *server, int fds[2]);
