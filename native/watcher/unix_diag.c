// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the kernel which UNIX sockets of a network namespace are bound to a file (sock_diag(7)). */
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "watcher/internal.h"

int unix_diag_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

/* Returns true if the message describes a socket that is bound to this file. */
static bool is_bound_to(const struct nlmsghdr *message, uint32_t inode)
{
	size_t header = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct unix_diag_msg)));
	const char *bytes = (const char *)message;
	struct nlattr attribute;
	for (size_t at = header; at + sizeof attribute <= message->nlmsg_len; at += NLA_ALIGN(attribute.nla_len)) {
		struct unix_diag_vfs file;
		memcpy(&attribute, bytes + at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > message->nlmsg_len)
			return false;
		if (attribute.nla_type != UNIX_DIAG_VFS || attribute.nla_len < NLA_HDRLEN + sizeof file)
			continue;
		memcpy(&file, bytes + at + NLA_HDRLEN, sizeof file);
		/* Ignore the device: for btrfs and overlayfs it differs from that of stat(2). */
		if (file.udiag_vfs_ino == inode)
			return true;
	}
	return false;
}

bool unix_diag_has(int diag, uint32_t inode)
{
	const struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} dump = {
		.header = {.nlmsg_len = sizeof dump, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = AF_UNIX, .udiag_states = ~0U, .udiag_show = UDIAG_SHOW_VFS},
	};
	_Alignas(struct nlmsghdr) char answer[16384];
	bool found = false;
	if (diag < 0 || send(diag, &dump, sizeof dump, 0) != (ssize_t)sizeof dump)
		return false;
	for (;;) {
		ssize_t got = recv(diag, answer, sizeof answer, MSG_DONTWAIT);
		if (got <= 0)
			return found;
		unsigned length = (unsigned)got;
		for (const struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				return found;
			found = found || is_bound_to(message, inode);
		}
	}
}
