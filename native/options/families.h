/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket families that a phase with an isolated network may use. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include <sys/socket.h>

#include "util/base.h"

/* A set of socket families is a bit mask: bit N is 1 if the set contains the family whose AF_* constant is N. */
#define FAMILIES_BIT(family) (UINT64_C(1) << (family))
#define FAMILIES_ANY UINT64_MAX

/* Families permitted by default. Others need --families, because a network namespace does not isolate all: AF_VSOCK reaches the hypervisor. */
#define FAMILIES_DEFAULT (FAMILIES_BIT(AF_UNIX) | FAMILIES_BIT(AF_INET) | FAMILIES_BIT(AF_INET6) | FAMILIES_BIT(AF_NETLINK))

/* The bits of the second argument of socket(2) that contain the type (SOCK_TYPE_MASK in include/linux/net.h). Higher bits are flags. */
enum { FAMILIES_TYPE_MASK = 0xF };

/* Adds the families of a list of names such as "alg,vsock" to the set; "any" adds all families. Returns false for an unknown name. */
bool families_add(uint64_t *families, const char *names);

/* Returns true if the set permits a call of socket(2) with this family and type. */
bool families_permit(uint64_t families, uint64_t family, uint64_t type);

#endif
