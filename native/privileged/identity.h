/* Who calls, as the kernel knows it: libc's answers can be forged by what is preloaded (fakeroot does). */
#ifndef IDENTITY_H
#define IDENTITY_H

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
bool identity_look(struct identity *identity);

/* Reads all of it. Returns false with errno. */
bool identity_read(struct identity *identity);

bool identity_can(const struct identity *identity, int capability);

#endif
