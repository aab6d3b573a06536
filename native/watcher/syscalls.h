/* Which system calls are watched or restricted. */
#ifndef WATCHER_SYSCALLS_H
#define WATCHER_SYSCALLS_H

#include <linux/audit.h>
#include <stdbool.h>
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

/* AUDIT_ARCH_* of the architecture that confine was compiled for; 0: confine has no tables for it. */
#if defined __x86_64__
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __i386__
#define OWN_ARCHITECTURE AUDIT_ARCH_I386
#elif defined __aarch64__
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __arm__
#define OWN_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined __riscv && __riscv_xlen == 64
#define OWN_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined __loongarch64
#define OWN_ARCHITECTURE AUDIT_ARCH_LOONGARCH64
#else
#define OWN_ARCHITECTURE 0
#endif

/* The columns of the table of system calls. */
enum { ABI_X86_64,
       ABI_X32,
       ABI_I386,
       ABI_AARCH64,
       ABI_ARM,
       ABI_OTHER, /* of OWN_ARCHITECTURE, if it has no column */
       SYSCALL_ABIS };

struct syscall_abi {
	uint32_t architecture; /* AUDIT_ARCH_* */
	unsigned char word;    /* size of a pointer in its structures */
};
extern const struct syscall_abi syscall_abis[SYSCALL_ABIS];

struct watched_syscall {
	enum watched_call call;
	uint32_t number[SYSCALL_ABIS]; /* 0: not in this ABI */
	uint32_t socketcall;	       /* the first argument of socketcall(2) (include/uapi/linux/net.h); 0: none */
	unsigned words;		       /* the number of arguments that socketcall(2) reads from memory */
};
extern const struct watched_syscall watched_syscalls[];
extern const size_t watched_syscalls_count;

/* The ABIs of the processes that a kernel runs: the columns from first to before end. */
struct machine {
	unsigned first, end;
};
extern const struct machine machine_x86, machine_arm;

/* The machine that confine was compiled for. Without tables it has no ABI. */
extern const struct machine machine_own;

enum { SOCKETCALL_SOCKET = 1 };

/* sizeof(struct sockaddr_in), the shortest internet address */
enum { SHORTEST_ADDRESS = 16 };

/* Finds a system call of machine_own. Returns false if it is not in the table. word is the size of a pointer in its structures. */
bool syscall_find(uint32_t architecture, uint32_t number, enum watched_call *call, unsigned char *word);

#endif
