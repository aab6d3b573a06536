#include "watcher/syscalls.h"

#include <linux/audit.h>
#include <sys/syscall.h>

#define X32 0x40000000U /* __X32_SYSCALL_BIT (arch/x86/include/uapi/asm/unistd.h) */

/*
 * arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl. x32 has its own sendmsg, sendmmsg, setsockopt and ioctl,
 * with the structures of i386.
 */
const struct watched_syscall syscalls_x86[] = {
	{AUDIT_ARCH_X86_64, 42, CALL_CONNECT, 8},
	{AUDIT_ARCH_X86_64, 44, CALL_SENDTO, 8},
	{AUDIT_ARCH_X86_64, 46, CALL_SENDMSG, 8},
	{AUDIT_ARCH_X86_64, 307, CALL_SENDMMSG, 8},
	{AUDIT_ARCH_X86_64, 49, CALL_BIND, 8},
	{AUDIT_ARCH_X86_64, 317, CALL_SECCOMP, 8},
	{AUDIT_ARCH_X86_64, 425, CALL_UNFILTERABLE, 8},
	{AUDIT_ARCH_X86_64, 50, CALL_LISTEN, 8},
	{AUDIT_ARCH_X86_64, 56, CALL_CLONE, 8},
	{AUDIT_ARCH_X86_64, 435, CALL_CLONE3, 8},
	{AUDIT_ARCH_X86_64, 157, CALL_PRCTL, 8},
	{AUDIT_ARCH_X86_64, 41, CALL_SOCKET, 8},
	{AUDIT_ARCH_X86_64, 53, CALL_SOCKET, 8},
	{AUDIT_ARCH_X86_64, 54, CALL_SETSOCKOPT, 8},
	{AUDIT_ARCH_X86_64, 16, CALL_IOCTL, 8},
	{AUDIT_ARCH_X86_64, X32 | 42, CALL_CONNECT, 4},
	{AUDIT_ARCH_X86_64, X32 | 44, CALL_SENDTO, 4},
	{AUDIT_ARCH_X86_64, X32 | 518, CALL_SENDMSG, 4},
	{AUDIT_ARCH_X86_64, X32 | 538, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_X86_64, X32 | 49, CALL_BIND, 4},
	{AUDIT_ARCH_X86_64, X32 | 317, CALL_SECCOMP, 4},
	{AUDIT_ARCH_X86_64, X32 | 425, CALL_UNFILTERABLE, 4},
	{AUDIT_ARCH_X86_64, X32 | 50, CALL_LISTEN, 4},
	{AUDIT_ARCH_X86_64, X32 | 56, CALL_CLONE, 4},
	{AUDIT_ARCH_X86_64, X32 | 435, CALL_CLONE3, 4},
	{AUDIT_ARCH_X86_64, X32 | 157, CALL_PRCTL, 4},
	{AUDIT_ARCH_X86_64, X32 | 41, CALL_SOCKET, 4},
	{AUDIT_ARCH_X86_64, X32 | 53, CALL_SOCKET, 4},
	{AUDIT_ARCH_X86_64, X32 | 541, CALL_SETSOCKOPT, 4},
	{AUDIT_ARCH_X86_64, X32 | 514, CALL_IOCTL, 4},
	{AUDIT_ARCH_I386, 102, CALL_SOCKETCALL, 4},
	{AUDIT_ARCH_I386, 362, CALL_CONNECT, 4},
	{AUDIT_ARCH_I386, 369, CALL_SENDTO, 4},
	{AUDIT_ARCH_I386, 370, CALL_SENDMSG, 4},
	{AUDIT_ARCH_I386, 345, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_I386, 361, CALL_BIND, 4},
	{AUDIT_ARCH_I386, 354, CALL_SECCOMP, 4},
	{AUDIT_ARCH_I386, 425, CALL_UNFILTERABLE, 4},
	{AUDIT_ARCH_I386, 363, CALL_LISTEN, 4},
	{AUDIT_ARCH_I386, 120, CALL_CLONE, 4},
	{AUDIT_ARCH_I386, 435, CALL_CLONE3, 4},
	{AUDIT_ARCH_I386, 172, CALL_PRCTL, 4},
	{AUDIT_ARCH_I386, 359, CALL_SOCKET, 4},
	{AUDIT_ARCH_I386, 360, CALL_SOCKET, 4},
	{AUDIT_ARCH_I386, 366, CALL_SETSOCKOPT, 4},
	{AUDIT_ARCH_I386, 54, CALL_IOCTL, 4},
};
const size_t syscalls_x86_count = sizeof syscalls_x86 / sizeof *syscalls_x86;

