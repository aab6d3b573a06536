#include <fcntl.h>
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
#include "util/text.h"

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

/* The inode number of the first IPC namespace (include/linux/proc_ns.h, PROC_IPC_INIT_INO). */
#define FIRST_IPC_INODE 0xEFFFFFFFUL

/* Portage sets it in the UTS namespace that it makes together with the network's. */
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

/* Whether process 1 is Portage's: "python .../pid-ns-init UID ...", root's and so not to be imitated by a build. */
static bool under_portages_init(void)
{
	char text[4096];
	struct stat status;
	int fd = open("/proc/1/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof text - 1);
	bool roots = fstat(fd, &status) == 0 && status.st_uid == 0;
	close(fd);
	if (length <= 0 || !roots)
		return false;
	text[length] = '\0';
	return text_is_portages_init(text, (size_t)length);
}

struct inherited inherited_from_portage(bool want_net, bool want_ipc, bool want_pid)
{
	bool net = (want_net || want_ipc) && loopback_is_isolated() && hostname_is_localhost();
	bool pid = (want_pid || (want_ipc && !net)) && under_portages_init();
	return (struct inherited){
		.net = want_net && net,
		.portage_net = want_net && net,
		.ipc = want_ipc && (net || pid) && !in_first_ipc_namespace(),
		.pid = want_pid && pid,
	};
}
