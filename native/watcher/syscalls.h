/* Which system calls are watched or restricted. */
#ifndef AUDIT_SYSCALLS_H
#define AUDIT_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

enum watched_call {
	CALL_CONNECT,
	CALL_BIND, /* for who wants port 53, which our resolver then gives up */
	CALL_SENDTO,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_SOCKETCALL, /* i386: one call for all of the above (socketcall(2)) */
	CALL_SECCOMP,	 /* only for who wants a listener of its own, which the kernel refuses below ours */
	/* Where socket families are restricted, watched or not: */
	CALL_SOCKET, /* and socketpair(2) */
	/* With a list of what is let through, that is with sockets of the host's network in the phase: */
	CALL_LISTEN, /* not on one of those */
	CALL_CLONE,  /* for who shares its descriptors with what is no thread of it: see emulate.h */
	CALL_CLONE3, /* takes its flags from memory: there is none */
	CALL_PRCTL,  /* who is undumpable can't be looked into: it gets a yes, and stays dumpable */
	CALL_SETSOCKOPT,
	CALL_IOCTL,
	/* With such a list, and where socket families are restricted: */
	CALL_UNFILTERABLE, /* makes and connects sockets where no filter sees it (io_uring_setup), or takes all from memory: there is none */
};

/* A row: the call of that number under that AUDIT_ARCH_*. */
struct watched_syscall {
	uint32_t architecture;
	uint32_t number;
	enum watched_call call;
	unsigned char word; /* bytes of a pointer in the structures that it takes */
};

/* The numbers that socketcall(2) gives the calls (include/uapi/linux/net.h). */
enum { SOCKETCALL_SOCKET = 1,
       SOCKETCALL_BIND = 2,
       SOCKETCALL_CONNECT = 3,
       SOCKETCALL_LISTEN = 4,
       SOCKETCALL_SENDTO = 11,
       SOCKETCALL_SETSOCKOPT = 14,
       SOCKETCALL_SENDMSG = 16,
       SOCKETCALL_SENDMMSG = 20 };

/* A sockaddr_in, the shortest address that leads to a network. */
enum { SHORTEST_ADDRESS = 16 };

/* Tables for the architectures whose processes a kernel of that kind runs. */
extern const struct watched_syscall syscalls_x86[];
extern const size_t syscalls_x86_count;
extern const struct watched_syscall syscalls_arm[];
extern const size_t syscalls_arm_count;

/* Those of the machine that this program was compiled for. */
const struct watched_syscall *syscall_native_table(size_t *count);

/* The row of a call, or NULL. */
const struct watched_syscall *syscall_find(uint32_t architecture, uint32_t number);

#endif
