// SPDX-License-Identifier: GPL-2.0-or-later
#include "seccomp/syscalls.h"

#include <sys/syscall.h>

#if defined __x86_64__ || defined __i386__
const struct machine machine_own = {ABI_X86_64, ABI_I386 + 1};
#elif defined __aarch64__ || defined __arm__
const struct machine machine_own = {ABI_AARCH64, ABI_ARM + 1};
#elif OWN_ARCHITECTURE
#define OWN(name) __NR_##name
const struct machine machine_own = {ABI_OTHER, ABI_OTHER + 1};
#else
const struct machine machine_own = {0, 0};
#endif

#ifndef OWN
#define OWN(name) 0
#endif
#define X32 0x40000000U /* bit in the system call numbers of the ABI x32 (__X32_SYSCALL_BIT in arch/x86/include/uapi/asm/unistd.h) */

const struct syscall_abi syscall_abis[SYSCALL_ABIS] = {
	{AUDIT_ARCH_X86_64, 8},
	{AUDIT_ARCH_X86_64, 4},
	{AUDIT_ARCH_I386, 4},
	{AUDIT_ARCH_AARCH64, 8},
	{AUDIT_ARCH_ARM, 4},
	{OWN_ARCHITECTURE, 8},
};

/*
 * The system call numbers are from syscall_64.tbl and syscall_32.tbl in arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h and
 * arch/arm/tools/syscall.tbl. For sendmsg, sendmmsg, setsockopt and ioctl, x32 has other numbers than x86-64, because the calls take the
 * structures of i386.
 */
