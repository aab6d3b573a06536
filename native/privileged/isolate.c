// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_addr.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "privileged/isolate.h"

const struct destination loopback_added[LOOPBACK_ADDED] = {
	{.family = AF_INET, .address = {10, 0, 0, 1}},
	{.family = AF_INET6, .address = {0x00, 0xfd, [15] = 1}},
};

static unsigned char address_length(const struct destination *address)
{
	return address->family == AF_INET ? 4 : 16;
}

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

/* Closes fd, unless it is -1, and preserves errno. Returns result unchanged, for use in a return statement. */
static bool close_after(int fd, bool result)
{
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return result;
}

/* A request to rtnetlink(7), or the reply. */
union netlink_message {
	struct nlmsghdr header;
	char bytes[256];
};

/* Returns a request to create or change the object that data describes. put() adds attributes. */
static union netlink_message make_request(unsigned short type, const void *data, size_t size)
{
	union netlink_message request = {.header = {
						 .nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
						 .nlmsg_type = type,
						 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE,
					 }};
	memcpy(NLMSG_DATA(&request.header), data, size);
	return request;
}

static void put(union netlink_message *request, unsigned short type, const void *data, unsigned short length)
{
	struct rtattr *attribute = (struct rtattr *)(request->bytes + NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), data, length);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

/* Sends a request to the kernel and waits for the answer. Returns true if the kernel reports success, otherwise false with errno. */
static bool is_granted(int netlink, const union netlink_message *request)
{
	union netlink_message reply;
	const struct nlmsgerr *answer = NLMSG_DATA(&reply.header);
	if (send(netlink, request, request->header.nlmsg_len, 0) < 0)
		return false;
	ssize_t got = recv(netlink, &reply, sizeof reply, 0);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof *answer) || reply.header.nlmsg_type != NLMSG_ERROR) {
		errno = got < 0 ? errno : EPROTO;
		return false;
	}
	errno = -answer->error;
	return errno == 0;
}

static bool add_address(int netlink, const struct destination *address)
{
	const struct ifaddrmsg message = {
		.ifa_family = (unsigned char)address->family,
		.ifa_prefixlen = LOOPBACK_PREFIX,
		.ifa_flags = IFA_F_PERMANENT,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = LOOPBACK_INDEX,
	};
	union netlink_message request = make_request(RTM_NEWADDR, &message, sizeof message);
	put(&request, IFA_LOCAL, address->address, address_length(address));
	put(&request, IFA_ADDRESS, address->address, address_length(address));
	return is_granted(netlink, &request) || errno == EEXIST;
}

/* Makes an address local by a route. Adding the address to lo would delay its use, if it is an IPv6 address (addrconf_dad_work()). */
static bool add_local_route(const struct destination *server)
{
	unsigned char length = address_length(server);
	const struct rtmsg message = {
		.rtm_family = (unsigned char)server->family,
		.rtm_dst_len = (unsigned char)(8 * length),
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	union netlink_message request = make_request(RTM_NEWROUTE, &message, sizeof message);
	put(&request, RTA_DST, server->address, length);
	put(&request, RTA_OIF, &(int){LOOPBACK_INDEX}, sizeof(int));
	int netlink = open_netlink();
	return close_after(netlink, netlink >= 0 && (is_granted(netlink, &request) || errno == EEXIST));
}

/* Brings lo up by netlink. ioctl(2) would need an internet socket, which a BPF program of the cgroup can forbid. */
static bool bring_up(int netlink)
{
	const struct ifinfomsg message = {.ifi_index = LOOPBACK_INDEX, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	const union netlink_message request = make_request(RTM_NEWLINK, &message, sizeof message);
	return is_granted(netlink, &request);
}

/* Returns true if this errno shows that IPv6 is missing, or disabled by the sysctl net.ipv6.conf.*.disable_ipv6 (EACCES). */
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
	int netlink = open_netlink();
	bool done = netlink >= 0 && bring_up(netlink);
	for (size_t i = 0; done && i < LOOPBACK_ADDED; i++)
		done = add_address(netlink, &loopback_added[i]) || (loopback_added[i].family == AF_INET6 && means_no_ipv6(errno));
	return close_after(netlink, done);
}

bool setup_failed(struct setup_error *setup_error, enum step step)
{
	*setup_error = (struct setup_error){step, errno};
	return false;
}

static bool enter_net(struct setup_error *setup_error)
{
	static const char hostname[] = "localhost";
	if (unshare(CLONE_NEWNET) != 0)
		return setup_failed(setup_error, STEP_NET);
	if (!loopback_configure())
		return setup_failed(setup_error, STEP_LOOPBACK);
	/* Set a host name that resolves without a network. Portage sets the same name and also ignores a failure (portage/process.py). */
	if (unshare(CLONE_NEWUTS) != 0)
		setup_failed(setup_error, STEP_UTS);
	else if (sethostname(hostname, sizeof hostname - 1) != 0)
		setup_failed(setup_error, STEP_HOSTNAME);
	return true;
}

/* Mounts a new tmpfs on /dev/shm. The tmpfs has the size of the host's /dev/shm, and has the option noexec if the host's has it. */
static bool mount_shm(void)
{
	struct statfs host;
	char options[64];
	if (statfs("/dev/shm", &host) != 0)
		return false;
	/* If the host's /dev/shm is not a tmpfs, it has no size of its own. Then omit "size", so that the kernel allows half of the memory. */
	snprintf(options, sizeof options, host.f_type == TMPFS_MAGIC ? "mode=1777,size=%llu" : "mode=1777",
		 (unsigned long long)host.f_blocks * (unsigned long long)host.f_bsize);
	unsigned long flags = MS_NOSUID | MS_NODEV | ((host.f_flags & ST_NOEXEC) != 0 ? MS_NOEXEC : 0);
	return mount("tmpfs", "/dev/shm", "tmpfs", flags, options) == 0;
}

/*
 * Returns true if message queues are mounted on /dev/mqueue. The files there are the queues of the IPC namespace in which they were mounted, and
 * a process of any IPC namespace can open and use them (mqueue_get_tree() in ipc/mqueue.c).
 */
static bool has_mounted_queues(void)
{
	enum { MQUEUE_MAGIC = 0x19800202 }; /* f_type of the file system of message queues (ipc/mqueue.c); linux/magic.h lacks it */
	struct statfs host;
	return statfs("/dev/mqueue", &host) == 0 && host.f_type == MQUEUE_MAGIC;
}

/* Enters a new mount namespace, and mounts a new /dev/shm for ISOLATE_SHM. If queues is true, also mounts the message queues of the new IPC namespace on /dev/mqueue; a failure of this mount is no error. */
static bool enter_mounts(unsigned isolation, bool queues, struct setup_error *setup_error)
{
	if (unshare(CLONE_NEWNS) != 0)
		return setup_failed(setup_error, STEP_MOUNTS);
	/* systemd makes / a shared mount. Without MS_SLAVE the mounts of the phase would appear on the host. */
	if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) != 0)
		return setup_failed(setup_error, STEP_SLAVE);
	if (queues && mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		setup_failed(setup_error, STEP_MQUEUE);
	return (isolation & ISOLATE_SHM) == 0 || mount_shm() || setup_failed(setup_error, STEP_SHM);
}

