#include "watcher/filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "options/families.h"
#include "egress/socket_permit.h"

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

/* Sends that connect first (tcp(7)) are answered as where net.ipv4.tcp_fastopen has none. */
static void refuse_fast_open(struct program *program, int flags)
{
	load(program, low(flags));
	jump(program, BPF_JSET, MSG_FASTOPEN, 0, 1);
	answer(program, SECCOMP_RET_ERRNO | EOPNOTSUPP);
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

/* Permits the values and no other of what was loaded. */
static void permit(struct program *program, const uint32_t *values, size_t count, uint32_t refusal)
{
	for (size_t i = 0; i < count; i++)
		jump(program, BPF_JEQ, values[i], (unsigned char)(count - i), 0);
	answer(program, refusal);
	answer(program, SECCOMP_RET_ALLOW);
}

/* Levels that a TCP socket does not have are not restricted (socket_permit.h). */
static void judge_option(struct program *program)
{
	load(program, low(1));
	for (size_t l = 0; l < permitted_levels_count; l++) {
		const struct permitted_level *level = &permitted_levels[l];
		uint32_t names[UINT8_MAX];
		size_t block = begin_test(program, level->level);
		for (size_t n = 0; n < level->count; n++)
			names[n] = level->names[n];
		load(program, low(2));
		permit(program, names, level->count, SECCOMP_RET_ERRNO | ENOPROTOOPT);
		end_test(program, block);
	}
	answer(program, SECCOMP_RET_ALLOW);
}

static void judge_ioctl(struct program *program)
{
	enum { OF_SOCKETS = 0x8900,
	       OF_WIRELESS = 0x8B00 };
	load(program, low(1));
	put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xFF00));
	jump(program, BPF_JEQ, OF_SOCKETS, 2, 0);
	jump(program, BPF_JEQ, OF_WIRELESS, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	load(program, low(1));
	permit(program, permitted_ioctls, permitted_ioctls_count, SECCOMP_RET_ERRNO | ENOTTY);
}