const struct watched_syscall watched_syscalls[] = {
	{CALL_SOCKETCALL, RULE_WATCHED | RULE_FAMILIES, {[ABI_I386] = 102}, 0, 0, ""},
#ifdef __NR_socketcall
	{CALL_UNFILTERABLE, RULE_REFUSING | RULE_FAMILIES, {[ABI_OTHER] = OWN(socketcall)}, 0, 0, ""},
#endif
	{CALL_CONNECT, RULE_WATCHED, {42, X32 | 42, 362, 203, 283, OWN(connect)}, 3, 3, ""},
	{CALL_SENDTO, RULE_WATCHED, {44, X32 | 44, 369, 206, 290, OWN(sendto)}, 11, 6, ""},
	{CALL_SENDMSG, RULE_WATCHED, {46, X32 | 518, 370, 211, 296, OWN(sendmsg)}, 16, 3, ""},
	{CALL_SENDMMSG, RULE_WATCHED, {307, X32 | 538, 345, 269, 374, OWN(sendmmsg)}, 20, 4, ""},
	{CALL_BIND, RULE_WATCHED, {49, X32 | 49, 361, 200, 282, OWN(bind)}, 2, 3, ""},
	{CALL_SECCOMP, RULE_WATCHED, {317, X32 | 317, 354, 277, 383, OWN(seccomp)}, 0, 0, ""},
	{CALL_UNFILTERABLE, RULE_REFUSING | RULE_FAMILIES, {425, X32 | 425, 425, 425, 425, OWN(io_uring_setup)}, 0, 0, ""},
	{CALL_SHMGET, RULE_IPC_OBJECTS, {29, X32 | 29, 395, 194, 307, OWN(shmget)}, 0, 0, ""},
	{CALL_SEMGET, RULE_IPC_OBJECTS, {64, X32 | 64, 393, 190, 299, OWN(semget)}, 0, 0, ""},
	{CALL_MSGGET, RULE_IPC_OBJECTS, {68, X32 | 68, 399, 186, 303, OWN(msgget)}, 0, 0, ""},
	/* The next row omits x32: its struct mq_attr has members of 8 bytes, as on x86-64, but the watcher reads structures of x32 with 4 bytes per word. */
	{CALL_MQ_OPEN, RULE_IPC_OBJECTS, {240, 0, 277, 180, 274, OWN(mq_open)}, 0, 0, ""},
	{CALL_IPC, RULE_IPC_OBJECTS, {[ABI_I386] = 117}, 0, 0, ""},
#ifdef __NR_ipc
	{CALL_IPC, RULE_IPC_OBJECTS, {[ABI_OTHER] = OWN(ipc)}, 0, 0, ""},
#endif
	{CALL_LISTEN, RULE_NET_FILTER | RULE_ALLOW_LIST, {50, X32 | 50, 363, 201, 284, OWN(listen)}, 4, 2, ""},
	{CALL_CLONE, RULE_ALLOW_LIST, {56, X32 | 56, 120, 220, 120, OWN(clone)}, 0, 0, ""},
	{CALL_CLONE3, RULE_ALLOW_LIST, {435, X32 | 435, 435, 435, 435, OWN(clone3)}, 0, 0, ""},
	{CALL_PRCTL, RULE_REFUSING, {157, X32 | 157, 172, 167, 172, OWN(prctl)}, 0, 0, ""},
	{CALL_SOCKET, RULE_FAMILIES, {41, X32 | 41, 359, 198, 281, OWN(socket)}, SOCKETCALL_SOCKET, 3, ""},
	{CALL_SOCKET, RULE_FAMILIES, {53, X32 | 53, 360, 199, 288, OWN(socketpair)}, 0, 0, ""},
	{CALL_SETSOCKOPT, RULE_NET_FILTER | RULE_ALLOW_LIST, {54, X32 | 541, 366, 208, 294, OWN(setsockopt)}, 14, 5, ""},
	{CALL_IOCTL, RULE_ALLOW_LIST, {16, X32 | 514, 54, 29, 54, OWN(ioctl)}, 0, 0, ""},
	/* Rows with more ids must come before rows with fewer, so that both share filter instructions (put_ids() in seccomp_filter.c). */
	{CALL_IDS, RULE_SINGLE_ID, {117, X32 | 117, 208, 147, 208, OWN(setresuid)}, 0, 0, "uuu"},
	{CALL_IDS, RULE_SINGLE_ID, {119, X32 | 119, 210, 149, 210, OWN(setresgid)}, 0, 0, "ggg"},
	{CALL_IDS, RULE_SINGLE_ID, {113, X32 | 113, 203, 145, 203, OWN(setreuid)}, 0, 0, "uu"},
	{CALL_IDS, RULE_SINGLE_ID, {114, X32 | 114, 204, 143, 204, OWN(setregid)}, 0, 0, "gg"},
	{CALL_IDS, RULE_SINGLE_ID, {105, X32 | 105, 213, 146, 213, OWN(setuid)}, 0, 0, "u"},
	{CALL_IDS, RULE_SINGLE_ID, {106, X32 | 106, 214, 144, 214, OWN(setgid)}, 0, 0, "g"},
	{CALL_IDS, RULE_SINGLE_ID, {92, X32 | 92, 212, 0, 212, 0}, 0, 0, "-ug"},
	{CALL_IDS, RULE_SINGLE_ID, {94, X32 | 94, 198, 0, 198, 0}, 0, 0, "-ug"},
#ifdef __NR_chown
	{CALL_IDS, RULE_SINGLE_ID, {[ABI_OTHER] = OWN(chown)}, 0, 0, "-ug"},
	{CALL_IDS, RULE_SINGLE_ID, {[ABI_OTHER] = OWN(lchown)}, 0, 0, "-ug"},
#endif
	{CALL_IDS, RULE_SINGLE_ID, {93, X32 | 93, 207, 55, 207, OWN(fchown)}, 0, 0, "-ug"},
	{CALL_IDS, RULE_SINGLE_ID, {260, X32 | 260, 298, 54, 325, OWN(fchownat)}, 0, 0, "--ug"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 164, [ABI_ARM] = 164}, 0, 0, "uuu"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 170, [ABI_ARM] = 170}, 0, 0, "ggg"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 70, [ABI_ARM] = 70}, 0, 0, "uu"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 71, [ABI_ARM] = 71}, 0, 0, "gg"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 23, [ABI_ARM] = 23}, 0, 0, "u"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 46, [ABI_ARM] = 46}, 0, 0, "g"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 182, [ABI_ARM] = 182}, 0, 0, "-ug"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 16, [ABI_ARM] = 16}, 0, 0, "-ug"},
	{CALL_IDS_16, RULE_SINGLE_ID, {[ABI_I386] = 95, [ABI_ARM] = 95}, 0, 0, "-ug"},
};
const size_t watched_syscalls_count = sizeof watched_syscalls / sizeof *watched_syscalls;

bool syscall_find(uint32_t architecture, uint32_t number, enum watched_call *call, unsigned char *word)
{
	for (unsigned abi = machine_own.first; abi < machine_own.end; abi++)
		for (size_t i = 0; i < watched_syscalls_count; i++)
			if (number != 0 && watched_syscalls[i].number[abi] == number && syscall_abis[abi].architecture == architecture) {
				*call = watched_syscalls[i].call;
				*word = syscall_abis[abi].word;
				return true;
			}
	return false;
}
