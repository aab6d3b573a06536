/* The classic BPF that tells the kernel which calls are watched and which are refused. */
#ifndef AUDIT_FILTER_H
#define AUDIT_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "watcher/syscalls.h"

enum { FILTER_ROOM = 1024 };

struct filter_rules {
	bool watched;	   /* a listener is asked about calls that may carry an address */
	bool allow_list;   /* the phase gets sockets of another network */
	uint64_t families; /* of sockets that can be made, a bit each; FAMILIES_ANY: not restricted (families.h) */
};

/*
 * Writes the filter for a table whose rows stand by architecture: SECCOMP_RET_USER_NOTIF for a watched call that may carry
 * an address, SECCOMP_RET_ERRNO for a refused one, SECCOMP_RET_ALLOW for everything else. Returns its length in instructions, 0
 * where room is too small. What a call's number alone decides comes first and loads nothing else, so that the kernel remembers
 * the answer and doesn't run the filter for it (seccomp_cache_prepare() in kernel/seccomp.c).
 *
 * listed: what could connect those sockets unseen is refused as by a kernel that has it not (io_uring_setup, clone3, MSG_FASTOPEN,
 * any call of an architecture that is not in the table), and so are socket options and ioctls that are not in socket_permit.h.
 * families: socket(2) fails with EAFNOSUPPORT for any other, and io_uring_setup with ENOSYS, as a ring makes sockets too.
 */
size_t filter_build(const struct watched_syscall *table, size_t count, const struct filter_rules *rules,
		    struct sock_filter *filter, size_t room);

/*
 * Installs the filter in the calling process, to be kept by all it starts, and has the listener sent to the watcher at the
 * other end of news; or sends why there is none. While capabilities over its user namespace are held, without no_new_privs;
 * else under it, which a listener of somebody without privileges always needs. Closes news, leaves no descriptor and no
 * child. Returns whether the filter is installed.
 */
bool filter_install(int news, const struct filter_rules *rules);

/* Installs a filter without a listener, under no_new_privs where it takes that. Returns false with errno. */
bool filter_install_without_listener(const struct filter_rules *rules);

/* Installs it in the calling process, which should have nothing else to do. Returns NULL, or why that can't be, with errno. */
const char *filter_probe(void);

#endif
