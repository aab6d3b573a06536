#include "audit_filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

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
		if (strict)
			refuse_fast_open(program, 3);
		load(program, low(5));
		jump(program, BPF_JGE, AUDIT_SHORTEST_ADDRESS, 0, 5);
		load(program, low(4));
		jump(program, BPF_JEQ, 0, 0, 2);
		load(program, high(4));
		jump(program, BPF_JEQ, 0, 1, 0);
		break;
	case CALL_SENDMSG:
	case CALL_SENDMMSG:
		if (strict)
			refuse_fast_open(program, call == CALL_SENDMSG ? 2 : 3);
		break;
	case CALL_SOCKETCALL:
		load(program, low(0));
		jump(program, BPF_JEQ, SOCKETCALL_CONNECT, 5, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDTO, 4, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMSG, 3, 0);
		jump(program, BPF_JEQ, SOCKETCALL_SENDMMSG, 2, 0);
		jump(program, BPF_JEQ, SOCKETCALL_BIND, 1, 0);
		jump(program, BPF_JEQ, strict ? SOCKETCALL_LISTEN : SOCKETCALL_BIND, 0, 1);
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
	case CALL_NONE:
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
			if (!strict && table[i].call >= CALL_LISTEN)
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
