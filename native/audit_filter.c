#include "audit_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/syscall.h>

#ifndef TCP_FASTOPEN_NO_COOKIE
#define TCP_FASTOPEN_NO_COOKIE 34 /* include/uapi/linux/tcp.h */
#endif
#define X32 0x40000000U /* __X32_SYSCALL_BIT (arch/x86/include/uapi/asm/unistd.h) */

/*
 * arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl. x32 has sendmsg and sendmmsg of its own, with i386's
 * structures.
 */
const struct audit_syscall audit_x86[] = {
	{AUDIT_ARCH_X86_64, 42, CALL_CONNECT, 8},
	{AUDIT_ARCH_X86_64, 44, CALL_SENDTO, 8},
	{AUDIT_ARCH_X86_64, 46, CALL_SENDMSG, 8},
	{AUDIT_ARCH_X86_64, 307, CALL_SENDMMSG, 8},
	{AUDIT_ARCH_X86_64, 49, CALL_BIND, 8},
	{AUDIT_ARCH_X86_64, 317, CALL_SECCOMP, 8},
	{AUDIT_ARCH_X86_64, 425, CALL_IO_URING, 8},
	{AUDIT_ARCH_X86_64, 54, CALL_SETSOCKOPT, 8},
	{AUDIT_ARCH_X86_64, X32 | 42, CALL_CONNECT, 4},
	{AUDIT_ARCH_X86_64, X32 | 44, CALL_SENDTO, 4},
	{AUDIT_ARCH_X86_64, X32 | 518, CALL_SENDMSG, 4},
	{AUDIT_ARCH_X86_64, X32 | 538, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_X86_64, X32 | 49, CALL_BIND, 4},
	{AUDIT_ARCH_X86_64, X32 | 317, CALL_SECCOMP, 4},
	{AUDIT_ARCH_X86_64, X32 | 425, CALL_IO_URING, 4},
	{AUDIT_ARCH_X86_64, X32 | 541, CALL_SETSOCKOPT, 4},
	{AUDIT_ARCH_I386, 102, CALL_SOCKETCALL, 4},
	{AUDIT_ARCH_I386, 362, CALL_CONNECT, 4},
	{AUDIT_ARCH_I386, 369, CALL_SENDTO, 4},
	{AUDIT_ARCH_I386, 370, CALL_SENDMSG, 4},
	{AUDIT_ARCH_I386, 345, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_I386, 361, CALL_BIND, 4},
	{AUDIT_ARCH_I386, 354, CALL_SECCOMP, 4},
	{AUDIT_ARCH_I386, 425, CALL_IO_URING, 4},
	{AUDIT_ARCH_I386, 366, CALL_SETSOCKOPT, 4},
};
const size_t audit_x86_count = sizeof audit_x86 / sizeof *audit_x86;

/* include/uapi/asm-generic/unistd.h, and arch/arm/tools/syscall.tbl for 32-bit processes. */
const struct audit_syscall audit_arm[] = {
	{AUDIT_ARCH_AARCH64, 203, CALL_CONNECT, 8},
	{AUDIT_ARCH_AARCH64, 206, CALL_SENDTO, 8},
	{AUDIT_ARCH_AARCH64, 211, CALL_SENDMSG, 8},
	{AUDIT_ARCH_AARCH64, 269, CALL_SENDMMSG, 8},
	{AUDIT_ARCH_AARCH64, 200, CALL_BIND, 8},
	{AUDIT_ARCH_AARCH64, 277, CALL_SECCOMP, 8},
	{AUDIT_ARCH_AARCH64, 425, CALL_IO_URING, 8},
	{AUDIT_ARCH_AARCH64, 208, CALL_SETSOCKOPT, 8},
	{AUDIT_ARCH_ARM, 283, CALL_CONNECT, 4},
	{AUDIT_ARCH_ARM, 290, CALL_SENDTO, 4},
	{AUDIT_ARCH_ARM, 296, CALL_SENDMSG, 4},
	{AUDIT_ARCH_ARM, 374, CALL_SENDMMSG, 4},
	{AUDIT_ARCH_ARM, 282, CALL_BIND, 4},
	{AUDIT_ARCH_ARM, 383, CALL_SECCOMP, 4},
	{AUDIT_ARCH_ARM, 425, CALL_IO_URING, 4},
	{AUDIT_ARCH_ARM, 294, CALL_SETSOCKOPT, 4},
};
const size_t audit_arm_count = sizeof audit_arm / sizeof *audit_arm;

#if defined __riscv && __riscv_xlen == 64
#define OTHER AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OTHER AUDIT_ARCH_PPC64LE
#elif defined __loongarch64
#define OTHER AUDIT_ARCH_LOONGARCH64
#endif

