// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares the seccomp filters that confine generates with a model, for every architecture, system call number and argument that could matter.
 * The model was written by hand from the tables of the kernel, and shares no code with confine. Prints each difference. Exits with 0 if there
 * is none.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "seccomp/seccomp_filter.h"
#include "options/allow_list.h"

typedef unsigned long long u64;

/* Runs a filter on the data of a system call, and returns its action. Supports only the BPF instructions that the filters use (seccomp_check_filter() in kernel/seccomp.c). */
static long run(const struct sock_filter *filter, size_t length, const struct seccomp_data *data)
{
	unsigned a = 0;
	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *one = &filter[at];
		switch (one->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (one->k % 4 != 0 || one->k >= sizeof *data)
				return -1;
			memcpy(&a, (const char *)data + one->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= one->k;
			break;
		case BPF_JMP | BPF_JA:
			at += one->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == one->k ? one->jt : one->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= one->k ? one->jt : one->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += (a & one->k) != 0 ? one->jt : one->jf;
			break;
		case BPF_RET | BPF_K:
			return one->k;
		default:
			return -1;
		}
	}
	return -1;
}

/* The system call numbers of one ABI, from syscall_64.tbl, syscall_32.tbl, asm-generic/unistd.h and syscall.tbl of arm in the kernel. 0: the ABI
 * does not have the call. */
struct abi {
	const char *name;
	unsigned architecture, bit;
	unsigned connect, sendto, sendmsg, sendmmsg, bind, listen, seccomp, clone, prctl, socket, socketpair, setsockopt, ioctl, socketcall, shmget, semget, msgget, mq_open, ipc;
};

static const struct abi abis[] = {
	{"x86-64", AUDIT_ARCH_X86_64, 0, 42, 44, 46, 307, 49, 50, 317, 56, 157, 41, 53, 54, 16, 0, 29, 64, 68, 240, 0},
	{"x32", AUDIT_ARCH_X86_64, 0x40000000, 42, 44, 518, 538, 49, 50, 317, 56, 157, 41, 53, 541, 514, 0, 29, 64, 68, 0, 0},
	{"i386", AUDIT_ARCH_I386, 0, 362, 369, 370, 345, 361, 363, 354, 120, 172, 359, 360, 366, 54, 102, 395, 393, 399, 277, 117},
	{"aarch64", AUDIT_ARCH_AARCH64, 0, 203, 206, 211, 269, 200, 201, 277, 220, 167, 198, 199, 208, 29, 0, 194, 190, 186, 180, 0},
	{"arm", AUDIT_ARCH_ARM, 0, 283, 290, 296, 374, 282, 284, 383, 120, 172, 281, 288, 294, 54, 0, 307, 299, 303, 274, 0},
};
enum { ABIS = sizeof abis / sizeof *abis,
       URING = 425,
       CLONE3 = 435 };

enum { ALLOW = 0x7FFF0000,
       NOTIFY = 0x7FC00000,
       FAIL = 0x00050000 };

static int is_one_of(unsigned value, const unsigned short *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == value)
			return 1;
	return 0;
}

/* The system calls that set user or group ids. Their numbers in each ABI are from the kernel's tables too. */
enum { SETUID,
       SETGID,
       SETREUID,
       SETREGID,
       SETRESUID,
       SETRESGID,
       CHOWN,
       LCHOWN,
       FCHOWN,
       FCHOWNAT,
       ID_CALLS };
static const unsigned id_numbers[ABIS][ID_CALLS] = {
	{105, 106, 113, 114, 117, 119, 92, 94, 93, 260},
	{105, 106, 113, 114, 117, 119, 92, 94, 93, 260},
	{213, 214, 203, 204, 208, 210, 212, 198, 207, 298},
	{146, 144, 145, 143, 147, 149, 0, 0, 55, 54},
	{213, 214, 203, 204, 208, 210, 212, 198, 207, 325},
};
/* The numbers of the calls with 16-bit ids, in the order of the enum. Only i386 and arm have such calls. */
static const unsigned id_numbers_16[FCHOWNAT] = {23, 46, 70, 71, 164, 170, 182, 16, 95};

/* Returns 1 if every id that the call sets is the id that the user namespace maps, or -1. Otherwise returns 0. */
static int may_set_ids(int call, const u64 *args, const struct seccomp_rules *rules, unsigned mask)
{
	int first = call >= FCHOWNAT ? 2 : call >= CHOWN, count = call >= CHOWN ? 2 : 1 + call / 2;
	for (int i = 0; i < count; i++) {
		unsigned id = (unsigned)args[first + i] & mask;
		int is_group = call >= CHOWN ? i : call % 2;
		if (id != mask && id != (is_group ? rules->gid : rules->uid))
			return 0;
	}
	return 1;
}

