// SPDX-License-Identifier: GPL-2.0-or-later
#include "options/families.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(family) (UINT64_C(1) << (family))

/* Names of socket families with their numbers in include/linux/socket.h, because C libraries lack some AF_* constants. */
static const struct {
	const char *name;
	uint64_t families;
} known[] = {
	{"any", FAMILIES_ANY},
	{"alg", BIT(38)},
	{"ax25", BIT(3)},
	{"bluetooth", BIT(31)},
	{"caif", BIT(37)},
	{"can", BIT(29)},
	{"ieee802154", BIT(36)},
	{"kcm", BIT(41)},
	{"key", BIT(15)},
	{"llc", BIT(26)},
	{"mctp", BIT(45)},
	{"nfc", BIT(39)},
	{"packet", BIT(17)},
	{"phonet", BIT(35)},
	{"pppox", BIT(24)},
	{"qipcrtr", BIT(42)},
	{"rds", BIT(21)},
	{"rxrpc", BIT(33)},
	{"smc", BIT(43)},
	{"tipc", BIT(30)},
	{"vsock", BIT(40)},
	{"x25", BIT(9)},
	{"xdp", BIT(44)},
};

uint64_t families_default(void)
{
	return BIT(AF_UNIX) | BIT(AF_INET) | BIT(AF_INET6) | BIT(AF_NETLINK);
}

static bool add_by_name(uint64_t *families, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == length && strncmp(name, known[i].name, length) == 0) {
			*families |= known[i].families;
			return true;
		}
	return false;
}

bool families_add(uint64_t *families, const char *names)
{
	for (;;) {
		size_t length = strcspn(names, ",");
		if (!add_by_name(families, names, length))
			return false;
		if (names[length] == '\0')
			return true;
		names += length + 1;
	}
}

bool families_permit(uint64_t families, uint64_t family, uint64_t type)
{
	/* The kernel replaces this obsolete combination by AF_PACKET (__sock_create() in net/socket.c). */
	if (family == AF_INET && (type & FAMILIES_TYPE_MASK) == SOCK_PACKET)
		family = AF_PACKET;
	return family < 64 && (families >> family & 1) != 0;
}
