/* Address families of sockets: which ones a phase without a network may make. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include <stdbool.h>
#include <stdint.h>

/* A bit for each AF_*. */
#define FAMILIES_ANY UINT64_MAX

/* SOCK_TYPE_MASK: the flags of socket(2) are above it (include/linux/net.h). */
enum { FAMILIES_TYPE_MASK = 0xF };

/*
 * AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. A network namespace does not isolate every family: AF_VSOCK leads to the hypervisor and to
 * other virtual machines.
 */
uint64_t families_default(void);

/* Adds families by their names in lower case, parted by commas, or every family for "any". Returns false for an unknown name. */
bool families_add(uint64_t *families, const char *names);

/* Whether socket(2) may be called with that family and type. */
bool families_permit(uint64_t families, uint64_t family, uint64_t type);

#endif
