// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "init/exec_command.h"
#include "watcher/syscalls.h"

/* Masks for ids of 32 and 16 bits. Static programs with an old C library use 16-bit ids. An id with all bits set means "unchanged". */
#define LONG 0xFFFFFFFFU
#define SHORT 0xFFFFU

#if defined __x86_64__ || defined __i386__
#define ABI_32 AUDIT_ARCH_I386
#define FCHOWNAT_32 298
#elif defined __aarch64__ || defined __arm__
#define ABI_32 AUDIT_ARCH_ARM
#define FCHOWNAT_32 325
#endif

/*
 * The system calls that take ids, sorted by architecture. The numbers of 32-bit calls are those of arch/x86/entry/syscalls/syscall_32.tbl
 * and arch/arm/tools/syscall.tbl, which differ only in fchownat.
 */
static const struct id_call {
	unsigned architecture, number;
	unsigned char first; /* index of the first id among the arguments */
	const char *ids;     /* one letter for each id: u (user), g (group) */
	unsigned mask;	     /* LONG or SHORT, the size of an id */
} calls[] = {
#if __SIZEOF_POINTER__ == 8 && OWN_ARCHITECTURE
	{OWN_ARCHITECTURE, SYS_setuid, 0, "u", LONG},
	{OWN_ARCHITECTURE, SYS_setgid, 0, "g", LONG},
	{OWN_ARCHITECTURE, SYS_setreuid, 0, "uu", LONG},
	{OWN_ARCHITECTURE, SYS_setregid, 0, "gg", LONG},
	{OWN_ARCHITECTURE, SYS_setresuid, 0, "uuu", LONG},
	{OWN_ARCHITECTURE, SYS_setresgid, 0, "ggg", LONG},
	{OWN_ARCHITECTURE, SYS_fchown, 1, "ug", LONG},
	{OWN_ARCHITECTURE, SYS_fchownat, 2, "ug", LONG},
#ifdef SYS_chown
	{OWN_ARCHITECTURE, SYS_chown, 1, "ug", LONG},
	{OWN_ARCHITECTURE, SYS_lchown, 1, "ug", LONG},
#endif
#endif
#ifdef ABI_32
	{ABI_32, 213, 0, "u", LONG},
	{ABI_32, 214, 0, "g", LONG},
	{ABI_32, 203, 0, "uu", LONG},
	{ABI_32, 204, 0, "gg", LONG},
	{ABI_32, 208, 0, "uuu", LONG},
	{ABI_32, 210, 0, "ggg", LONG},
	{ABI_32, 212, 1, "ug", LONG},
	{ABI_32, 198, 1, "ug", LONG},
	{ABI_32, 207, 1, "ug", LONG},
	{ABI_32, 23, 0, "u", SHORT},
	{ABI_32, 46, 0, "g", SHORT},
	{ABI_32, 70, 0, "uu", SHORT},
	{ABI_32, 71, 0, "gg", SHORT},
	{ABI_32, 164, 0, "uuu", SHORT},
	{ABI_32, 170, 0, "ggg", SHORT},
	{ABI_32, 182, 1, "ug", SHORT},
	{ABI_32, 16, 1, "ug", SHORT},
	{ABI_32, 95, 1, "ug", SHORT},
	{ABI_32, FCHOWNAT_32, 2, "ug", LONG},
#endif
	{0, 0, 0, NULL, 0},
};

/*
 * Maximum number of instructions in the filter: five for each of two architectures, one at the end, and for each call one for its number,
 * five for each of up to three ids, and one that permits the call.
 */
enum { ROOM = 2 * 5 + 1 + (int)(sizeof calls / sizeof *calls) * (2 + 3 * 5) };

/* Appends instructions that make this call fail with EPERM if one of its ids is neither the given one nor -1. Returns their number. */
static size_t add_call(struct sock_filter *code, const struct id_call *call, unsigned uid, unsigned gid)
{
	size_t length = 1;
	for (size_t i = 0; call->ids[i] != '\0'; i++) {
		/* Load the lower half of the argument: all architectures are little-endian. The kernel ignores the upper half. */
		size_t argument = offsetof(struct seccomp_data, args) + 8 * (call->first + i);
		code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)argument);
		code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call->mask);
		code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->mask, 2, 0);
		code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->ids[i] == 'u' ? uid : gid, 1, 0);
		code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, (unsigned char)(length - 1));
	return length;
}

/* Appends the instructions for the calls of one architecture. Returns the first call of the next architecture. */
static const struct id_call *add_architecture(struct sock_filter *code, size_t *length, const struct id_call *call, unsigned uid, unsigned gid)
{
	const unsigned architecture = call->architecture;
	const size_t start = *length;
	code[start] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[start + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
	code[start + 3] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	/* The x32 ABI of x86-64 sets this bit in the number of a call. Clear it, because the numbers are the same otherwise. */
	code[start + 4] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~0x40000000U);
	*length = start + 5;
	for (; call->architecture == architecture; call++)
		*length += add_call(code + *length, call, uid, gid);
	/* Other architectures skip the block. It is too long for a conditional jump, which skips at most 255 instructions. */
	code[start + 2] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (unsigned)(*length - start - 3));
	return call;
}

/* Reads the id from a uid_map or gid_map that maps exactly one id. Returns false for any other map. */
static bool read_single_id(const char *path, unsigned *id)
{
	unsigned outside, count = 0, more;
	FILE *map = fopen(path, "re");
	bool single = map != NULL && fscanf(map, "%u %u %u", id, &outside, &count) == 3 && count == 1 && fscanf(map, "%u", &more) != 1;
	if (map != NULL)
		fclose(map);
	return single;
}

void id_filter_install(void)
{
	struct sock_filter code[ROOM];
	unsigned uid, gid;
	if (!read_single_id("/proc/self/uid_map", &uid) || !read_single_id("/proc/self/gid_map", &gid))
		return;
	size_t length = 0;
	for (const struct id_call *call = calls; call->architecture != 0;)
		call = add_architecture(code, &length, call, uid, gid);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {(unsigned short)length, code};
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}
