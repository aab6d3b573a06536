// SPDX-License-Identifier: GPL-2.0-or-later
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "util/process.h"
#include "util/text.h"

static const void *address_bytes(const struct sockaddr *address, int family)
{
	return family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
				  : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
}

/* Returns true if entry is an address of lo whose address and netmask are those of added, which Portage adds to lo. */
static bool is_added(const struct ifaddrs *entry, const struct loopback_address *added)
{
	static const unsigned char mask[16] = {0xFF}; /* netmask of LOOPBACK_PREFIX bits */
	return (entry->ifa_flags & IFF_LOOPBACK) != 0 && entry->ifa_addr != NULL && entry->ifa_addr->sa_family == added->family &&
	       memcmp(address_bytes(entry->ifa_addr, added->family), added->bytes, added->length) == 0 && entry->ifa_netmask != NULL &&
	       memcmp(address_bytes(entry->ifa_netmask, added->family), mask, added->length) == 0;
}

/*
 * Returns whether this network namespace looks like one that Portage has isolated: no interface is up except lo, with 10.0.0.1/8 and, if
 * the kernel has IPv6, fd::1/8 (portage/process.py, _configure_loopback_interface). lo alone is no evidence, because a host
 * without a network has the same.
 */
static bool loopback_is_isolated(void)
{
	struct ifaddrs *all;
	bool others = false, lo_up = false, ipv6 = false, added[LOOPBACK_ADDED] = {false};
	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next) {
		int family = entry->ifa_addr == NULL ? AF_UNSPEC : entry->ifa_addr->sa_family;
		bool is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0, is_up = (entry->ifa_flags & IFF_UP) != 0;
		/* Ignore interfaces that are down and have no address: kernel modules create some in every new network namespace, such as sit0. */
		others = others || (!is_loopback && (is_up || family == AF_INET || family == AF_INET6));
		lo_up = lo_up || (is_loopback && is_up);
		ipv6 = ipv6 || family == AF_INET6;
		for (size_t i = 0; i < LOOPBACK_ADDED; i++)
			added[i] = added[i] || is_added(entry, &loopback_added[i]);
	}
	freeifaddrs(all);
	return lo_up && !others && added[0] && (added[1] || !ipv6);
}

/* Inode number of the machine's first IPC namespace (include/linux/proc_ns.h, PROC_IPC_INIT_INO). A program has created all others. */
#define FIRST_IPC_INODE 0xEFFFFFFFUL

/* Returns true if the host name is "localhost". Portage sets it in the UTS namespace that it creates with the network namespace. */
static bool hostname_is_localhost(void)
{
	struct utsname names;
	return uname(&names) == 0 && strcmp(names.nodename, "localhost") == 0;
}

static bool in_first_ipc_namespace(void)
{
	struct stat status;
	return stat("/proc/self/ns/ipc", &status) != 0 || status.st_ino == FIRST_IPC_INODE;
}

/* Returns true if process 1 runs Portage's pid-ns-init as root, so that Portage has made the PID namespace. An ordinary user cannot imitate that. */
static bool has_portage_init(void)
{
	char text[4096];
	struct stat status;
	size_t length = proc_read(1, "cmdline", text, sizeof text);
	return length > 0 && stat("/proc/1/cmdline", &status) == 0 && status.st_uid == 0 && text_is_portages_init(text, length);
}

unsigned inherited_from_portage(unsigned wanted)
{
	bool others = (wanted & (ISOLATE_IPC | ISOLATE_MOUNT)) != 0;
	bool net = (others || (wanted & ISOLATE_NET) != 0) && hostname_is_localhost() && loopback_is_isolated();
	bool pid = ((others && !net) || (wanted & ISOLATE_PID) != 0) && has_portage_init();
	bool ipc = (net || pid) && (wanted & ISOLATE_IPC) != 0 && !in_first_ipc_namespace();
	return wanted & ((net ? ISOLATE_NET : 0) | (ipc ? ISOLATE_IPC : 0) | (pid ? ISOLATE_PID : 0) | (net || pid ? ISOLATE_MOUNT : 0));
}