static long expect_of_ids(const struct abi *abi, unsigned nr, const u64 *args, const struct seccomp_rules *rules)
{
	int has_16 = abi->architecture == AUDIT_ARCH_I386 || abi->architecture == AUDIT_ARCH_ARM;
	for (int call = 0; call < ID_CALLS; call++) {
		if (nr == id_numbers[abi - abis][call])
			return may_set_ids(call, args, rules, 0xFFFFFFFF) ? ALLOW : FAIL | EPERM;
		if (has_16 && call < FCHOWNAT && nr == id_numbers_16[call])
			return may_set_ids(call, args, rules, 0xFFFF) ? ALLOW : FAIL | EPERM;
	}
	return ALLOW;
}

#define LIST(list) list, sizeof list / sizeof *list

static int may_set(unsigned level, unsigned name)
{
	/* The option numbers are from asm-generic/socket.h, linux/in.h, linux/tcp.h and linux/in6.h. */
	static const unsigned short of_socket[] = {2, 6, 7, 8, 9, 10, 12, 13, 15, 16, 18, 20, 21, 29, 32, 33, 34, 35, 37, 40, 42, 45, 47, 60, 63, 64, 65, 66, 67, 76};
	static const unsigned short of_ip[] = {1, 2, 8, 10, 11, 12, 13, 24, 32, 33, 34, 35, 36, 49};
	static const unsigned short of_tcp[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 18, 23, 25, 36};
	static const unsigned short of_ipv6[] = {16, 17, 18, 19, 20, 21, 23, 25, 26, 29, 49, 51, 62, 66, 67};
	switch (level) {
	case 1:
		return is_one_of(name, LIST(of_socket));
	case 0:
		return is_one_of(name, LIST(of_ip));
	case 6:
		return is_one_of(name, LIST(of_tcp));
	case 41:
		return is_one_of(name, LIST(of_ipv6));
	case 282:
	case 284:
	case 286:
		return 0;
	default:
		return 1;
	}
}

static int may_control(unsigned request)
{
	/* The request numbers are from linux/sockios.h and asm-generic/sockios.h. */
	static const unsigned short plain[] = {0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x8907, 0x894B, 0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891B, 0x891D, 0x8921, 0x8927, 0x8933};
	unsigned type = request >> 8 & 0xFF;
	if (type != 0x89 && type != 0x8B)
		return 1;
	return (request < 0x10000 && is_one_of(request, LIST(plain))) || request == 0x80108906 || request == 0x80108907;
}

static int may_make(u64 families, unsigned family, unsigned type)
{
	if (family == 2 && (type & 0xF) == 10)
		family = 17;
	return family < 64 && (families >> family & 1) != 0;
}

/* Returns the action for socket(2) with a permitted family, with RULE_NET_FILTER. The protocol numbers are from linux/in.h. */
static long expect_internet_socket(const unsigned *args)
{
	static const unsigned short protocols[] = {0, 1, 6, 17, 58, 136, 262};
	if (args[0] != 2 && args[0] != 10)
		return ALLOW;
	if ((args[1] & 0xF) == 10 && args[0] == 2)
		return ALLOW;
	if ((args[1] & 0xF) == 3)
		return FAIL | EPERM;
	return (args[1] & 0xF) != 5 && args[2] < 0x10000 && is_one_of(args[2], LIST(protocols)) ? ALLOW : FAIL | EPROTONOSUPPORT;
}

static bool has(const struct seccomp_rules *rules, unsigned rule)
{
	return (rules->active & rule) != 0;
}

static long expect_socketcall(const struct seccomp_rules *rules, unsigned call)
{
	bool watched = has(rules, RULE_WATCHED), allow_list = has(rules, RULE_ALLOW_LIST), net_filter = has(rules, RULE_NET_FILTER);
	if (call == 1 && has(rules, RULE_FAMILIES))
		return watched ? NOTIFY : FAIL | EAFNOSUPPORT;
	if (!watched)
		return ALLOW;
	if (call == 2 || call == 3 || call == 11 || call == 16 || call == 20 || ((allow_list || net_filter) && (call == 4 || call == 14)))
		return NOTIFY;
	return ALLOW;
}

