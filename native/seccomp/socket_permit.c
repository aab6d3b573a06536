// SPDX-License-Identifier: GPL-2.0-or-later
/* Include this header before <sys/socket.h>: if SO_PASSCRED is already defined, as by musl, this header omits SO_RCVTIMEO_OLD and SO_SNDTIMEO_OLD (include/uapi/asm-generic/socket.h). */
#include <asm/socket.h>

#include "seccomp/socket_permit.h"

#include "options/allow_list.h"

#include <sys/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ioctl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* defined in the headers of Linux 6.5 and later (include/uapi/asm-generic/socket.h) */
#endif
#ifndef SOL_TCP
#define SOL_TCP 6
#endif
enum { LEVEL_TLS = 282,
       LEVEL_MPTCP = 284,
       LEVEL_SMC = 286 }; /* levels that headers of the C library may lack; values from the kernel's include/linux/socket.h */

/*
 * The permitted options of each level. The first line of each list has the options that programs set before they connect or send a DNS query. The
 * watcher copies only these when it replaces a program's socket by a new one, because each option costs a system call per connection. TCP_FASTOPEN_CONNECT is not permitted,
 * because with it the kernel connects only when the program sends data.
 */
static const uint32_t of_socket[] = {
	SO_KEEPALIVE, SO_LINGER, SO_SNDTIMEO_OLD, SO_RCVTIMEO_OLD, SO_OOBINLINE, SO_PRIORITY, SO_BROADCAST,
	SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_RCVLOWAT, SO_PEEK_OFF,
	SO_SNDTIMEO_NEW, SO_RCVTIMEO_NEW, SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD, SO_RXQ_OVFL, SO_SELECT_ERR_QUEUE, SO_MAX_PACING_RATE,
	SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW, SO_ZEROCOPY};

static const uint32_t of_tcp[] = {
	TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_CONGESTION, TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT,
	TCP_MAXSEG, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_QUICKACK, TCP_FASTOPEN, TCP_INQ};

/* Multicast options such as IP_ADD_MEMBERSHIP are permitted for UDP sockets, which are in the phase's network. On TCP sockets, which may be in the host's network, the kernel refuses these options (net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c). */
static const uint32_t of_ip[] = {
	IP_TOS, IP_TTL, IP_PKTINFO, IP_RECVERR,
	IP_MTU_DISCOVER, IP_RECVTTL, IP_RECVTOS, IP_BIND_ADDRESS_NO_PORT,
	IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP};

static const uint32_t of_ipv6[] = {
	IPV6_V6ONLY, IPV6_TCLASS, IPV6_UNICAST_HOPS, IPV6_RECVERR, IPV6_RECVPKTINFO,
	IPV6_MTU_DISCOVER, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_DONTFRAG,
	IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_MULTICAST_ALL, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP};

#define NAMES(list) list, sizeof list / sizeof *list

const struct permitted_level permitted_levels[] = {
	{SOL_SOCKET, NAMES(of_socket), 7, 0},
	{SOL_TCP, NAMES(of_tcp), 9, 0},
	{IPPROTO_IP, NAMES(of_ip), 4, AF_INET},
	{IPPROTO_IPV6, NAMES(of_ipv6), 5, AF_INET6},
	{LEVEL_TLS, NULL, 0, 0, 0},
	{LEVEL_MPTCP, NULL, 0, 0, 0},
	{LEVEL_SMC, NULL, 0, 0, 0},
};
const size_t permitted_levels_count = sizeof permitted_levels / sizeof *permitted_levels;

/* The list includes ioctls by which if_nametoindex(3) and Java read data about interfaces. These ioctls change nothing, and /sys has the same data. */
const uint32_t permitted_ioctls[] = {
	FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCATMARK, SIOCGSTAMP_OLD, SIOCGSTAMPNS_OLD, SIOCGSTAMP_NEW, SIOCGSTAMPNS_NEW, SIOCOUTQNSD,
	SIOCGIFNAME, SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU,
	SIOCGIFHWADDR, SIOCGIFINDEX};
const size_t permitted_ioctls_count = sizeof permitted_ioctls / sizeof *permitted_ioctls;

const uint32_t permitted_protocols[] = {0, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_UDPLITE, IPPROTO_MPTCP};
const size_t permitted_protocols_count = sizeof permitted_protocols / sizeof *permitted_protocols;

bool socket_permits_protocol(int family, int type, uint32_t protocol)
{
	if (family != AF_INET && family != AF_INET6)
		return true;
	/* An internet socket of type SOCK_SEQPACKET is an SCTP socket, which is not permitted. */
	if ((type & FAMILIES_TYPE_MASK) == SOCK_SEQPACKET)
		return false;
	for (size_t i = 0; i < permitted_protocols_count; i++)
		if (permitted_protocols[i] == protocol)
			return true;
	return false;
}

bool socket_permits(uint32_t level, uint32_t name)
{
	for (size_t l = 0; l < permitted_levels_count; l++) {
		if (permitted_levels[l].level != level)
			continue;
		for (size_t n = 0; n < permitted_levels[l].count; n++)
			if (permitted_levels[l].names[n] == name)
				return true;
		return false;
	}
	return true;
}
