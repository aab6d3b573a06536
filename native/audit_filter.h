/* Which system calls are watched, and the classic BPF that tells the kernel so: both from one table. */
#ifndef AUDIT_FILTER_H
#define AUDIT_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audit_call {
	CALL_CONNECT,
	CALL_BIND, /* only for who wants port 53, which our resolver then gives up */
	CALL_SENDTO,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_SOCKETCALL, /* i386: one call for all of the above (socketcall(2)) */
	CALL_SECCOMP,	 /* only for who wants a listener of its own, which the kernel refuses below ours */
	CALL_IO_URING,	 /* with a list of what is let through there is none: what connects in it is not seen */
	CALL_SETSOCKOPT, /* with such a list no data goes out before the other end has answered */
};

/* A row: the call of that number under that AUDIT_ARCH_*. */
struct audit_syscall {
	uint32_t architecture;
	uint32_t number;
	enum audit_call call;
	unsigned char word; /* bytes of a pointer in the structures that it takes */
};

/* The numbers that socketcall(2) gives the calls (include/uapi/linux/net.h). */
enum { SOCKETCALL_BIND = 2,
       SOCKETCALL_CONNECT = 3,
       SOCKETCALL_SENDTO = 11,
       SOCKETCALL_SENDMSG = 16,
       SOCKETCALL_SENDMMSG = 20 };

/* A sockaddr_in, the shortest address that leads to a network. */
enum { AUDIT_SHORTEST_ADDRESS = 16 };

/* Tables for the architectures whose processes a kernel of that kind runs. */
extern const struct audit_syscall audit_x86[];
extern const size_t audit_x86_count;
extern const struct audit_syscall audit_arm[];
extern const size_t audit_arm_count;

/* Those of the machine that this program was compiled for. */
const struct audit_syscall *audit_native(size_t *count);

/* The row of a call, or NULL. */
const struct audit_syscall *audit_find(uint32_t architecture, uint32_t number);

enum { AUDIT_FILTER_ROOM = 256 };

/*
 * Writes the filter for a table whose rows stand by architecture: SECCOMP_RET_USER_NOTIF for a watched call that may carry
 * an address, SECCOMP_RET_ALLOW for everything else, calls of an architecture that is not in the table included. Returns its
 * length in instructions, 0 where room is too small. What a call's number alone decides comes first and loads nothing else,
 * so that the kernel remembers the answer and doesn't run the filter for it (seccomp_cache_prepare() in kernel/seccomp.c).
 * strict: for a phase that gets sockets of another network; io_uring_setup fails with ENOSYS, and TCP_FASTOPEN_NO_COOKIE with
 * ENOPROTOOPT, as on a kernel that has neither.
 */
size_t audit_filter_build(const struct audit_syscall *table, size_t count, bool strict, struct sock_filter *filter, size_t room);

#endif
