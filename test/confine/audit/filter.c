/*
 * Runs the filters of every architecture, as they are generated, over the calls that they have to know and those that they have to
 * leave alone. Says what is wrong; status 0 where nothing is.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../../../native/audit_filter.h"

/* The part of classic BPF that a seccomp filter may use and ours does (kernel/seccomp.c, seccomp_check_filter). */
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

#define LISTENER SECCOMP_FILTER_FLAG_NEW_LISTENER
#define ADDRESS 0x7f0000000000ULL /* its lower half is 0 */

#define NOTIFIES SECCOMP_RET_USER_NOTIF
#define FAILS(error) (SECCOMP_RET_ERRNO | (error))
#define FAST MSG_FASTOPEN

struct expectation {
	unsigned number;
	unsigned long long arguments[6];
	unsigned long long seen; /* or STRICT() */
};

/* The same, and what a strict filter does with it. */
#define STRICT(seen, action) ((seen) | (unsigned long long)(action) << 1)

struct machine {
	const char *name;
	unsigned architecture;
	const struct audit_syscall *table;
	const size_t *count;
	const struct expectation *calls;
	size_t calls_count;
};

/* The numbers stand here once more, from the kernel's own tables, and with them calls next to them. */
static const struct expectation x86_64[] = {
	{50, {3, 1}, STRICT(0, NOTIFIES)},
	{56, {CLONE_FILES}, STRICT(0, NOTIFIES)},
	{56, {CLONE_FILES | CLONE_THREAD}, 0},
	{56, {CLONE_VM | 17}, 0},
	{435, {ADDRESS, 88}, STRICT(0, FAILS(ENOSYS))},
	{425, {4, ADDRESS}, STRICT(0, FAILS(ENOSYS))},
	{157, {PR_SET_DUMPABLE, 0}, STRICT(0, FAILS(0))},
	{157, {PR_SET_DUMPABLE, 1}, 0},
	{157, {PR_SET_NAME, 0}, 0},
	{44, {3, 1, 1, FAST, ADDRESS, 16}, STRICT(1, FAILS(EOPNOTSUPP))},
	{44, {3, 1, 1, FAST}, STRICT(0, FAILS(EOPNOTSUPP))},
	{46, {3, ADDRESS, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{307, {3, ADDRESS, 1, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{42, {3, ADDRESS, 16}, 1},
	{42, {3, ADDRESS, 28}, 1},
	{42, {3, ADDRESS, 12}, STRICT(0, NOTIFIES)},
	{42, {3, ADDRESS, 2}, STRICT(0, NOTIFIES)},
	{42, {3, ADDRESS, 110}, 1},
	{44, {3, 1, 1, 0, ADDRESS, 16}, 1},
	{44, {3, 1, 1, 0, 5, 16}, 1},
	{44, {3, 1, 1, 0, 0, 0}, 0},
	{44, {3, 1, 1, 0, 0, 16}, 0},
	{44, {3, 1, 1, 0, ADDRESS, 15}, 0},
	{46, {3, ADDRESS}, 1},
	{307, {3, ADDRESS, 2}, 1},
	{49, {3, ADDRESS, 16}, 1},
	{49, {3, ADDRESS, 12}, 0},
	{317, {1, LISTENER}, 1},
	{317, {1, LISTENER | 1}, 1},
	{317, {1, 1}, 0},
	{317, {0, LISTENER}, 0},
	{0, {0}, 0},
	{1, {0}, 0},
	{41, {0}, 0},
	{43, {0}, 0},
	{45, {0}, 0},
	{47, {0}, 0},
	{102, {3}, 0},
	{299, {0}, 0},
	{362, {3, ADDRESS, 16}, 0},
	{0xFFFFFFFF, {0}, 0},
};

static const struct expectation x32[] = {
	{0x40000000 | 50, {3, 1}, STRICT(0, NOTIFIES)},
	{0x40000000 | 56, {CLONE_FILES}, STRICT(0, NOTIFIES)},
	{0x40000000 | 56, {CLONE_FILES | CLONE_THREAD}, 0},
	{0x40000000 | 56, {CLONE_VM | 17}, 0},
	{0x40000000 | 435, {5, 88}, STRICT(0, FAILS(ENOSYS))},
	{0x40000000 | 425, {4, 5}, STRICT(0, FAILS(ENOSYS))},
	{0x40000000 | 157, {PR_SET_DUMPABLE, 0}, STRICT(0, FAILS(0))},
	{0x40000000 | 157, {PR_SET_DUMPABLE, 1}, 0},
	{0x40000000 | 157, {PR_SET_NAME, 0}, 0},
	{0x40000000 | 44, {3, 1, 1, FAST, 5, 16}, STRICT(1, FAILS(EOPNOTSUPP))},
	{0x40000000 | 44, {3, 1, 1, FAST}, STRICT(0, FAILS(EOPNOTSUPP))},
	{0x40000000 | 518, {3, 5, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{0x40000000 | 538, {3, 5, 1, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{0x40000000 | 42, {3, 5, 16}, 1},
	{0x40000000 | 44, {3, 1, 1, 0, 5, 16}, 1},
	{0x40000000 | 44, {3, 1, 1, 0, 0, 0}, 0},
	{0x40000000 | 518, {3, 5}, 1},
	{0x40000000 | 538, {3, 5, 1}, 1},
	{0x40000000 | 49, {3, 5, 16}, 1},
	{0x40000000 | 317, {1, LISTENER}, 1},
	{0x40000000 | 46, {3, 5}, 0},
	{0x40000000 | 307, {3, 5, 1}, 0},
	{518, {3, 5}, 0},
	{0x40000000, {0}, 0},
};

static const struct expectation i386[] = {
	{363, {3, 1}, STRICT(0, NOTIFIES)},
	{120, {CLONE_FILES}, STRICT(0, NOTIFIES)},
	{120, {CLONE_FILES | CLONE_THREAD}, 0},
	{120, {CLONE_VM | 17}, 0},
	{435, {5, 88}, STRICT(0, FAILS(ENOSYS))},
	{425, {4, 5}, STRICT(0, FAILS(ENOSYS))},
	{172, {PR_SET_DUMPABLE, 0}, STRICT(0, FAILS(0))},
	{172, {PR_SET_DUMPABLE, 1}, 0},
	{172, {PR_SET_NAME, 0}, 0},
	{369, {3, 1, 1, FAST, 5, 16}, STRICT(1, FAILS(EOPNOTSUPP))},
	{369, {3, 1, 1, FAST}, STRICT(0, FAILS(EOPNOTSUPP))},
	{370, {3, 5, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{345, {3, 5, 1, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{102, {1}, 0},
	{102, {2}, 1},
	{102, {3}, 1},
	{102, {4}, STRICT(0, NOTIFIES)},
	{102, {9}, 0},
	{102, {10}, 0},
	{102, {11}, 1},
	{102, {12}, 0},
	{102, {16}, 1},
	{102, {17}, 0},
	{102, {20}, 1},
	{362, {3, 5, 16}, 1},
	{369, {3, 1, 1, 0, 5, 16}, 1},
	{369, {3, 1, 1, 0, 0, 0}, 0},
	{370, {3, 5}, 1},
	{345, {3, 5, 1}, 1},
	{361, {3, 5, 16}, 1},
	{354, {1, LISTENER}, 1},
	{42, {3, 5, 16}, 0},
	{46, {0}, 0},
	{44, {0}, 0},
	{1, {0}, 0},
};

static const struct expectation aarch64[] = {
	{201, {3, 1}, STRICT(0, NOTIFIES)},
	{220, {CLONE_FILES}, STRICT(0, NOTIFIES)},
	{220, {CLONE_FILES | CLONE_THREAD}, 0},
	{220, {CLONE_VM | 17}, 0},
	{435, {ADDRESS, 88}, STRICT(0, FAILS(ENOSYS))},
	{425, {4, ADDRESS}, STRICT(0, FAILS(ENOSYS))},
	{167, {PR_SET_DUMPABLE, 0}, STRICT(0, FAILS(0))},
	{167, {PR_SET_DUMPABLE, 1}, 0},
	{167, {PR_SET_NAME, 0}, 0},
	{206, {3, 1, 1, FAST, ADDRESS, 16}, STRICT(1, FAILS(EOPNOTSUPP))},
	{206, {3, 1, 1, FAST}, STRICT(0, FAILS(EOPNOTSUPP))},
	{211, {3, ADDRESS, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{269, {3, ADDRESS, 1, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{203, {3, ADDRESS, 16}, 1},
	{203, {3, ADDRESS, 12}, STRICT(0, NOTIFIES)},
	{206, {3, 1, 1, 0, ADDRESS, 16}, 1},
	{206, {3, 1, 1, 0, 0, 0}, 0},
	{211, {3, ADDRESS}, 1},
	{269, {3, ADDRESS, 1}, 1},
	{200, {3, ADDRESS, 16}, 1},
	{277, {1, LISTENER}, 1},
	{277, {1, 0}, 0},
	{42, {3, ADDRESS, 16}, 0},
	{44, {0}, 0},
	{46, {0}, 0},
	{63, {0}, 0},
	{207, {0}, 0},
	{212, {0}, 0},
};

static const struct expectation arm[] = {
	{284, {3, 1}, STRICT(0, NOTIFIES)},
	{120, {CLONE_FILES}, STRICT(0, NOTIFIES)},
	{120, {CLONE_FILES | CLONE_THREAD}, 0},
	{120, {CLONE_VM | 17}, 0},
	{435, {5, 88}, STRICT(0, FAILS(ENOSYS))},
	{425, {4, 5}, STRICT(0, FAILS(ENOSYS))},
	{172, {PR_SET_DUMPABLE, 0}, STRICT(0, FAILS(0))},
	{172, {PR_SET_DUMPABLE, 1}, 0},
	{172, {PR_SET_NAME, 0}, 0},
	{290, {3, 1, 1, FAST, 5, 16}, STRICT(1, FAILS(EOPNOTSUPP))},
	{290, {3, 1, 1, FAST}, STRICT(0, FAILS(EOPNOTSUPP))},
	{296, {3, 5, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{374, {3, 5, 1, FAST}, STRICT(1, FAILS(EOPNOTSUPP))},
	{283, {3, 5, 16}, 1},
	{290, {3, 1, 1, 0, 5, 16}, 1},
	{290, {3, 1, 1, 0, 0, 0}, 0},
	{296, {3, 5}, 1},
	{374, {3, 5, 1}, 1},
	{282, {3, 5, 16}, 1},
	{383, {1, LISTENER}, 1},
	{203, {3, 5, 16}, 0},
	{102, {3}, 0},
	{3, {0}, 0},
};

static const struct expectation other[] = {
	{42, {3, ADDRESS, 16}, 0},
	{46, {0}, 0},
};

#define CALLS(list) list, sizeof list / sizeof *list

static const struct machine machines[] = {
	{"x86-64", AUDIT_ARCH_X86_64, audit_x86, &audit_x86_count, CALLS(x86_64)},
	{"x32", AUDIT_ARCH_X86_64, audit_x86, &audit_x86_count, CALLS(x32)},
	{"i386", AUDIT_ARCH_I386, audit_x86, &audit_x86_count, CALLS(i386)},
	{"aarch64", AUDIT_ARCH_AARCH64, audit_arm, &audit_arm_count, CALLS(aarch64)},
	{"arm", AUDIT_ARCH_ARM, audit_arm, &audit_arm_count, CALLS(arm)},
	{"another machine's", AUDIT_ARCH_S390X, audit_x86, &audit_x86_count, CALLS(other)},
};

/* Whether what the number alone decides is decided without a look at the arguments, which the kernel's cache needs. */
static int is_cacheable(const struct sock_filter *filter, size_t length, unsigned architecture, unsigned number)
{
	struct seccomp_data one = {.nr = (int)number, .arch = architecture}, two = one;
	memset(two.args, 0xFF, sizeof two.args);
	return run(filter, length, &one) == run(filter, length, &two);
}

/* Says what a machine's filter does otherwise than it should. */
static int check(const struct machine *machine, bool strict)
{
	int wrong = 0;
	struct sock_filter filter[AUDIT_FILTER_ROOM];
	size_t length = audit_filter_build(machine->table, *machine->count, strict, filter, AUDIT_FILTER_ROOM);
	if (length == 0 || audit_filter_build(machine->table, *machine->count, strict, filter, length - 1) != 0) {
		printf("%s: the filter has %zu instructions\n", machine->name, length);
		return 1;
	}
	audit_filter_build(machine->table, *machine->count, strict, filter, AUDIT_FILTER_ROOM);
	for (size_t c = 0; c < machine->calls_count; c++) {
		const struct expectation *call = &machine->calls[c];
		struct seccomp_data data = {.nr = (int)call->number, .arch = machine->architecture};
		memcpy(data.args, call->arguments, sizeof data.args);
		long wanted = (call->seen & 1) != 0 ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
		if (strict && call->seen > 1)
			wanted = (long)(call->seen >> 1);
		long got = run(filter, length, &data);
		if (got != wanted) {
			printf("%s%s: call %u(%llu, %llu, %llu, %llu) gets %lx, and should get %lx\n", machine->name, strict ? ", strict" : "",
			       call->number, call->arguments[0], call->arguments[1], call->arguments[2], call->arguments[3], got, wanted);
			wrong = 1;
		}
	}
	if (!is_cacheable(filter, length, machine->architecture, 0)) {
		printf("%s: a call that is not watched depends on its arguments\n", machine->name);
		wrong = 1;
	}
	return wrong;
}

int main(void)
{
	int wrong = 0;
	for (size_t m = 0; m < sizeof machines / sizeof *machines; m++)
		wrong |= check(&machines[m], false) | check(&machines[m], true);
	return wrong;
}