static long expect_of(const struct abi *abi, const struct seccomp_data *data, const struct seccomp_rules *rules)
{
	unsigned nr = (unsigned)data->nr ^ abi->bit, args[6];
	bool restricted = has(rules, RULE_FAMILIES), watched = has(rules, RULE_WATCHED), net_filter = has(rules, RULE_NET_FILTER), allow_list = has(rules, RULE_ALLOW_LIST);
	for (int i = 0; i < 6; i++)
		args[i] = (unsigned)data->args[i];
	if (nr == 0 || nr >= 0x40000000)
		return ALLOW;
	if (nr == abi->connect)
		return watched && args[2] >= (allow_list ? 2 : 3) ? NOTIFY : ALLOW;
	if (nr == abi->bind)
		return watched && args[2] >= (net_filter ? 2 : 16) ? NOTIFY : ALLOW;
	if (nr == abi->sendto && allow_list && (args[3] & 0x20000000) != 0)
		return FAIL | EOPNOTSUPP;
	if (nr == abi->sendto)
		return watched && args[5] >= 3 && data->args[4] != 0 ? NOTIFY : ALLOW;
	if (nr == abi->sendmsg || nr == abi->sendmmsg) {
		if (allow_list && (args[nr == abi->sendmsg ? 2 : 3] & 0x20000000) != 0)
			return FAIL | EOPNOTSUPP;
		return watched ? NOTIFY : ALLOW;
	}
	if (nr == abi->seccomp)
		return watched && args[0] == 1 && (args[1] & 8) != 0 ? NOTIFY : ALLOW;
	if (nr == abi->listen)
		return allow_list || net_filter ? NOTIFY : ALLOW;
	if (nr == abi->clone)
		return allow_list && (args[0] & 0x400) != 0 && (args[0] & 0x10000) == 0 ? NOTIFY : ALLOW;
	if (nr == abi->prctl)
		return (allow_list || net_filter || has(rules, RULE_OWN_SOCKETS)) && args[0] == 4 && args[1] == 0 ? FAIL : ALLOW;
	if (nr == abi->setsockopt)
		return (allow_list || net_filter) && !may_set(args[1], args[2]) ? FAIL | ENOPROTOOPT : ALLOW;
	if (nr == abi->ioctl)
		return allow_list && !may_control(args[1]) ? FAIL | ENOTTY : ALLOW;
	if (nr == abi->socket || nr == abi->socketpair) {
		if (restricted && !may_make(rules->families, args[0], args[1]))
			return FAIL | EAFNOSUPPORT;
		return restricted && net_filter ? expect_internet_socket(args) : ALLOW;
	}
	if (nr == abi->socketcall)
		return expect_socketcall(rules, args[0]);
	if (nr == abi->shmget || nr == abi->semget || nr == abi->msgget || nr == abi->mq_open)
		return has(rules, RULE_IPC_OBJECTS) ? NOTIFY : ALLOW;
	if (nr == abi->ipc) {
		unsigned call = args[0] & 0xFFFF;
		return has(rules, RULE_IPC_OBJECTS) && (call == 2 || call == 13 || call == 23) ? NOTIFY : ALLOW;
	}
	if (nr == URING)
		return restricted || net_filter || allow_list || has(rules, RULE_OWN_SOCKETS) ? FAIL | ENOSYS : ALLOW;
	if (nr == CLONE3)
		return allow_list ? FAIL | ENOSYS : ALLOW;
	return has(rules, RULE_SINGLE_ID) ? expect_of_ids(abi, nr, data->args, rules) : ALLOW;
}

/* The model: returns the action that a filter with these rules must return for this system call. family: 0 for an x86 machine, 1 for an arm machine. */
static long expect(const struct seccomp_data *data, const struct seccomp_rules *rules, unsigned family)
{
	int known = 0;
	for (size_t i = 0; i < ABIS; i++) {
		const struct abi *abi = &abis[i];
		if (abi->architecture != data->arch || (i < 3) != (family == 0))
			continue;
		known = 1;
		if (((unsigned)data->nr & 0x40000000) == abi->bit && ((unsigned)data->nr & 0x80000000) == 0)
			return expect_of(abi, data, rules);
	}
	return known || !has(rules, RULE_ALLOW_LIST | RULE_OWN_SOCKETS | RULE_NET_FILTER) ? ALLOW : FAIL | ENOSYS;
}

