/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identity and the privileges of confine. If confine is set-user-ID root, its privileges are in force only between privilege_raise()
 * and privilege_lower(). All other code runs with the effective user ID of the user who starts confine, and without capabilities. In
 * other modes these two functions do nothing. This code uses syscall(2), because a preloaded library such as fakeroot can replace setresuid(3).
 */
#pragma once

#include "util/base.h"

enum mode {
	MODE_NONE,   /* confine creates no namespace */
	MODE_ROOT,   /* the user who starts confine is root and has CAP_SYS_ADMIN */
	MODE_SETUID, /* confine is set-user-ID root, and the user who starts confine is not root */
	MODE_USERNS, /* confine has no privileges, so it uses a new user namespace */
};

extern const char *const mode_names[];

struct identity {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	uint64_t effective, permitted; /* capabilities, one bit each */
	bool secure;		       /* true: the exec of confine has changed credentials (AT_SECURE of getauxval(3)), as for a set-user-ID program; false: it has not */
	enum mode mode;		       /* the most privileged mode that this process can use; never MODE_NONE */
};

/* Reads the ids and capabilities of this process. Returns false with errno. */
bool identity_read_credentials(struct identity *identity);

/* Reads the credentials, AT_SECURE and the mode. Returns false with errno. */
bool identity_read(struct identity *identity);

bool identity_has_capability(const struct identity *identity, int capability);

/* Changes the capabilities of the calling thread, one bit each. keeps_inheritable: true to keep the inheritable set, false to clear it. Returns false with errno. */
bool capabilities_set(uint64_t effective, uint64_t permitted, bool keeps_inheritable);

/*
 * If confine is set-user-ID root, suspends its privileges. Must be called before anything is read or opened. Keeps the capabilities for privilege_raise()
 * permitted, but not in force. Keeps the saved user ID 0, so that the user can neither trace this process nor change its limits
 * (prlimit(2)). If confine has other privileges (set-group-ID, file capabilities, set-user-ID without CAP_SYS_ADMIN), drops all of them
 * permanently. Returns false with errno.
 */
bool privilege_suspend(const struct identity *identity);

/*
 * Puts CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_BIND_SERVICE in force until privilege_lower(). Only functions in privileged/ may call it,
 * and until privilege_lower() they may call only functions in privileged/ and the C library (scripts/audit-privileged). These functions must not
 * write messages, because the user who starts confine chooses which file stderr is. Returns false with errno.
 */
bool privilege_raise(const struct identity *identity);

/* Ends the effect of privilege_raise(). Exits with EXIT_REFUSED on failure. Preserves errno. */
void privilege_lower(const struct identity *identity);

/*
 * In mode setuid, drops all privileges permanently, and verifies the ids and capabilities afterwards. Sets no_new_privs, because set-user-ID programs must
 * not run with privileges in namespaces that the user of confine has chosen. Returns false with errno. In other modes, only returns true.
 */
bool privilege_drop(const struct identity *identity);
