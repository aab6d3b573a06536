// SPDX-License-Identifier: GPL-2.0-or-later
#include "options/allow_list.h"

#include <arpa/inet.h>

/* Parses a number of 1 to 5 digits at *text and moves *text behind it. Returns -1 if there are no digits or more than 5, or if the number exceeds most. */
static long parse_number(const char **text, long most)
{
	size_t digits = strspn(*text, "0123456789");
	if (digits == 0 || digits > 5)
		return -1;
	long value = strtol(*text, NULL, 10);
	*text += digits;
	return value > most ? -1 : value;
}

static bool parse_address(const char *text, size_t length, int family, unsigned char address[16])
{
	char copy[INET6_ADDRSTRLEN];
	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(family, copy, address) == 1;
}

bool allow_parse(const char *text, struct allow_entry *entry)
{
	bool six = *text == '[';
	*entry = (struct allow_entry){.to.family = six ? AF_INET6 : AF_INET};
	text += six;
	size_t length = strcspn(text, six ? "]" : "/:");
	if (six && text[length] != ']')
		return false;
	/* Refuse an IPv4-mapped IPv6 address, because destination_read() converts such destinations to IPv4, so the entry would match none. */
	if (!parse_address(text, length, entry->to.family, entry->to.address) || (six && IN6_IS_ADDR_V4MAPPED((struct in6_addr *)entry->to.address)))
		return false;
	text += length + six;
	long bits = six ? 128 : 32;
	if (*text == '/') {
		text++;
		bits = parse_number(&text, bits);
	}
	if (bits < 0 || *text != ':')
		return false;
	text++;
	long port = parse_number(&text, 65535);
	if (port <= 0 || *text != '\0')
		return false;
	entry->bits = (unsigned)bits;
	entry->to.port = (uint16_t)port;
	return true;
}

bool allow_parse_name(const char *text, struct allow_name *name)
{
	size_t length = strcspn(text, "=");
	*name = (struct allow_name){.name = text, .length = length};
	if (length == 0 || length > 253 || text[length] != '=')
		return false;
	const char *address = text + length + 1;
	name->to.family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
	return parse_address(address, strlen(address), name->to.family, name->to.address);
}

static bool same_bits(const unsigned char *one, const unsigned char *other, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(one, other, whole) != 0)
		return false;
	return rest == 0 || ((one[whole] ^ other[whole]) & (0xFF << (8 - rest)) & 0xFF) == 0;
}

/* Returns true if an --allow entry contains only loopback addresses: 127.0.0.0/8 or a part of it, or ::1. An entry with an unspecified address may give any result, because allow_has() permits no such destination. */
static bool allows_only_loopback(const struct allow_entry *entry)
{
	return destination_is_loopback(&entry->to) && entry->bits >= (entry->to.family == AF_INET ? 8 : 128);
}

bool allow_has(const struct allow *allow, const struct destination *to)
{
	if (destination_is_unspecified(to))
		return false;
	for (const struct allow_entry *entry = allow->entries; entry < allow->entries + allow->count; entry++)
		if (entry->to.family == to->family && entry->to.port == to->port && same_bits(entry->to.address, to->address, entry->bits) &&
		    (!destination_is_loopback(to) || allows_only_loopback(entry)))
			return true;
	return false;
}

/* Names for --families with the numbers of include/linux/socket.h, because C libraries lack some AF_* constants. */
static const struct {
	const char *name;
	uint64_t families;
} known_families[] = {
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
	for (size_t i = 0; i < sizeof known_families / sizeof *known_families; i++)
		if (strlen(known_families[i].name) == length && strncmp(name, known_families[i].name, length) == 0) {
			*families |= known_families[i].families;
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
	/* Treat the obsolete combination of AF_INET and SOCK_PACKET as AF_PACKET, as the kernel does (__sock_create() in net/socket.c). */
	if (family == AF_INET && (type & FAMILIES_TYPE_MASK) == SOCK_PACKET)
		family = AF_PACKET;
	return family < 64 && (families >> family & 1) != 0;
}
