/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket families that a phase with an isolated network may use. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include <sys/socket.h>

#include "util/base.h"

/* In a set of families, the bit with the number of an AF_* constant is 1 if the set contains this family. */
#define FAMILIES_BIT(family) (UINT64_C(1) << (family))
#define FAMILIES_ANY UINT64_MAX

/* By default, others are forbidden, because a network namespace does not isolate all families: AF_VSOCK reaches the hypervisor and other virtual machines. */
#define FAMILIES_DEFAULT (FAMILIES_BIT(AF_UNIX) | FAMILIES_BIT(AF_INET) | FAMILIES_BIT(AF_INET6) | FAMILIES_BIT(AF_NETLINK))

/* The bits of the second argument of socket(2) that contain the type (SOCK_TYPE_MASK in include/linux/net.h). Higher bits are flags. */
enum { FAMILIES_TYPE_MASK = 0xF };

/* Adds families to the set by a comma-separated list of lower-case names; "any" adds all. Returns false for an unknown name. */
bool families_add(uint64_t *families, const char *names);

/* Returns whether socket(2) is permitted with this family and type. */
bool families_permit(uint64_t families, uint64_t family, uint64_t type);

#endif
