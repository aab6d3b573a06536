/* From a notification to the addresses that the call names. */
#ifndef AUDIT_CALLS_H
#define AUDIT_CALLS_H

#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "watcher/syscalls.h"
#include "watcher/network_log.h"

enum { REQUEST_ADDRESSES = 1024 }; /* of one sendmmsg: the kernel sends no more (UIO_MAXIOV in net/socket.c) */

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
	bool indirect; /* they were in the process' memory (socketcall(2)) */
	int fd;
	union socket_address name; /* of a connect, as it was in memory */
	uint32_t name_length;
	struct destination to[REQUEST_ADDRESSES];
	size_t count;
	bool unreadable; /* the process' memory could not be read */
};

/*
 * Reads what the call of a notification names, from a process that is stopped in it. to holds internet addresses only, with
 * an empty protocol. Returns false for what is not in the table.
 */
bool request_read(struct request *request, const struct seccomp_notif *notification);

/* Whether a notification is about a socketcall(2) that makes a socket: it comes only where families are restricted. */
bool request_makes_socket(const struct seccomp_notif *notification);

/* 127/8, ::1, and the unspecified addresses, which mean the same to connect(2): what never leaves. */
bool destination_is_loopback(const struct destination *to);

/* Whether a connect names a path socket, which is there, of a daemon that looks names up for others. */
bool request_is_to_host_resolver(const struct request *request);

#endif
