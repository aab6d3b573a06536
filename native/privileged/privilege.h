/* Who calls, as the kernel knows it: libc's answers can be forged by what is preloaded (fakeroot does). */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum mode {
	MODE_NONE,   /* nothing had to be made, or nothing could be */
	MODE_ROOT,   /* root with CAP_SYS_ADMIN: as is */
	MODE_SETUID, /* this file is set-user-id root and somebody else started it; never taken for root, whose effective uid is 0 too */
	MODE_USERNS, /* everybody else: through a user namespace */
};

extern const char *const mode_names[];

struct identity {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	uint64_t effective, permitted; /* capabilities, a bit each */
	bool secure;		       /* AT_SECURE: the kernel says this start changed credentials */
	enum mode mode;		       /* the first of root, setuid, userns that this start may try */
};

/* Reads ids and capabilities as they are now, and nothing else. Returns false with errno. */
bool identity_read_credentials(struct identity *identity);

/* Reads all of it. Returns false with errno. */
bool identity_read(struct identity *identity);

bool identity_has_capability(const struct identity *identity, int capability);

/*
 * The rights of a set-user-id start, and when they are in force. All other code runs as the caller, with the effective user id and
 * without the capabilities; in every mode but setuid nothing here does anything.
 */

/*
 * To be called before anything is read or opened. What our file gave us is put aside: kept are the saved uid 0, so that the
 * caller can neither trace us nor set limits for us (prlimit(2)), and three permitted capabilities, none in force. Where the
 * file gave less than mode setuid needs, or something else (set-group-id, file capabilities), all of it is given up for good.
 * Returns false with errno.
 */
bool privilege_suspend(const struct identity *identity);

/*
 * Puts CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_BIND_SERVICE in force until privilege_lower(). Only code in privileged/ may raise, and
 * it may call nothing outside (scripts/audit-privileged). Write no message in between: stderr is the caller's. False with errno.
 */
bool privilege_raise(const struct identity *identity);

/* Ends the process where it can't be done. Keeps errno. */
void privilege_lower(const struct identity *identity);

/*
 * Becomes the caller for good and makes sure of it: ids, no permitted and no effective capability, no way back, and none through
 * a set-id program either: no_new_privs. Nobody's privileges may serve in a network, under a host name and among process ids that the
 * caller had us make. Returns false with errno where anything is not as it must be.
 */
bool privilege_drop(const struct identity *identity);

#endif
