#include "namespace/loopback.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct marks {
	bool others; /* an interface that is not lo, and up */
	bool lo_up;
	bool address[LOOPBACK_ADDED];
	bool ipv6; /* any IPv6 address at all */
};

static void see_address(const struct nlmsghdr *header, struct marks *marks)
{
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	int left = (int)IFA_PAYLOAD(header);
	if (message->ifa_index != LOOPBACK_INDEX)
		marks->others = true;
	if (message->ifa_family == AF_INET6)
		marks->ipv6 = true;
	for (struct rtattr *a = IFA_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left))
		for (size_t i = 0; i < LOOPBACK_ADDED; i++)
			if (a->rta_type == IFA_ADDRESS && message->ifa_family == loopback_added[i].family &&
			    message->ifa_prefixlen == LOOPBACK_PREFIX && RTA_PAYLOAD(a) == loopback_added[i].length &&
			    memcmp(RTA_DATA(a), loopback_added[i].bytes, loopback_added[i].length) == 0)
				marks->address[i] = true;
}

static void see_link(const struct nlmsghdr *header, struct marks *marks)
{
	const struct ifinfomsg *message = NLMSG_DATA(header);
	/* sit0, tunl0 and their like appear, down, in every new namespace once their module is loaded. */
	if ((message->ifi_flags & IFF_UP) == 0)
		return;
	if (message->ifi_index == LOOPBACK_INDEX)
		marks->lo_up = true;
	else
		marks->others = true;
}

/* Asks for all objects of a kind and shows each to see(). */
static bool dump(int netlink, unsigned short type, void (*see)(const struct nlmsghdr *, struct marks *), struct marks *marks)
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
			see(h, marks);
		}
	}
}

bool loopback_is_isolated(void)
{
	struct marks marks = {0};
	int netlink = loopback_netlink();
	if (netlink < 0)
		return false;
	bool seen = dump(netlink, RTM_GETADDR, see_address, &marks) && marks.address[0] && !marks.others &&
		    (marks.address[1] || !marks.ipv6) && dump(netlink, RTM_GETLINK, see_link, &marks);
	close(netlink);
	return seen && marks.lo_up && !marks.others;
}
