/* The socket families that a phase with an isolated network may use. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include <stdbool.h>
#include <stdint.h>

/* Sets of families have one bit for each AF_*. */
#define FAMILIES_ANY UINT64_MAX

/* SOCK_TYPE_MASK of include/linux/net.h. Higher bits of the type are flags. */
enum { FAMILIES_TYPE_MASK = 0xF };

/*
 * Returns AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. A network namespace does not isolate all families: AF_VSOCK reaches the hypervisor
 * and other virtual machines.
 */
uint64_t families_default(void);

/* Adds a comma-separated list of lower-case names; "any" is every family. Returns false for an unknown name. */
bool families_add(uint64_t *families, const char *names);

/* Returns whether socket(2) is permitted with this family and type. */
bool families_permit(uint64_t families, uint64_t family, uint64_t type);

#endif
