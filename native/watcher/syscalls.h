/* Which system calls are watched or restricted. */
#ifndef WATCHER_SYSCALLS_H
#define WATCHER_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

enum watched_call {
	CALL_CONNECT,
	CALL_BIND, /* to yield port 53 to a DNS server of the phase */
	CALL_SENDTO,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_SOCKETCALL, /* i386: one call for all socket calls (socketcall(2)) */
	CALL_SECCOMP,	 /* only with a request for a listener, which the kernel refuses because a process can have only one */
	/* If socket families are restricted: */
	CALL_SOCKET, /* and socketpair(2) */
	/* With an allow-list, when the phase has sockets of the host's network: */
	CALL_LISTEN, /* refused on such a socket */
	CALL_CLONE,  /* to detect descriptors shared between processes (emulate.c) */
	CALL_CLONE3, /* refused: its flags are in memory */
	CALL_PRCTL,  /* PR_SET_DUMPABLE returns 0 without effect, so that the watcher keeps access to the process */
	CALL_SETSOCKOPT,
	CALL_IOCTL,
	/* With an allow-list, or if socket families are restricted: */
	CALL_UNFILTERABLE, /* refused: a filter cannot see its sockets (io_uring_setup) or its arguments (socketcall of some architectures) */
};

/* A system call number of one AUDIT_ARCH_*. */
struct watched_syscall {
	uint32_t architecture;
	uint32_t number;
	enum watched_call call;
	unsigned char word; /* size of a pointer in its structures */
};

/* The first argument of socketcall(2) (include/uapi/linux/net.h). */
enum { SOCKETCALL_SOCKET = 1,
       SOCKETCALL_BIND = 2,
       SOCKETCALL_CONNECT = 3,
       SOCKETCALL_LISTEN = 4,
       SOCKETCALL_SENDTO = 11,
       SOCKETCALL_SETSOCKOPT = 14,
       SOCKETCALL_SENDMSG = 16,
       SOCKETCALL_SENDMMSG = 20 };

/* sizeof(struct sockaddr_in), the shortest internet address */
enum { SHORTEST_ADDRESS = 16 };

/* Each table has all architectures whose processes such a kernel runs. */
extern const struct watched_syscall syscalls_x86[];
extern const size_t syscalls_x86_count;
extern const struct watched_syscall syscalls_arm[];
extern const size_t syscalls_arm_count;

/* The table of the machine that this program was compiled for; NULL: it has none. */
const struct watched_syscall *syscall_native_table(size_t *count);

/* The row of a call, or NULL. */
const struct watched_syscall *syscall_find(uint32_t architecture, uint32_t number);

#endif
