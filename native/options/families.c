#include "options/families.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Numbers of include/linux/socket.h. C libraries lack the newer names. */
static const struct {
	const char *name;
	unsigned family;
} known[] = {
	{"alg", 38},
	{"ax25", 3},
	{"bluetooth", 31},
	{"caif", 37},
	{"can", 29},
	{"ieee802154", 36},
	{"kcm", 41},
	{"key", 15},
	{"llc", 26},
	{"mctp", 45},
	{"nfc", 39},
	{"packet", 17},
	{"phonet", 35},
	{"pppox", 24},
	{"qipcrtr", 42},
	{"rds", 21},
	{"rxrpc", 33},
	{"smc", 43},
	{"tipc", 30},
	{"vsock", 40},
	{"x25", 9},
	{"xdp", 44},
};

uint64_t families_default(void)
{
	return UINT64_C(1) << AF_UNIX | UINT64_C(1) << AF_INET | UINT64_C(1) << AF_INET6 | UINT64_C(1) << AF_NETLINK;
}

static bool add_by_name(uint64_t *families, const char *name, size_t length)
{
	if (length == 3 && strncmp(name, "any", length) == 0) {
		*families = FAMILIES_ANY;
		return true;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == length && strncmp(name, known[i].name, length) == 0) {
			*families |= UINT64_C(1) << known[i].family;
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
	/* The kernel makes AF_PACKET of this obsolete combination (__sock_create() in net/socket.c). */
	if (family == AF_INET && (type & FAMILIES_TYPE_MASK) == SOCK_PACKET)
		family = AF_PACKET;
	return family < 64 && (families >> family & 1) != 0;
}
