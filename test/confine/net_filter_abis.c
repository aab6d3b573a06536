// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests the network filter by the system calls of each ABI of an x86-64 kernel: connects to a server of this program, which is permitted, and to
 * servers of the host, at the loopback ports in the variables HOST_TCP and HOST_UDP. Prints the results.
 */
#include "../egress/client.h"
#include "../egress/system_calls.h"

static const char *connect_new(enum abi abi, const union address *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	union address peer;
	socklen_t length = sizeof peer;
	connect_by(abi, fd, address, sizeof address->in);
	const char *result = getpeername(fd, &peer.any, &length) == 0 ? "connected" : "refused";
	close(fd);
	return result;
}

int main(void)
{
	static const char *const names[ABIS] = {"libc", "x32", "i386", "socketcall"};
	union address tcp, udp, own;
	set_address(&tcp, "127.0.0.1", getenv("HOST_TCP"));
	set_address(&udp, "127.0.0.1", getenv("HOST_UDP"));
	size = set_address(&own, "127.0.0.1", "0");
	int server = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, &own.any, size) != 0 || listen(server, ABIS) != 0 || getsockname(server, &own.any, &size) != 0)
		fail("server");
	for (enum abi abi = 0; abi < ABIS; abi++) {
		printf("%s: own %s, host %s\n", names[abi], connect_new(abi, &own), connect_new(abi, &tcp));
		fast_open_by(abi, stream, &tcp, size);
		fast_open_by(abi, datagrams, &udp, size);
	}
	enum { RAW = 3, /* values of SOCK_RAW, SOCK_SEQPACKET and SO_BINDTODEVICE */
	       SEQPACKET = 5,
	       BIND_TO_DEVICE = 25 };
	printf("setsockopt %ld %ld, raw %ld %ld, SCTP %ld %ld\n", i386(366, (uint32_t)stream, SOL_SOCKET, BIND_TO_DEVICE, 0, 0, 0),
	       socketcall(14, (uint32_t)stream, SOL_SOCKET, BIND_TO_DEVICE, 0, 0, 0), i386(359, AF_INET, RAW, IPPROTO_UDP, 0, 0, 0),
	       socketcall(1, AF_INET, RAW, IPPROTO_UDP, 0, 0, 0), i386(359, AF_INET, SEQPACKET, 0, 0, 0, 0), socketcall(1, AF_INET, SEQPACKET, 0, 0, 0, 0));
	return 0;
}
