/* A watched system call: its arguments and the addresses in it. */
#ifndef REQUEST_H
#define REQUEST_H

#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "watcher/network_log.h"
#include "watcher/syscalls.h"
#include "watcher/target.h"

enum { REQUEST_ADDRESSES = 1024 }; /* most messages of one sendmmsg (UIO_MAXIOV in net/socket.c) */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage whole;
};

struct request {
	enum watched_call call; /* never CALL_SOCKETCALL */
	uint64_t arguments[6];
	bool is_socketcall; /* the arguments were in memory (socketcall(2)) */
	int fd;
	union socket_address name; /* of a connect: the bytes that were in memory */
	uint32_t name_length;
	struct destination to[REQUEST_ADDRESSES]; /* internet addresses only; their protocol is "" */
	size_t count;
	int unreadable; /* errno, if part of the target's memory could not be read; otherwise 0 */
};

/* Reads the arguments and addresses of a target's call. Returns false if the call is not in the table of syscalls.c. */
bool request_read(struct request *request, const struct target *target, const struct seccomp_data *data);

/* Whether this is a socketcall(2) that creates a socket. The filter reports it only if socket families are restricted. */
bool request_creates_socket(const struct seccomp_data *data);

/*
 * Converts a socket address to a destination; its protocol is "". An IPv4-mapped IPv6 address becomes AF_INET. sending: the address is that
 * of a datagram, where AF_UNSPEC means AF_INET. Returns false for other families.
 */
bool destination_read(struct destination *to, const union socket_address *address, size_t length, bool sending);

/* Whether family, address and port are the same. */
bool destination_equals(const struct destination *a, const struct destination *b);

/* 127/8, ::1 and the unspecified addresses, which connect(2) treats as loopback. */
bool destination_is_loopback(const struct destination *to);

/* Whether a connect goes to the existing path socket of a daemon of the host that resolves names (nscd, systemd-resolved). */
bool request_is_to_host_resolver(const struct request *request);

#endif
