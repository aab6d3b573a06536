// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "privileged/isolate.h"
#include "watcher/watcher_internal.h"

struct diag_request {
	struct nlmsghdr header;
	union {
		struct inet_diag_req_v2 inet;
		struct unix_diag_req un;
	} query;
};

/* Selects UNIX sockets by the value of one attribute (linux/unix_diag.h). */
struct wanted_attribute {
	unsigned short type;
	const void *value;
	size_t length;
	size_t room; /* length of the attribute in bytes, if value must equal only its first bytes; 0: value must equal the whole attribute */
};

int socket_diag_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static void add_inode(struct socket_inodes *found, uint32_t inode)
{
	if (found->count < SOCKET_INODES)
		found->inodes[found->count++] = inode;
}

/* Adds the UNIX socket in a message to found if it has the wanted attribute. Omits connected sockets other than datagram sockets, because an accepted socket has the same address as the listening one. */
static void add_unix_socket(const struct nlmsghdr *header, const struct wanted_attribute *wanted, struct socket_inodes *found)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof *message))
		return;
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);
	size_t length = wanted->room == 0 ? wanted->length : wanted->room;
	if (message->udiag_type != SOCK_DGRAM && message->udiag_state == TCP_ESTABLISHED)
		return;
	for (const struct rtattr *a = (const struct rtattr *)(message + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == wanted->type && RTA_PAYLOAD(a) == length && memcmp(RTA_DATA(a), wanted->value, wanted->length) == 0)
			add_inode(found, message->udiag_ino);
}

/* Handles one message of the kernel's reply. Returns true if this message is the last one. Sets *failed to true if the message reports an error. */
static bool handle_message(const struct nlmsghdr *header, const struct wanted_attribute *wanted, struct socket_inodes *found, bool *failed)
{
	if (header->nlmsg_type == NLMSG_DONE)
		return true;
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *result = NLMSG_DATA(header);
		*failed = header->nlmsg_len < NLMSG_LENGTH(sizeof result->error) || (result->error != 0 && result->error != -ENOENT);
		return true;
	}
	if (wanted != NULL)
		add_unix_socket(header, wanted, found);
	else if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		add_inode(found, ((const struct inet_diag_msg *)NLMSG_DATA(header))->idiag_inode);
	return (header->nlmsg_flags & NLM_F_MULTI) == 0;
}

/* Sends a request to the kernel and adds the sockets in the reply to found. wanted: attribute of the wanted UNIX sockets, or NULL for internet sockets. Returns false if the kernel gives no answer. */
static bool request_sockets(int diag, struct diag_request *request, const struct wanted_attribute *wanted, struct socket_inodes *found)
{
	_Alignas(struct nlmsghdr) char buffer[32768];
	size_t length = NLMSG_LENGTH(wanted != NULL ? sizeof request->query.un : sizeof request->query.inet);
	bool failed = false;
	request->header.nlmsg_len = (uint32_t)length;
	request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->header.nlmsg_flags |= NLM_F_REQUEST;
	if (send(diag, request, length, 0) != (ssize_t)length)
		return false;
	for (;;) {
		struct sockaddr_nl sender = {0};
		socklen_t size = sizeof sender;
		ssize_t got = recvfrom(diag, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
		if (got <= 0)
			return false;
		/* Ignore messages whose sender is not the kernel (port 0), because a process with CAP_NET_ADMIN in this network namespace can send messages to this socket too. */
		if (sender.nl_pid != 0)
			continue;
		size_t left = (size_t)got;
		for (const struct nlmsghdr *h = (const struct nlmsghdr *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			if (handle_message(h, wanted, found, &failed))
				return !failed;
	}
}

/* Finds the socket to which the kernel would deliver a TCP segment or a datagram from an unknown address (inet_lookup() and udp4_lib_lookup() in the kernel). */
static bool find_receiver(int diag, int protocol, const struct destination *to, struct socket_inodes *found)
{
	struct diag_request request = {.query.inet = {.sdiag_family = (uint8_t)to->family, .sdiag_protocol = (uint8_t)protocol}};
	struct inet_diag_sockid *id = &request.query.inet.id;
	/* Write the address to the member for the source (TCP) or for the destination (UDP), where the kernel expects it (udp_dump_one() in net/ipv4/udp_diag.c). */
	memcpy(protocol == IPPROTO_TCP ? id->idiag_src : id->idiag_dst, to->address, to->family == AF_INET ? 4 : 16);
	*(protocol == IPPROTO_TCP ? &id->idiag_sport : &id->idiag_dport) = htons(to->port);
	id->idiag_if = LOOPBACK_INDEX;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return request_sockets(diag, &request, NULL, found);
}

static bool find_by_port(int diag, int protocol, int family, uint16_t port, struct socket_inodes *found)
{
	struct diag_request request = {.header.nlmsg_flags = NLM_F_DUMP,
				       .query.inet = {.sdiag_family = (uint8_t)family, .sdiag_protocol = (uint8_t)protocol}};
	request.query.inet.idiag_states = protocol == IPPROTO_TCP ? 1U << TCP_LISTEN : UINT32_MAX;
	request.query.inet.id.idiag_sport = htons(port);
	return request_sockets(diag, &request, NULL, found);
}

bool socket_diag_find_port(int diag, int protocol, uint16_t port, struct socket_inodes *found)
{
	found->count = 0;
	return port == 0 || (find_by_port(diag, protocol, AF_INET6, port, found) && find_by_port(diag, protocol, AF_INET, port, found));
}

bool socket_diag_find(int diag, int protocol, const struct destination *to, struct socket_inodes *found)
{
	/* Search by the port alone if the address is 0.0.0.0 or ::, which the kernel replaces by the source address (ip_route_output_key_hash_rcu() in net/ipv4/route.c). */
	if (destination_is_unspecified(to))
		return socket_diag_find_port(diag, protocol, to->port, found);
	found->count = 0;
	if (!find_receiver(diag, protocol, to, found))
		return false;
	/* If none is found, search a UDP port of loopback by the port alone: find_receiver() does not find connected UDP sockets. */
	return protocol == IPPROTO_TCP || found->count > 0 || !destination_is_loopback(to) || socket_diag_find_port(diag, protocol, to->port, found);
}

static bool find_unix(int diag, uint32_t show, const struct wanted_attribute *wanted, struct socket_inodes *found)
{
	struct diag_request request = {.header.nlmsg_flags = NLM_F_DUMP,
				       .query.un = {.sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_show = show}};
	found->count = 0;
	return request_sockets(diag, &request, wanted, found);
}

bool socket_diag_find_abstract(int diag, const char *name, size_t length, struct socket_inodes *found)
{
	return find_unix(diag, UDIAG_SHOW_NAME, &(struct wanted_attribute){.type = UNIX_DIAG_NAME, .value = name, .length = length}, found);
}

bool socket_diag_has_file(int diag, uint32_t inode)
{
	struct socket_inodes found;
	/* Compare only the inode, the first member of struct unix_diag_vfs, because on btrfs and overlayfs the device differs from that of stat(2). */
	const struct wanted_attribute wanted = {UNIX_DIAG_VFS, &inode, sizeof inode, sizeof(struct unix_diag_vfs)};
	return find_unix(diag, UDIAG_SHOW_VFS, &wanted, &found) && found.count > 0;
}