static bool enter_namespaces(unsigned isolation, struct setup_error *setup_error)
{
	if ((isolation & ISOLATE_IPC) != 0 && unshare(CLONE_NEWIPC) != 0)
		return setup_failed(setup_error, STEP_IPC);
	if ((isolation & ISOLATE_NET) != 0 && !enter_net(setup_error))
		return false;
	/* A phase can run without a private /dev/shm and /dev/mqueue. So a missing mount namespace is an error only if the new /proc or --mount needs it. */
	bool required = (isolation & (ISOLATE_PROC | ISOLATE_MOUNT)) != 0;
	bool queues = (isolation & ISOLATE_IPC) != 0 && has_mounted_queues();
	if (((isolation & ISOLATE_MOUNTS) != 0 || queues) && !enter_mounts(isolation, queues, setup_error) && required && setup_error->step != STEP_SHM)
		return false;
	if ((isolation & ISOLATE_PID) != 0 && unshare(CLONE_NEWPID) != 0)
		return setup_failed(setup_error, STEP_PID);
	return true;
}

bool isolate(const struct identity *identity, unsigned isolation, struct setup_error *setup_error)
{
	*setup_error = (struct setup_error){STEP_NONE, 0};
	if (!privilege_raise(identity))
		return setup_failed(setup_error, STEP_DROP);
	bool entered = enter_namespaces(isolation, setup_error);
	privilege_lower(identity);
	return entered;
}

bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error)
{
	if (!privilege_raise(identity))
		return setup_failed(setup_error, STEP_DROP);
	bool mounted = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 || setup_failed(setup_error, STEP_PROC);
	privilege_lower(identity);
	return mounted;
}

static int open_dns_socket(const struct destination *server, int type)
{
	union socket_address name = {0};
	bool six = server->family == AF_INET6;
	name.any.sa_family = (sa_family_t)server->family;
	/* Set the port for both families: struct sockaddr_in has it at the same offset. */
	name.in6.sin6_port = htons(DNS_PORT);
	memcpy(six ? (void *)&name.in6.sin6_addr : (void *)&name.in.sin_addr, server->address, address_length(server));
	int fd = socket(server->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* lo does not have the address of the name server: only a local route exists. bind(2) accepts such an IPv6 address only with this option. */
	setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_FREEBIND : IP_FREEBIND, &(int){1}, sizeof(int));
	bool open = bind(fd, &name.any, six ? sizeof name.in6 : sizeof name.in) == 0 && (type == SOCK_DGRAM || listen(fd, 64) == 0);
	if (open)
		return fd;
	close_after(fd, false);
	return -1;
}

bool dns_sockets_open(const struct identity *identity, const struct destination *server, int fds[2])
{
	if (!privilege_raise(identity))
		return false;
	if (add_local_route(server)) {
		fds[0] = open_dns_socket(server, SOCK_DGRAM);
		fds[1] = fds[0] < 0 ? -1 : open_dns_socket(server, SOCK_STREAM);
	}
	privilege_lower(identity);
	return fds[1] >= 0;
}
