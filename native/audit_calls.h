/* From a notification to the addresses that the call names. */
#ifndef AUDIT_CALLS_H
#define AUDIT_CALLS_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "audit_filter.h"
#include "audit_table.h"

enum { AUDIT_ADDRESSES = 64 }; /* of one sendmmsg; the rest is not looked at */

struct audit_request {
	enum audit_call call; /* never CALL_SOCKETCALL */
	int fd;
	struct destination to[AUDIT_ADDRESSES];
	size_t count;
	bool path; /* the address is a path socket's: path_name */
	char path_name[108];
	bool unreadable; /* the process' memory could not be read */
};

/*
 * Reads what the call of a notification names, from a process that is stopped in it. to holds internet addresses only, with
 * an empty protocol. Returns false for what is not in the table.
 */
bool audit_request_read(struct audit_request *request, const struct seccomp_notif *notification);

/* 127/8, ::1, and the unspecified addresses, which mean the same to connect(2): what never leaves. */
bool destination_is_loopback(const struct destination *to);

/* Whether a socket of that path, which is there, belongs to a daemon that looks names up for others. */
bool audit_is_host_resolver(const char *path);

#endif
