// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "privileged/isolate.h"
#include "privileged/privilege.h"

const struct loopback_address loopback_added[LOOPBACK_ADDED] = {
	{AF_INET, {10, 0, 0, 1}, 4},
	{AF_INET6, {0x00, 0xfd, [15] = 1}, 16},
};

int loopback_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

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

/* Sends a request with NLM_F_ACK and waits for the answer. Returns true if it reports success, otherwise false with errno. */
static bool request_is_granted(int netlink, const struct nlmsghdr *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr answer;
		char rest[sizeof(struct add_request)];
	} reply;
	if (send(netlink, request, request->nlmsg_len, 0) < 0)
		return false;
	ssize_t got = recv(netlink, &reply, sizeof reply, 0);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof reply.answer) || reply.header.nlmsg_type != NLMSG_ERROR) {
		errno = got < 0 ? errno : EPROTO;
		return false;
	}
	errno = -reply.answer.error;
	return errno == 0;
}

static bool add_address(int netlink, const struct loopback_address *address)
{
	struct add_request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.message),
			   .nlmsg_type = RTM_NEWADDR,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.message = {.ifa_family = address->family,
			    .ifa_prefixlen = LOOPBACK_PREFIX,
			    .ifa_flags = IFA_F_PERMANENT,
			    .ifa_scope = RT_SCOPE_UNIVERSE,
			    .ifa_index = LOOPBACK_INDEX},
	};
	put(&request.header, IFA_LOCAL, address->bytes, address->length);
	put(&request.header, IFA_ADDRESS, address->bytes, address->length);
	return request_is_granted(netlink, &request.header) || errno == EEXIST;
}

/* Adds a route of type local, not an address: the kernel delays the use of a new IPv6 address (addrconf_dad_work()). */
bool loopback_add_local(int family, const unsigned char *address, unsigned short length)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg message;
		char attributes[RTA_SPACE(16) + RTA_SPACE(sizeof(int))];
	} request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.message),
			   .nlmsg_type = RTM_NEWROUTE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.message = {.rtm_family = (unsigned char)family,
			    .rtm_dst_len = (unsigned char)(8 * length),
			    .rtm_table = RT_TABLE_LOCAL,
			    .rtm_protocol = RTPROT_BOOT,
			    .rtm_scope = RT_SCOPE_HOST,
			    .rtm_type = RTN_LOCAL},
	};
	put(&request.header, RTA_DST, address, length);
	put(&request.header, RTA_OIF, &(int){LOOPBACK_INDEX}, sizeof(int));
	int netlink = loopback_netlink();
	bool added = netlink >= 0 && (request_is_granted(netlink, &request.header) || errno == EEXIST);
	int saved = errno;
	if (netlink >= 0)
		close(netlink);
	errno = saved;
	return added;
}

/* Brings lo up by netlink. ioctl(2) would need an internet socket, which a BPF program of the cgroup can forbid. */
static bool bring_up(int netlink)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg message;
	} request = {
		.header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_NEWLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.message = {.ifi_index = LOOPBACK_INDEX, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
	};
	return request_is_granted(netlink, &request.header);
}

/* Returns whether this errno shows that the kernel has no IPv6 or has disabled it (net.ipv6.conf.*.disable_ipv6: EACCES). */
static bool means_no_ipv6(int error)
{
	return error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EACCES;
}

/*
 * Brings lo up and adds 10.0.0.1/8 and fd::1/8, as Portage does. If lo has only loopback addresses, getaddrinfo() with AI_ADDRCONFIG does
 * not resolve "localhost" (bugs.gentoo.org/690758). A kernel without IPv6 is not an error. Returns false with errno.
 */
static bool loopback_configure(void)
{
	int netlink = loopback_netlink();
	bool done = netlink >= 0 && bring_up(netlink);
	for (size_t i = 0; done && i < LOOPBACK_ADDED; i++)
		done = add_address(netlink, &loopback_added[i]) || (loopback_added[i].family == AF_INET6 && means_no_ipv6(errno));
	int saved = errno;
	if (netlink >= 0)
		close(netlink);
	errno = saved;
	return done;
}

static bool failed(struct setup_error *setup_error, enum step step)
{
	*setup_error = (struct setup_error){step, errno};
	return false;
}

static bool enter_net(struct setup_error *setup_error)
{
	static const char hostname[] = "localhost";
	if (unshare(CLONE_NEWNET) != 0)
		return failed(setup_error, STEP_NET);
	if (!loopback_configure())
		return failed(setup_error, STEP_LOOPBACK);
	/* Without a network, a build can resolve no host name but localhost. Portage sets the same name and ignores a failure (portage/process.py). */
	if (unshare(CLONE_NEWUTS) != 0)
		failed(setup_error, STEP_UTS);
	else if (sethostname(hostname, sizeof hostname - 1) != 0)
		failed(setup_error, STEP_HOSTNAME);
	return true;
}

/* Mounts a tmpfs on /dev/shm, which has the size of the file system there and is noexec if that one is. */
static bool mount_shm(void)
{
	struct statfs host;
	char options[64];
	if (statfs("/dev/shm", &host) != 0)
		return false;
	/* If /dev/shm is a directory of another file system, its size means nothing. Without "size", the kernel uses half of the memory. */
	snprintf(options, sizeof options, host.f_type == TMPFS_MAGIC ? "mode=1777,size=%llu" : "mode=1777",
		 (unsigned long long)host.f_blocks * (unsigned long long)host.f_bsize);
	unsigned long flags = MS_NOSUID | MS_NODEV | ((host.f_flags & ST_NOEXEC) != 0 ? MS_NOEXEC : 0);
	return mount("tmpfs", "/dev/shm", "tmpfs", flags, options) == 0;
}

static bool enter_mounts(unsigned isolation, struct setup_error *setup_error)
{
	if (unshare(CLONE_NEWNS) != 0)
		return failed(setup_error, STEP_MOUNTS);
	/* systemd makes / a shared mount. Without MS_SLAVE the mounts of the phase would appear on the host. */
	if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) != 0)
		return failed(setup_error, STEP_SLAVE);
	return (isolation & ISOLATE_SHM) == 0 || mount_shm() || failed(setup_error, STEP_SHM);
}

static bool enter_namespaces(unsigned isolation, struct setup_error *setup_error)
{
	if ((isolation & ISOLATE_IPC) != 0 && unshare(CLONE_NEWIPC) != 0)
		return failed(setup_error, STEP_IPC);
	if ((isolation & ISOLATE_NET) != 0 && !enter_net(setup_error))
		return false;
	if ((isolation & ISOLATE_MOUNTS) != 0 && !enter_mounts(isolation, setup_error)) {
		/* A private /dev/shm is not required. */
		bool required = setup_error->step != STEP_SHM && (isolation & (ISOLATE_PROC | ISOLATE_MOUNT)) != 0;
		if (required)
			return false;
	}
	if ((isolation & ISOLATE_PID) != 0 && unshare(CLONE_NEWPID) != 0)
		return failed(setup_error, STEP_PID);
	return true;
}

bool isolate(const struct identity *identity, unsigned isolation, struct setup_error *setup_error)
{
	*setup_error = (struct setup_error){STEP_NONE, 0};
	if (!privilege_raise(identity))
		return failed(setup_error, STEP_DROP);
	bool entered = enter_namespaces(isolation, setup_error);
	privilege_lower(identity);
	return entered;
}

bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error)
{
	if (!privilege_raise(identity))
		return failed(setup_error, STEP_DROP);
	bool mounted = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 || failed(setup_error, STEP_PROC);
	privilege_lower(identity);
	return mounted;
}
