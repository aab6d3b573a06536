#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "init/exec_command.h"
#include "watcher/syscalls.h"

struct id_call {
	unsigned number;
	unsigned char first; /* index of the first id among the arguments */
	const char *ids;     /* their kinds: u (user), g (group) */
	unsigned mask;	     /* the bits of an id */
};

#define ALL 0xFFFFFFFFU

/* 16-bit ids, as in static programs of another C library than glibc. -1 means "unchanged" in both sizes. */
#define SHORT 0xFFFFU

#if defined __x86_64__ || defined __i386__ || defined __aarch64__ || defined __arm__
/* arch/x86/entry/syscalls/syscall_32.tbl and arch/arm/tools/syscall.tbl, which differ in fchownat. */
#if defined __x86_64__ || defined __i386__
#define ABI_32 AUDIT_ARCH_I386
#define FCHOWNAT_32 298
#else
#define ABI_32 AUDIT_ARCH_ARM
#define FCHOWNAT_32 325
#endif
static const struct id_call calls_32[] = {
	{213, 0, "u", ALL},
	{214, 0, "g", ALL},
	{203, 0, "uu", ALL},
	{204, 0, "gg", ALL},
	{208, 0, "uuu", ALL},
	{210, 0, "ggg", ALL},
	{212, 1, "ug", ALL},
	{198, 1, "ug", ALL},
	{207, 1, "ug", ALL},
	{23, 0, "u", SHORT},
	{46, 0, "g", SHORT},
	{70, 0, "uu", SHORT},
	{71, 0, "gg", SHORT},
	{164, 0, "uuu", SHORT},
	{170, 0, "ggg", SHORT},
	{182, 1, "ug", SHORT},
	{16, 1, "ug", SHORT},
	{95, 1, "ug", SHORT},
	{FCHOWNAT_32, 2, "ug", ALL},
};
#endif

#if __SIZEOF_POINTER__ == 8 && OWN_ARCHITECTURE
static const struct id_call calls_64[] = {
	{SYS_setuid, 0, "u", ALL},
	{SYS_setgid, 0, "g", ALL},
	{SYS_setreuid, 0, "uu", ALL},
	{SYS_setregid, 0, "gg", ALL},
	{SYS_setresuid, 0, "uuu", ALL},
	{SYS_setresgid, 0, "ggg", ALL},
	{SYS_fchown, 1, "ug", ALL},
	{SYS_fchownat, 2, "ug", ALL},
#ifdef SYS_chown
	{SYS_chown, 1, "ug", ALL},
	{SYS_lchown, 1, "ug", ALL},
#endif
};
#endif

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const struct abi {
	unsigned architecture;
	const struct id_call *calls;
	size_t count;
} abis[] = {
#if __SIZEOF_POINTER__ == 8 && OWN_ARCHITECTURE
	{OWN_ARCHITECTURE, calls_64, LENGTH(calls_64)},
#endif
#ifdef ABI_32
	{ABI_32, calls_32, LENGTH(calls_32)},
#endif
	{0, NULL, 0},
};

/* An upper limit: for each call the test of its number, five instructions for each of three ids, and the permission. */
enum { ROOM = 2 * 20 * (2 + 3 * 5) };

/* Appends the instructions for one call. It fails with EPERM if one of the ids is neither the own one nor -1. */
static size_t add_call(struct sock_filter *code, const struct id_call *call, unsigned uid, unsigned gid)
{
	size_t length = 1;
	for (size_t i = 0; call->ids[i] != '\0'; i++) {
		/* All architectures are little-endian. The kernel ignores the upper half of the register. */
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

static size_t add_abi(struct sock_filter *code, const struct abi *abi, unsigned uid, unsigned gid)
{
	size_t length = 0;
	code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi->architecture, 1, 0);
	length++;
	code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < abi->count; i++)
		length += add_call(code + length, &abi->calls[i], uid, gid);
	/* The block is too long for a conditional jump. */
	code[2] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (unsigned)length - 3);
	return length;
}

/* Reads the only id of a map. Returns false if the map has no id or several. */
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
	for (const struct abi *abi = abis; abi->calls != NULL; abi++)
		length += add_abi(code + length, abi, uid, gid);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {(unsigned short)length, code};
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}
