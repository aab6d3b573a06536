/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the arguments of a watched system call and the socket addresses in them. */
#ifndef REQUEST_H
#define REQUEST_H

#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "watcher/maker.h"
#include "network_log/network_log.h"
#include "seccomp/syscalls.h"
#include "target/target.h"

enum {
	REQUEST_ADDRESSES = 1024,					  /* maximum number of addresses in one call; no call has more, because sendmmsg(2) sends at most UIO_MAXIOV messages (net/socket.c) */
	SOCKET_PATH = sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1, /* room for the path of a UNIX socket, in bytes; one more than in an address, which may lack the final NUL (unix(7)) */
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage whole;
};

/* The abstract name of a UNIX socket without a file (unix(7)). The first byte is 0, and no NUL ends the name. */
struct abstract_name {
	char bytes[SOCKET_PATH];
	size_t length;
};

struct request {
	enum watched_call call; /* kind of the watched call; for socketcall(2), the kind of the call that its first argument selects */
	uint64_t arguments[6];
	bool is_socketcall; /* true if the program made the call by socketcall(2), whose arguments are in memory, where another thread can change them */
	int fd;
	union socket_address name; /* the socket address that was read last from the target's memory, unchanged */
	uint32_t name_length;
	struct destination to[REQUEST_ADDRESSES]; /* the internet addresses in the call; request_read() does not set their member protocol */
	size_t count;
	char paths[REQUEST_ADDRESSES][SOCKET_PATH]; /* the paths of UNIX sockets in the call; a path that equals the one before is omitted */
	size_t path_count;
	struct abstract_name abstracts[REQUEST_ADDRESSES];
	size_t abstract_count;
	bool chooses_route;	/* true if ancillary data of a message may make the kernel send the message through an interface other than loopback */
	bool creates_ipc;	/* true if the call creates an IPC object, provided that none with its key or name exists */
	struct ipc_request ipc; /* the arguments of a call that may create an IPC object; set if creates_ipc is true */
	int unreadable;		/* errno with which reading the target's memory failed; 0: everything was read */
};

/* Reads the arguments and addresses of the target's call. Returns false if the call needs no handling: it is not in the table of syscalls.c, or it is an ipc(2) that creates no object. */
bool request_read(struct request *request, const struct target *target, const struct seccomp_data *data);

/* Converts a socket address to a destination; an IPv4-mapped IPv6 address becomes AF_INET. sending: true for the address of a message to send, where AF_UNSPEC means AF_INET. Returns false if it is not an internet address. */
bool destination_read(struct destination *to, const union socket_address *address, size_t length, bool sending);

/* Converts a destination to an address for a socket of this family. For AF_INET6, an IPv4 address becomes IPv4-mapped. Returns the length of the address in bytes. */
socklen_t destination_write(const struct destination *to, int family, union socket_address *address);

/* Returns true if both destinations have the same family, address and port. Ignores the protocol. */
bool destination_equals(const struct destination *a, const struct destination *b);

/* Returns true if the address is in 127/8 or is ::1, 0.0.0.0 or ::. connect(2) treats the last two as loopback. */
bool destination_is_loopback(const struct destination *to);

#endif