/* AF_INET is always among them. */
static void judge_family(struct program *program, uint64_t families)
{
	uint32_t others[64];
	size_t count = 0;
	for (uint32_t family = 0; family < 64; family++)
		if ((families >> family & 1) != 0 && family != AF_INET)
			others[count++] = family;
	load(program, low(0));
	/* Of this type the kernel makes a socket of AF_PACKET (__sock_create() in net/socket.c). */
	size_t block = begin_test(program, AF_INET);
	load(program, low(1));
	put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FAMILIES_TYPE_MASK));
	jump(program, BPF_JEQ, SOCK_PACKET, 0, 1);
	answer(program, (families >> AF_PACKET & 1) != 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	answer(program, SECCOMP_RET_ALLOW);
	end_test(program, block);
	permit(program, others, count, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

/* Its arguments are in memory: only the watcher can see the family. */
static void judge_socketcall(struct program *program, const struct filter_rules *rules)
{
	load(program, low(0));
	if (rules->families != FAMILIES_ANY) {
		size_t block = begin_test(program, SOCKETCALL_SOCKET);
		answer(program, rules->watched ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | EAFNOSUPPORT);
		end_test(program, block);
	}
	if (rules->watched) {
		jump(program, BPF_JEQ, SOCKETCALL_CONNECT, 6, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDTO, 5, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMSG, 4, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMMSG, 3, 0);
		jump(program, BPF_JEQ, SOCKETCALL_BIND, 2, 0);
		jump(program, BPF_JEQ, rules->allow_list ? SOCKETCALL_LISTEN : SOCKETCALL_BIND, 1, 0);
		jump(program, BPF_JEQ, rules->allow_list ? SOCKETCALL_SETSOCKOPT : SOCKETCALL_BIND, 0, 1);
		answer(program, SECCOMP_RET_USER_NOTIF);
	}
	answer(program, SECCOMP_RET_ALLOW);
}

/* Whether these rules have anything to do with a call. */
static bool concerns(const struct filter_rules *rules, enum watched_call call)
{
	bool restricted = rules->families != FAMILIES_ANY;
	switch (call) {
	case CALL_SOCKET:
		return restricted;
	case CALL_SOCKETCALL:
		return restricted || rules->watched;
	case CALL_UNFILTERABLE:
		return restricted || rules->allow_list;
	case CALL_LISTEN:
	case CALL_CLONE:
	case CALL_CLONE3:
	case CALL_PRCTL:
	case CALL_SETSOCKOPT:
	case CALL_IOCTL:
		return rules->allow_list;
	default:
		return rules->watched;
	}
}

static void judge(struct program *program, enum watched_call call, const struct filter_rules *rules)
{
	bool allow_list = rules->allow_list;
	switch (call) {
	case CALL_CONNECT:
	case CALL_BIND:
		load(program, low(2));
		/* A connect to AF_UNSPEC ends a connection, however short it is (__inet_stream_connect()). */
		jump(program, BPF_JGE, allow_list && call == CALL_CONNECT ? 2 : SHORTEST_ADDRESS, 0, 1);
		break;
	case CALL_SENDTO:
		if (allow_list)
			refuse_fast_open(program, 3);
		load(program, low(5));
		jump(program, BPF_JGE, SHORTEST_ADDRESS, 0, 5);
		load(program, low(4));
		jump(program, BPF_JEQ, 0, 0, 2);
		load(program, high(4));
		jump(program, BPF_JEQ, 0, 1, 0);
		break;
	case CALL_SENDMSG:
	case CALL_SENDMMSG:
		if (allow_list)
			refuse_fast_open(program, call == CALL_SENDMSG ? 2 : 3);
		break;
	case CALL_SECCOMP:
		load(program, low(0));
		jump(program, BPF_JEQ, SECCOMP_SET_MODE_FILTER, 0, 3);
		load(program, low(1));
		jump(program, BPF_JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1);
		break;
	case CALL_LISTEN:
		break;
	case CALL_CLONE:
		load(program, low(0));
		jump(program, BPF_JSET, CLONE_FILES, 0, 2);
		jump(program, BPF_JSET, CLONE_THREAD, 1, 0);
		break;
	case CALL_CLONE3:
	case CALL_UNFILTERABLE:
		answer(program, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case CALL_PRCTL:
		load(program, low(0));
		jump(program, BPF_JEQ, PR_SET_DUMPABLE, 0, 3);
		load(program, low(1));
		jump(program, BPF_JEQ, 0, 0, 1);
		answer(program, SECCOMP_RET_ERRNO | 0);
		answer(program, SECCOMP_RET_ALLOW);
		return;
	case CALL_SOCKETCALL:
		judge_socketcall(program, rules);
		return;
	case CALL_SOCKET:
		judge_family(program, rules->families);
		return;
	case CALL_SETSOCKOPT:
		judge_option(program);
		return;
	case CALL_IOCTL:
		judge_ioctl(program);
		return;
	}
	ends(program);
}

size_t filter_build(const struct watched_syscall *table, size_t count, const struct filter_rules *rules,
		    struct sock_filter *filter, size_t room)
{
	struct program program = {.filter = filter, .room = room};
	load(&program, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < count && !program.full;) {
		uint32_t architecture = table[i].architecture;
		/* A block is longer than a conditional jump reaches. */
		jump(&program, BPF_JEQ, architecture, 1, 0);
		size_t over = program.length;
		put(&program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
		load(&program, offsetof(struct seccomp_data, nr));
		for (; i < count && table[i].architecture == architecture && !program.full; i++) {
			if (!concerns(rules, table[i].call))
				continue;
			size_t row = begin_test(&program, table[i].number);
			judge(&program, table[i].call, rules);
			end_test(&program, row);
		}
		answer(&program, SECCOMP_RET_ALLOW);
		if (!program.full)
			filter[over].k = (uint32_t)(program.length - over - 1);
	}
	/* What this table does not know could set and connect unseen. */
	answer(&program, rules->allow_list ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_ALLOW);
	return program.full ? 0 : program.length;
}