const struct audit_syscall *audit_native(size_t *count)
{
#if defined __x86_64__ || defined __i386__
	*count = audit_x86_count;
	return audit_x86;
#elif defined __aarch64__ || defined __arm__
	*count = audit_arm_count;
	return audit_arm;
#elif defined OTHER
	static const struct audit_syscall own[] = {
		{OTHER, __NR_connect, CALL_CONNECT, 8},
		{OTHER, __NR_sendto, CALL_SENDTO, 8},
		{OTHER, __NR_sendmsg, CALL_SENDMSG, 8},
		{OTHER, __NR_sendmmsg, CALL_SENDMMSG, 8},
		{OTHER, __NR_bind, CALL_BIND, 8},
		{OTHER, __NR_seccomp, CALL_SECCOMP, 8},
		{OTHER, __NR_io_uring_setup, CALL_IO_URING, 8},
		{OTHER, __NR_setsockopt, CALL_SETSOCKOPT, 8},
	};
	*count = sizeof own / sizeof *own;
	return own;
#else
	*count = 0;
	return NULL;
#endif
}

const struct audit_syscall *audit_find(uint32_t architecture, uint32_t number)
{
	size_t count;
	const struct audit_syscall *table = audit_native(&count);
	for (size_t i = 0; i < count; i++)
		if (table[i].architecture == architecture && table[i].number == number)
			return &table[i];
	return NULL;
}

struct program {
	struct sock_filter *filter;
	size_t length, room;
	bool full;
};

static void put(struct program *program, struct sock_filter instruction)
{
	if (program->length == program->room)
		program->full = true;
	else
		program->filter[program->length++] = instruction;
}

/* Loads 32 bits of struct seccomp_data at an offset. */
static void load(struct program *program, size_t offset)
{
	put(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void jump(struct program *program, unsigned short test, uint32_t value, unsigned char yes, unsigned char no)
{
	put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no));
}

static void answer(struct program *program, uint32_t action)
{
	put(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The two ends of a row: notify, then allow, so that a jump of 0 notifies and one of 1 allows. */
static void ends(struct program *program)
{
	answer(program, SECCOMP_RET_USER_NOTIF);
	answer(program, SECCOMP_RET_ALLOW);
}

/* Where an argument's halves are; every architecture of the tables is little-endian. */
static size_t low(int argument)
{
	return offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
}

static size_t high(int argument)
{
	return low(argument) + 4;
}

static void judge(struct program *program, enum audit_call call, bool strict)
{
	switch (call) {
	case CALL_CONNECT:
	case CALL_BIND:
		load(program, low(2));
		/* A connect to AF_UNSPEC ends a connection, however short it is (__inet_stream_connect()). */
		jump(program, BPF_JGE, strict && call == CALL_CONNECT ? 2 : AUDIT_SHORTEST_ADDRESS, 0, 1);
		break;
	case CALL_SENDTO:
		load(program, low(5));
		jump(program, BPF_JGE, AUDIT_SHORTEST_ADDRESS, 0, 5);
		load(program, low(4));
		jump(program, BPF_JEQ, 0, 0, 2);
		load(program, high(4));
		jump(program, BPF_JEQ, 0, 1, 0);
		break;
	case CALL_SOCKETCALL:
		load(program, low(0));
		jump(program, BPF_JEQ, SOCKETCALL_CONNECT, 4, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDTO, 3, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMSG, 2, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMMSG, 1, 0);
		jump(program, BPF_JEQ, SOCKETCALL_BIND, 0, 1);
		break;
	case CALL_SECCOMP:
		load(program, low(0));
		jump(program, BPF_JEQ, SECCOMP_SET_MODE_FILTER, 0, 3);
		load(program, low(1));
		jump(program, BPF_JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1);
		break;
	case CALL_IO_URING:
		answer(program, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case CALL_SETSOCKOPT:
		load(program, low(1));
		jump(program, BPF_JEQ, IPPROTO_TCP, 0, 3);
		load(program, low(2));
		jump(program, BPF_JEQ, TCP_FASTOPEN_NO_COOKIE, 0, 1);
		answer(program, SECCOMP_RET_ERRNO | ENOPROTOOPT);
		answer(program, SECCOMP_RET_ALLOW);
		return;
	case CALL_SENDMSG:
	case CALL_SENDMMSG:
		break;
	}
	ends(program);
}

/* Writes a jump over what follows it, to be aimed once that is written. */
static size_t begin_test(struct program *program, uint32_t value)
{
	jump(program, BPF_JEQ, value, 0, 0);
	return program->length - 1;
}

static void end_test(struct program *program, size_t at)
{
	size_t over = program->length - at - 1;
	if (program->full || over > 255)
		program->full = true;
	else
		program->filter[at].jf = (unsigned char)over;
}

size_t audit_filter_build(const struct audit_syscall *table, size_t count, bool strict, struct sock_filter *filter, size_t room)
{
	struct program program = {.filter = filter, .room = room};
	load(&program, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < count && !program.full;) {
		uint32_t architecture = table[i].architecture;
		size_t block = begin_test(&program, architecture);
		load(&program, offsetof(struct seccomp_data, nr));
		for (; i < count && table[i].architecture == architecture && !program.full; i++) {
			if (!strict && (table[i].call == CALL_IO_URING || table[i].call == CALL_SETSOCKOPT))
				continue;
			size_t row = begin_test(&program, table[i].number);
			judge(&program, table[i].call, strict);
			end_test(&program, row);
		}
		answer(&program, SECCOMP_RET_ALLOW);
		end_test(&program, block);
	}
	answer(&program, SECCOMP_RET_ALLOW);
	return program.full ? 0 : program.length;
}