/* The ids that the user namespace maps. The group id does not fit into 16 bits, as a test of the calls with 16-bit ids. */
enum { OWN_UID = 1000,
       OWN_GID = 70000 };

static const u64 values[] = {
	0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 23, 28, 38, 40, 41, 49, 57, 62, 63, 64, 110, 128, 255, 282, 286, 0x400, 0x10000, 0x10002, 0x10400, 0x541B, 0x5421, 0x8000A, 0x80001, 0x8901, 0x8906,
	0x8910, 0x8914, 0x894B, 0x894C, 0x89F0, 0x8B01, 0x8A01, 0x20000000, 0x2000000F, 0x7FFFFFFF, 0x80000000, 0x80108906, 0x80108905, 0xFFFFFFFF, 0x100000000, 0x100000001, 0x100000002, 0x100000010,
	0x7F0000000000, 0xFFFFFFFF00000000, ~0ULL, OWN_UID, OWN_GID, OWN_UID | 1ULL << 32, 0xFFFF, 0x1FFFF, OWN_GID & 0xFFFF};
enum { VALUES = sizeof values / sizeof *values };

struct comparison {
	struct sock_filter filter[SECCOMP_FILTER_ROOM];
	size_t length;
	struct seccomp_rules rules;
	unsigned family; /* machine for which the filter was generated; 0: x86, 1: arm */
	u64 compared, different;
};

static void compare(struct comparison *with, const struct seccomp_data *data)
{
	long wanted = expect(data, &with->rules, with->family), got = run(with->filter, with->length, data);
	with->compared++;
	if (got == wanted || with->different++ >= 10)
		return;
	printf("architecture %x, rules %#x, families %llx: call %#x(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx) gets %lx, and should get %lx\n",
	       data->arch, with->rules.active, (u64)with->rules.families, (unsigned)data->nr, data->args[0],
	       data->args[1], data->args[2], data->args[3], data->args[4], data->args[5], got, wanted);
}

/* Compares filter and model for every pair of values of two arguments. The other arguments are all 0, or have all bits set. */
static void compare_pair(struct comparison *with, struct seccomp_data data, int one, int other)
{
	for (int fill = 0; fill < 2; fill++) {
		memset(data.args, fill == 0 ? 0 : 0xFF, sizeof data.args);
		for (size_t v = 0; v < VALUES; v++)
			for (size_t w = 0; w < VALUES; w++) {
				data.args[one] = values[v];
				data.args[other] = values[w];
				compare(with, &data);
			}
	}
}

static void compare_single(struct comparison *with, struct seccomp_data data)
{
	for (int fill = 0; fill < 2; fill++)
		for (int argument = 0; argument < 6; argument++) {
			memset(data.args, fill == 0 ? 0 : 0xFF, sizeof data.args);
			for (size_t v = 0; v < VALUES; v++) {
				data.args[argument] = values[v];
				compare(with, &data);
			}
		}
}

static void compare_abi(struct comparison *with, const struct abi *abi)
{
	static const int pairs[][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {3, 5}, {4, 5}};
	const unsigned known[] = {abi->connect, abi->sendto, abi->sendmsg, abi->sendmmsg, abi->bind, abi->listen, abi->seccomp, abi->clone, abi->prctl, abi->socket,
				  abi->socketpair, abi->setsockopt, abi->ioctl, abi->socketcall, abi->ipc, URING, CLONE3};
	struct seccomp_data data = {.arch = abi->architecture};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
			data.nr = (int)(known[i] | abi->bit);
			compare_pair(with, data, pairs[p][0], pairs[p][1]);
		}
	data.nr = (int)(abi->setsockopt | abi->bit);
	for (unsigned level = 0; level < 300; level++)
		for (unsigned name = 0; name < 300; name++) {
			data.args[1] = level | (name % 2 == 0 ? 0 : 1ULL << 32);
			data.args[2] = name;
			compare(with, &data);
		}
	data.nr = (int)(abi->ioctl | abi->bit);
	for (unsigned request = 0; request < 0x10000; request++)
		for (unsigned size = 0; size < 3; size++) {
			data.args[1] = request | (size == 0 ? 0 : size == 1 ? 0x80100000
									    : 1ULL << 40);
			compare(with, &data);
		}
	data.nr = (int)(abi->socket | abi->bit);
	for (unsigned family = 0; family < 300; family++)
		for (unsigned type = 0; type < 32; type++)
			for (unsigned flags = 0; flags < 2; flags++) {
				data.args[0] = family;
				data.args[1] = type | (flags == 0 ? 0 : 0x80800);
				compare(with, &data);
			}
	for (unsigned protocol = 0; protocol < 300; protocol++)
		for (unsigned type = 0; type < 16; type++)
			for (unsigned family = 2; family <= 10; family += 8) {
				data.args[0] = family;
				data.args[1] = type | 0x80000;
				data.args[2] = protocol | (type % 2 == 0 ? 0 : 1ULL << 32);
				compare(with, &data);
			}
	for (size_t i = 0; i < ID_CALLS + FCHOWNAT; i++)
		for (size_t p = 0; p < 3; p++) {
			data.nr = (int)((i < ID_CALLS ? id_numbers[abi - abis][i] : id_numbers_16[i - ID_CALLS]) | abi->bit);
			compare_pair(with, data, pairs[p][0], pairs[p][1]);
		}
	for (unsigned nr = 0; nr < 600; nr++) {
		data.nr = (int)(nr | abi->bit);
		compare_single(with, data);
	}
	static const unsigned far[] = {0x3FFFFFFF, 0x40000258, 0x7FFFFFFF, 0x80000000, 0x80000029, 0xC0000036, 0xFFFFFFFF, 983045};
	for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
		data.nr = (int)far[i];
		compare_single(with, data);
	}
}

