#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first interface of every network namespace (include/linux/netdevice.h, LOOPBACK_IFINDEX). */
#define LO_INDEX 1

struct address {
	unsigned char family;
	unsigned char bytes[16];
	unsigned char length;
};

static const struct address added[] = {
	{AF_INET, {10, 0, 0, 1}, 4},
	{AF_INET6, {0x00, 0xfd, [15] = 1}, 16},
};
#define PREFIX_BITS 8

struct add_request {
	struct nlmsghdr header;
	struct ifaddrmsg message;
	char attributes[2 * RTA_SPACE(16)];
};

static void put(struct nlmsghdr *header, unsigned short type, const void *data, unsigned short length)
{
	struct rtattr *attribute = (struct rtattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), data, length);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static bool add_address(int netlink, const struct address *address)
{
	struct add_request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.message),
			   .nlmsg_type = RTM_NEWADDR,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.message = {.ifa_family = address->family,
			    .ifa_prefixlen = PREFIX_BITS,
			    .ifa_flags = IFA_F_PERMANENT,
			    .ifa_scope = RT_SCOPE_UNIVERSE,
			    .ifa_index = LO_INDEX},
	};
	put(&request.header, IFA_LOCAL, address->bytes, address->length);
	put(&request.header, IFA_ADDRESS, address->bytes, address->length);
	if (send(netlink, &request, request.header.nlmsg_len, 0) < 0)
		return false;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr answer;
		char rest[sizeof request];
	} reply;
	ssize_t got = recv(netlink, &reply, sizeof reply, 0);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof reply.answer) || reply.header.nlmsg_type != NLMSG_ERROR) {
		errno = got < 0 ? errno : EPROTO;
		return false;
	}
	errno = -reply.answer.error;
	return errno == 0 || errno == EEXIST;
}

static bool bring_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return up;
}

/* What the kernel says of an address family it was built or told to do without (net.ipv6.conf.*.disable_ipv6: EACCES). */
static bool means_no_ipv6(int error)
{
	return error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EACCES;
}

bool loopback_configure(void)
{
	int netlink = open_netlink();
	bool done = netlink >= 0 && bring_up();
	for (size_t i = 0; done && i < sizeof added / sizeof *added; i++)
		done = add_address(netlink, &added[i]) || (added[i].family == AF_INET6 && means_no_ipv6(errno));
	int saved = errno;
	if (netlink >= 0)
		close(netlink);
	errno = saved;
	return done;
}

struct marks {
	bool others;   /* an interface that is not lo, and up */
	bool lo_up;
	bool address[2]; /* in the order of added[] */
	bool ipv6;     /* any IPv6 address at all */
};

static void see_address(const struct nlmsghdr *header, struct marks *marks)
{
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	int left = (int)IFA_PAYLOAD(header);
	if (message->ifa_index != LO_INDEX)
		marks->others = true;
	if (message->ifa_family == AF_INET6)
		marks->ipv6 = true;
	for (struct rtattr *a = IFA_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left))
		for (size_t i = 0; i < 2; i++)
			if (a->rta_type == IFA_ADDRESS && message->ifa_family == added[i].family &&
			    message->ifa_prefixlen == PREFIX_BITS && RTA_PAYLOAD(a) == added[i].length &&
			    memcmp(RTA_DATA(a), added[i].bytes, added[i].length) == 0)
				marks->address[i] = true;
}

static void see_link(const struct nlmsghdr *header, struct marks *marks)
{
	const struct ifinfomsg *message = NLMSG_DATA(header);
	/* sit0, tunl0 and their like appear, down, in every new namespace once their module is loaded. */
	if ((message->ifi_flags & IFF_UP) == 0)
		return;
	if (message->ifi_index == LO_INDEX)
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
	int netlink = open_netlink();
	if (netlink < 0)
		return false;
	bool seen = dump(netlink, RTM_GETADDR, see_address, &marks) && marks.address[0] && !marks.others &&
		    (marks.address[1] || !marks.ipv6) && dump(netlink, RTM_GETLINK, see_link, &marks);
	close(netlink);
	return seen && marks.lo_up && !marks.others;
}
