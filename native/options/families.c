// SPDX-License-Identifier: GPL-2.0-or-later
#include "options/families.h"

/* Names for --families with the numbers of include/linux/socket.h, because C libraries lack some AF_* constants. */
static const struct {
	const char *name;
	uint64_t families;
} known[] = {
	{"any", FAMILIES_ANY},
	{"alg", FAMILIES_BIT(38)},
	{"ax25", FAMILIES_BIT(3)},
	{"bluetooth", FAMILIES_BIT(31)},
	{"caif", FAMILIES_BIT(37)},
	{"can", FAMILIES_BIT(29)},
	{"ieee802154", FAMILIES_BIT(36)},
	{"kcm", FAMILIES_BIT(41)},
	{"key", FAMILIES_BIT(15)},
	{"llc", FAMILIES_BIT(26)},
	{"mctp", FAMILIES_BIT(45)},
	{"nfc", FAMILIES_BIT(39)},
	{"packet", FAMILIES_BIT(17)},
	{"phonet", FAMILIES_BIT(35)},
	{"pppox", FAMILIES_BIT(24)},
	{"qipcrtr", FAMILIES_BIT(42)},
	{"rds", FAMILIES_BIT(21)},
	{"rxrpc", FAMILIES_BIT(33)},
	{"smc", FAMILIES_BIT(43)},
	{"tipc", FAMILIES_BIT(30)},
	{"vsock", FAMILIES_BIT(40)},
	{"x25", FAMILIES_BIT(9)},
	{"xdp", FAMILIES_BIT(44)},
};

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
	/* Treat this obsolete combination as AF_PACKET, as the kernel does (__sock_create() in net/socket.c). */
	if (family == AF_INET && (type & FAMILIES_TYPE_MASK) == SOCK_PACKET)
		family = AF_PACKET;
	return family < 64 && (families >> family & 1) != 0;
}
