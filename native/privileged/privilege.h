/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identity and the privileges of confine. If confine is set-user-ID root, its privileges are in force only between privilege_raise()
 * and privilege_lower(). All other code runs with the caller's effective user ID and without capabilities. In other modes these
 * functions do nothing. They use system calls directly, because a preloaded library such as fakeroot can replace those of the C library.
 */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include "util/base.h"

enum mode {
	MODE_NONE,   /* no namespace was created */
	MODE_ROOT,   /* the caller is root and has CAP_SYS_ADMIN */
	MODE_SETUID, /* confine is set-user-ID root, and the caller is not root */
	MODE_USERNS, /* confine has no privileges, so it uses a new user namespace */
};

extern const char *const mode_names[];

struct identity {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	uint64_t effective, permitted; /* capabilities, one bit each */
	bool secure;		       /* AT_SECURE of getauxval(3): the exec of confine has changed credentials */
	enum mode mode;		       /* the available mode with the most rights */
};

/* Reads the ids and capabilities of this process. Returns false with errno. */
bool identity_read_credentials(struct identity *identity);

/* Reads the credentials, AT_SECURE and the mode. Returns false with errno. */
bool identity_read(struct identity *identity);

bool identity_has_capability(const struct identity *identity, int capability);

/*
 * Suspends the privileges of a set-user-ID start. Must be called before anything is read or opened. Keeps the saved user ID 0, so that the
 * caller can neither trace this process nor change its limits (prlimit(2)), and three permitted capabilities that are not in force. If
 * confine has other privileges (set-group-ID, file capabilities, not enough capabilities), drops all of them permanently. Returns false
 * with errno.
 */
bool privilege_suspend(const struct identity *identity);

/*
 * Puts CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_BIND_SERVICE in force until privilege_lower(). Only functions in privileged/ may call it,
 * and until privilege_lower() they may call only functions in privileged/ and the C library (scripts/audit-privileged). They must not
 * write messages, because stderr belongs to the caller. Returns false with errno.
 */
bool privilege_raise(const struct identity *identity);

/* Ends the effect of privilege_raise(). Exits with EXIT_REFUSED on failure. Preserves errno. */
void privilege_lower(const struct identity *identity);

/*
 * Drops all privileges permanently and verifies it: ids, permitted and effective capabilities. Sets no_new_privs, because a set-user-ID
 * program must not run with privileges in namespaces that the caller has chosen. Returns false with errno.
 */
bool privilege_drop(const struct identity *identity);

#endif
