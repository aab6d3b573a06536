// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "util/process.h"
#include "util/text.h"

/* Properties of a network namespace that distinguish one made by Portage. */
struct network_state {
	bool others; /* an interface other than lo is up or has an address */
	bool lo_up;
	bool address[LOOPBACK_ADDED]; /* address[i] is true if lo has the address loopback_added[i] */
	bool ipv6;		      /* any interface, including lo, has an IPv6 address */
};

static void add_address(const struct nlmsghdr *header, struct network_state *state)
{
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	int left = (int)IFA_PAYLOAD(header);
	if (message->ifa_index != LOOPBACK_INDEX)
		state->others = true;
	if (message->ifa_family == AF_INET6)
		state->ipv6 = true;
	for (struct rtattr *a = IFA_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left))
		for (size_t i = 0; i < LOOPBACK_ADDED; i++)
			if (a->rta_type == IFA_ADDRESS && message->ifa_family == loopback_added[i].family &&
			    message->ifa_prefixlen == LOOPBACK_PREFIX && RTA_PAYLOAD(a) == loopback_added[i].length &&
			    memcmp(RTA_DATA(a), loopback_added[i].bytes, loopback_added[i].length) == 0)
				state->address[i] = true;
}

static void add_link(const struct nlmsghdr *header, struct network_state *state)
{
	const struct ifinfomsg *message = NLMSG_DATA(header);
	/* Ignore interfaces that are down: kernel modules create some in every new network namespace, such as sit0 and tunl0. */
	if ((message->ifi_flags & IFF_UP) == 0)
		return;
	if (message->ifi_index == LOOPBACK_INDEX)
		state->lo_up = true;
	else
		state->others = true;
}

/* Requests all objects of a type from the kernel and calls add() for each. */
static bool dump(int netlink, unsigned short type, void (*add)(const struct nlmsghdr *, struct network_state *), struct network_state *state)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} request = {.header = {.nlmsg_len = sizeof request, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		     .message = {.rtgen_family = AF_UNSPEC}};
	if (send(netlink, &request, sizeof request, 0) < 0)
		return false;
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} buffer;
	for (;;) {
		ssize_t got = recv(netlink, &buffer, sizeof buffer, 0);
		if (got <= 0)
			return false;
		size_t left = (size_t)got;
		for (struct nlmsghdr *h = &buffer.header; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return true;
			if (h->nlmsg_type == NLMSG_ERROR)
				return false;
			add(h, state);
		}
	}
}

/*
 * Returns whether this network namespace looks like one that Portage has isolated: no interface is up except lo, with 10.0.0.1/8 and, if
 * the kernel has IPv6, fd::1/8 (portage/process.py, _configure_loopback_interface). lo alone is no evidence, because a host
 * without a network has the same.
 */
static bool loopback_is_isolated(void)
{
	struct network_state state = {0};
	int netlink = loopback_netlink();
	if (netlink < 0)
		return false;
	bool isolated = dump(netlink, RTM_GETADDR, add_address, &state) && state.address[0] && !state.others &&
			(state.address[1] || !state.ipv6) && dump(netlink, RTM_GETLINK, add_link, &state);
	close(netlink);
	return isolated && state.lo_up && !state.others;
}

/* The inode number of the first IPC namespace (include/linux/proc_ns.h, PROC_IPC_INIT_INO). */
#define FIRST_IPC_INODE 0xEFFFFFFFUL

/* Portage sets this host name in the UTS namespace that it creates with the network namespace. */
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

/* Returns whether process 1 is Portage's "python .../pid-ns-init UID ..." of root. A build without root cannot imitate that. */
static bool has_portage_init(void)
{
	char text[4096];
	struct stat status;
	size_t length = proc_read(1, "cmdline", text, sizeof text);
	return length > 0 && stat("/proc/1/cmdline", &status) == 0 && status.st_uid == 0 && text_is_portages_init(text, length);
}

struct inherited inherited_from_portage(unsigned wanted)
{
	bool want_net = (wanted & ISOLATE_NET) != 0, want_ipc = (wanted & ISOLATE_IPC) != 0;
	bool want_pid = (wanted & ISOLATE_PID) != 0, want_mount = (wanted & ISOLATE_MOUNT) != 0;
	bool net = (want_net || want_ipc || want_mount) && loopback_is_isolated() && hostname_is_localhost();
	bool pid = (want_pid || ((want_ipc || want_mount) && !net)) && has_portage_init();
	return (struct inherited){
		.net = want_net && net,
		.portage_net = want_net && net,
		.ipc = want_ipc && (net || pid) && !in_first_ipc_namespace(),
		.pid = want_pid && pid,
		.mount = want_mount && (net || pid),
	};
}
