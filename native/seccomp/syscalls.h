/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the system calls that the seccomp filter of a phase watches or restricts. */
#pragma once

#include <linux/audit.h>

#include "util/base.h"

/* The kinds of system calls that a filter can watch or restrict. */
enum watched_call {
	CALL_CONNECT,
	CALL_BIND, /* bind(2): watched to detect a DNS server of the phase on port 53, to refuse ports that processes outside the phase use, and to remember the sockets of the phase */
	CALL_SENDTO,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_SOCKETCALL, /* socketcall(2), by which i386 processes can make all calls on sockets */
	CALL_SECCOMP,	 /* seccomp(2): watched to log a request for a second listener, which the kernel refuses */
	CALL_SHMGET,
	CALL_SEMGET,
	CALL_MSGGET,
	CALL_MQ_OPEN,
	CALL_IPC,    /* ipc(2), by which i386 processes can make the calls of System V IPC */
	CALL_SOCKET, /* socket(2) and socketpair(2) */
	CALL_LISTEN, /* listen(2): watched to refuse it on a socket of the host's network, and to remember the sockets of the phase */
	CALL_CLONE,  /* clone(2): watched to detect that processes share descriptors (descriptors_are_shared in egress.c) */
	CALL_CLONE3, /* clone3(2): refused, because its flags are in memory, where no filter can read them */
	CALL_IOCTL,
	CALL_PRCTL, /* prctl(2): PR_SET_DUMPABLE with value 0 returns 0 without an effect, so that the watcher keeps access to the process */
	CALL_SETSOCKOPT,
	CALL_UNFILTERABLE, /* io_uring_setup(2) and, on PowerPC, socketcall(2): refused, because a filter cannot check which calls a program makes by them */
	CALL_IDS,	   /* calls that set user or group ids: set*id(2), chown(2) */
	CALL_IDS_16,	   /* set*id(2) and chown(2) with ids of 16 bits, which static programs with an old C library use */
};

/* The rules that a filter can apply. */
enum rule {
	RULE_WATCHED = 1,     /* notify the listener of calls that may contain an address */
	RULE_NET_FILTER = 2,  /* the watcher permits or refuses each call that names an address, because no namespace isolates the network */
	RULE_ALLOW_LIST = 4,  /* the phase has an allow-list, so it can get sockets of the host's network, whose use the filter restricts */
	RULE_OWN_SOCKETS = 8, /* the watcher refuses requests to UNIX sockets of the host */
	RULE_REFUSING = RULE_NET_FILTER | RULE_ALLOW_LIST | RULE_OWN_SOCKETS,
	RULE_IPC_OBJECTS = 16, /* the watcher handles the calls that create IPC objects, because no namespace isolates them */
	RULE_FAMILIES = 32,    /* permit only sockets of `families` */
	RULE_SINGLE_ID = 64,   /* the user namespace of the phase maps one user id and one group id and no others: refuse other ids */
};

/* AUDIT_ARCH_* of the architecture for which confine was compiled; 0: confine cannot build a filter for this architecture. */
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

/* The ABIs for which the table has system call numbers. */
enum { ABI_X86_64,
       ABI_X32,
       ABI_I386,
       ABI_AARCH64,
       ABI_ARM,
       ABI_OTHER, /* the ABI of the architecture for which confine was compiled, if that is not x86, AArch64 or ARM */
       SYSCALL_ABIS };

struct syscall_abi {
	uint32_t architecture; /* AUDIT_ARCH_* value that the kernel reports for calls of this ABI */
	unsigned char word;    /* size of a pointer in the structures of this ABI, in bytes */
};
extern const struct syscall_abi syscall_abis[SYSCALL_ABIS];

struct watched_syscall {
	enum watched_call call;
	unsigned rules;		       /* bits of enum rule: a filter has instructions for the call if it applies one of these rules */
	uint32_t number[SYSCALL_ABIS]; /* system call number in each ABI; 0: the ABI does not have the call, or the row does not apply to it */
	uint32_t socketcall;	       /* first argument of socketcall(2) that requests this call (include/uapi/linux/net.h); 0: socketcall(2) cannot make this call */
	unsigned words;		       /* number of 32-bit arguments that socketcall(2) reads from memory for this call */
	char ids[6];		       /* for CALL_IDS and CALL_IDS_16, one letter for each argument: u (user id), g (group id), - (no id) */
};
extern const struct watched_syscall watched_syscalls[];
extern const size_t watched_syscalls_count;

/* The ABIs of the processes that the kernel of a machine can run, as numbers of enum ABI_*: first, first + 1 and so on, up to end - 1. */
struct machine {
	unsigned first, end;
};

/* The machine for which confine was compiled. Its members first and end are equal if confine cannot build a filter for it. */
extern const struct machine machine_own;

enum { SOCKETCALL_SOCKET = 1 };

/* Mask for the call number in the first argument of ipc(2), and the numbers of the calls that create objects (include/uapi/linux/ipc.h). */
enum { IPC_NUMBER = 0xFFFF,
       IPC_SEMGET = 2,
       IPC_MSGGET = 13,
       IPC_SHMGET = 23 };

/* Lengths of the shortest addresses with a destination, in bytes: a struct sockaddr_in, and a struct sockaddr_un with a path of one byte. */
enum { SHORTEST_INTERNET_ADDRESS = 16,
       SHORTEST_PATH_ADDRESS = 3 };

/* Finds a system call of machine_own in the table watched_syscalls. Sets *call to the kind of the call, and *word to the size of a pointer in the structures of the call's ABI. Returns false if the call is not in the table. */
bool syscall_find(uint32_t architecture, uint32_t number, enum watched_call *call, unsigned char *word);