/* Returns 1 if the filter decides about this system call by the number alone and loads no argument, so that the kernel can cache the result. */
static int is_cacheable(const struct comparison *with, unsigned architecture, unsigned number)
{
	struct seccomp_data one = {.nr = (int)number, .arch = architecture}, two = one;
	memset(two.args, 0xFF, sizeof two.args);
	return run(with->filter, with->length, &one) == run(with->filter, with->length, &two);
}

static u64 check(struct comparison *with, const struct machine *machine)
{
	struct seccomp_rules *rules = &with->rules;
	with->length = seccomp_filter_build(machine, rules, with->filter, SECCOMP_FILTER_ROOM);
	if (with->length == 0 || seccomp_filter_build(machine, rules, with->filter, with->length - 1) != 0) {
		printf("the filter has %zu instructions\n", with->length);
		return 1;
	}
	seccomp_filter_build(machine, rules, with->filter, SECCOMP_FILTER_ROOM);
	for (size_t i = 0; i < ABIS; i++)
		if ((i < 3) == (with->family == 0)) {
			compare_abi(with, &abis[i]);
			with->different += !is_cacheable(with, abis[i].architecture, 1 | abis[i].bit);
		}
	/* Test architectures for which the filter has no instructions: one of the other family, and an unknown one. */
	for (unsigned nr = 0; nr < 600; nr++) {
		struct seccomp_data data = {.nr = (int)nr, .arch = with->family == 0 ? AUDIT_ARCH_ARM : AUDIT_ARCH_I386};
		compare_single(with, data);
		data.arch = AUDIT_ARCH_S390X;
		compare(with, &data);
	}
	return with->different;
}

int main(void)
{
	static struct comparison with;
	static const struct machine machines[] = {{ABI_X86_64, ABI_I386 + 1}, {ABI_AARCH64, ABI_ARM + 1}};
	static const unsigned modes[] = {0, RULE_WATCHED, RULE_WATCHED | RULE_NET_FILTER | RULE_IPC_OBJECTS, RULE_WATCHED | RULE_ALLOW_LIST, RULE_WATCHED | RULE_OWN_SOCKETS};
	const u64 defaults = 1ULL << 1 | 1ULL << 2 | 1ULL << 10 | 1ULL << 16;
	const u64 families[] = {defaults, defaults | 1ULL << 40, defaults | 1ULL << 17 | 1ULL << 38, FAMILIES_ANY};
	u64 different = FAMILIES_DEFAULT != defaults, compared = 0;
	/* Restrict the ids in half of the filters, so that each mode and each set of families has filters with and without it. */
	for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
		for (size_t f = 0; f < 4; f++)
			for (unsigned machine = 0; machine < 2; machine++) {
				unsigned active = modes[m] | (families[f] == FAMILIES_ANY ? 0 : RULE_FAMILIES) | ((m + f) % 2 == 0 ? RULE_SINGLE_ID : 0);
				with = (struct comparison){.rules = {active, families[f], OWN_UID, OWN_GID}, .family = machine};
				different += check(&with, &machines[machine]);
				compared += with.compared;
			}
	if (compared < 50000000) {
		printf("only %llu calls were compared\n", compared);
		return 1;
	}
	return different != 0;
}