/* include/uapi/asm-generic/unistd.h, and arch/arm/tools/syscall.tbl for 32-bit processes. */
const struct watched_syscall syscalls_arm[] = {
	{AUDIT_ARCH_AARCH64, 203, CALL_CONNECT, 8},
	{AUDIT_ARCH_AARCH64, 206, CALL_SENDTO, 8},
	{AUDIT_ARCH_AARCH64, 211, CALL_SENDMSG, 8},
	{AUDIT_ARCH_AARCH64, 269, CALL_SENDMMSG, 8},
	{AUDIT_ARCH_AARCH64, 200, CALL_BIND, 8},
	{AUDIT_ARCH_AARCH64, 277, CALL_SECCOMP, 8},
	{AUDIT_ARCH_AARCH64, 425, CALL_UNFILTERABLE, 8},
	{AUDIT_ARCH_AARCH64, 201, CALL_LISTEN, 8},
	{AUDIT_ARCH_AARCH64, 220, CALL_CLONE, 8},
	{AUDIT_ARCH_AARCH64, 435, CALL_CLONE3, 8},
	{AUDIT_ARCH_AARCH64, 167, CALL_PRCTL, 8},
	{AUDIT_ARCH_AARCH64, 198, CALL_SOCKET, 8},
	{AUDIT_ARCH_AARCH64, 199, CALL_SOCKET, 8},
	{AUDIT_ARCH_AARCH64, 208, CALL_SETSOCKOPT, 8},
	{AUDIT_ARCH_AARCH64, 29, CALL_IOCTL, 8},
	{AUDIT_ARCH_ARM, 283, CALL_CONNECT, 4},
	{AUDIT_ARCH_ARM, 290, CALL_SENDTO, 4},
	{AUDIT_ARCH_ARM, 296, CALL_SENDMSG, 4},
	{AUDIT_ARCH_ARM, 374, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_ARM, 282, CALL_BIND, 4},
	{AUDIT_ARCH_ARM, 383, CALL_SECCOMP, 4},
	{AUDIT_ARCH_ARM, 425, CALL_UNFILTERABLE, 4},
	{AUDIT_ARCH_ARM, 284, CALL_LISTEN, 4},
	{AUDIT_ARCH_ARM, 120, CALL_CLONE, 4},
	{AUDIT_ARCH_ARM, 435, CALL_CLONE3, 4},
	{AUDIT_ARCH_ARM, 172, CALL_PRCTL, 4},
	{AUDIT_ARCH_ARM, 281, CALL_SOCKET, 4},
	{AUDIT_ARCH_ARM, 288, CALL_SOCKET, 4},
	{AUDIT_ARCH_ARM, 294, CALL_SETSOCKOPT, 4},
	{AUDIT_ARCH_ARM, 54, CALL_IOCTL, 4},
};
const size_t syscalls_arm_count = sizeof syscalls_arm / sizeof *syscalls_arm;

#if defined __riscv && __riscv_xlen == 64
#define OTHER_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OTHER_ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined __loongarch64
#define OTHER_ARCHITECTURE AUDIT_ARCH_LOONGARCH64
#endif

const struct watched_syscall *syscall_native_table(size_t *count)
{
#if defined __x86_64__ || defined __i386__
	*count = syscalls_x86_count;
	return syscalls_x86;
#elif defined __aarch64__ || defined __arm__
	*count = syscalls_arm_count;
	return syscalls_arm;
#elif defined OTHER_ARCHITECTURE
	static const struct watched_syscall own[] = {
#ifdef __NR_socketcall
		{OTHER_ARCHITECTURE, __NR_socketcall, CALL_UNFILTERABLE, 8},
#endif
		{OTHER_ARCHITECTURE, __NR_connect, CALL_CONNECT, 8},
		{OTHER_ARCHITECTURE, __NR_sendto, CALL_SENDTO, 8},
		{OTHER_ARCHITECTURE, __NR_sendmsg, CALL_SENDMSG, 8},
		{OTHER_ARCHITECTURE, __NR_sendmmsg, CALL_SENDMMSG, 8},
		{OTHER_ARCHITECTURE, __NR_bind, CALL_BIND, 8},
		{OTHER_ARCHITECTURE, __NR_seccomp, CALL_SECCOMP, 8},
		{OTHER_ARCHITECTURE, __NR_io_uring_setup, CALL_UNFILTERABLE, 8},
		{OTHER_ARCHITECTURE, __NR_listen, CALL_LISTEN, 8},
		{OTHER_ARCHITECTURE, __NR_clone, CALL_CLONE, 8},
		{OTHER_ARCHITECTURE, __NR_clone3, CALL_CLONE3, 8},
		{OTHER_ARCHITECTURE, __NR_prctl, CALL_PRCTL, 8},
		{OTHER_ARCHITECTURE, __NR_socket, CALL_SOCKET, 8},
		{OTHER_ARCHITECTURE, __NR_socketpair, CALL_SOCKET, 8},
		{OTHER_ARCHITECTURE, __NR_setsockopt, CALL_SETSOCKOPT, 8},
		{OTHER_ARCHITECTURE, __NR_ioctl, CALL_IOCTL, 8},
	};
	*count = sizeof own / sizeof *own;
	return own;
#else
	*count = 0;
	return NULL;
#endif
}

const struct watched_syscall *syscall_find(uint32_t architecture, uint32_t number)
{
	size_t count;
	const struct watched_syscall *table = syscall_native_table(&count);
	for (size_t i = 0; i < count; i++)
		if (table[i].architecture == architecture && table[i].number == number)
			return &table[i];
	return NULL;
}
