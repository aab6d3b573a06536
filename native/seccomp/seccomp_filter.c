// SPDX-License-Identifier: GPL-2.0-or-later
#include "seccomp/seccomp_filter.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "options/allow_list.h"
#include "seccomp/socket_permit.h"
#include "seccomp/bpf.h"

/* Refuses a send with MSG_FASTOPEN, which connects and sends in one call (tcp(7)). The errno is that of a kernel where net.ipv4.tcp_fastopen is off. flags: index of the argument with the flags. */
static void put_refuse_fast_open(struct bpf *bpf, int flags)
{
	put_load(bpf, low_half(flags));
	put_jump(bpf, BPF_JSET, MSG_FASTOPEN, 0, 1);
	put_return(bpf, SECCOMP_RET_ERRNO | EOPNOTSUPP);
}

/* Appends instructions that allow the call if the loaded value is in values. Otherwise the filter returns the action refusal. */
static void put_permitted(struct bpf *bpf, const uint32_t *values, size_t count, uint32_t refusal)
{
	for (size_t i = 0; i < count; i++)
		put_jump(bpf, BPF_JEQ, values[i], (unsigned char)(count - i), 0);
	put_return(bpf, refusal);
	put_return(bpf, SECCOMP_RET_ALLOW);
}

/* Restricts setsockopt(2) at the levels of a TCP socket (socket_permit.h). Other levels are not restricted. */
static void put_setsockopt(struct bpf *bpf)
{
	put_load(bpf, low_half(1));
	for (size_t l = 0; l < permitted_levels_count; l++) {
		const struct permitted_level *level = &permitted_levels[l];
		size_t block = begin_if_equal(bpf, level->level);
		put_load(bpf, low_half(2));
		put_permitted(bpf, level->names, level->count, SECCOMP_RET_ERRNO | ENOPROTOOPT);
		end_jump(bpf, block);
	}
	put_return(bpf, SECCOMP_RET_ALLOW);
}

static void put_ioctl(struct bpf *bpf)
{
	enum { OF_SOCKETS = 0x8900,
	       OF_WIRELESS = 0x8B00 };
	put_load(bpf, low_half(1));
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xFF00));
	put_jump(bpf, BPF_JEQ, OF_SOCKETS, 2, 0);
	put_jump(bpf, BPF_JEQ, OF_WIRELESS, 1, 0);
	put_return(bpf, SECCOMP_RET_ALLOW);
	put_load(bpf, low_half(1));
	put_permitted(bpf, permitted_ioctls, permitted_ioctls_count, SECCOMP_RET_ERRNO | ENOTTY);
}

/* Permits only internet sockets whose destinations the watcher can check: no raw sockets, which send and receive packets of other sockets, and no SCTP, which connects by setsockopt(2). */
static void put_internet_socket(struct bpf *bpf)
{
	put_load(bpf, low_half(1));
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FAMILIES_TYPE_MASK));
	put_jump(bpf, BPF_JEQ, SOCK_RAW, 0, 1);
	put_return(bpf, SECCOMP_RET_ERRNO | EPERM);
	put_jump(bpf, BPF_JEQ, SOCK_SEQPACKET, 0, 1);
	put_return(bpf, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
	put_load(bpf, low_half(2));
	put_permitted(bpf, permitted_protocols, permitted_protocols_count, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
}

/* Restricts socket(2) and socketpair(2) to the permitted families, which always include AF_INET and AF_INET6. */
static void put_socket(struct bpf *bpf, const struct seccomp_rules *rules)
{
	const uint64_t families = rules->families;
	uint32_t others[64];
	size_t count = 0;
	for (uint32_t family = 0; family < 64; family++)
		if ((families >> family & 1) != 0 && family != AF_INET)
			others[count++] = family;
	put_load(bpf, low_half(0));
	if ((rules->active & RULE_NET_FILTER) != 0) {
		size_t ipv6_block = begin_if_equal(bpf, AF_INET6);
		put_internet_socket(bpf);
		end_jump(bpf, ipv6_block);
	}
	/* Check SOCK_PACKET separately: with AF_INET and this type the kernel creates a socket of AF_PACKET (__sock_create() in net/socket.c). */
	size_t block = begin_if_equal(bpf, AF_INET);
	put_load(bpf, low_half(1));
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FAMILIES_TYPE_MASK));
	put_jump(bpf, BPF_JEQ, SOCK_PACKET, 0, 1);
	put_return(bpf, (families >> AF_PACKET & 1) != 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	if ((rules->active & RULE_NET_FILTER) != 0)
		put_internet_socket(bpf);
	else
		put_return(bpf, SECCOMP_RET_ALLOW);
	end_jump(bpf, block);
	put_permitted(bpf, others, count, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

/* Handles socketcall(2), whose arguments a filter cannot read because they are in memory. With a listener, notifies it of watched calls. Without one, refuses calls that create a socket. Allows all other calls. */
static void put_socketcall(struct bpf *bpf, const struct seccomp_rules *rules)
{
	put_load(bpf, low_half(0));
	for (size_t i = 0; i < watched_syscalls_count; i++) {
		const struct watched_syscall *row = &watched_syscalls[i];
		if (row->socketcall == 0 || (row->rules & rules->active) == 0)
			continue;
		put_jump(bpf, BPF_JEQ, row->socketcall, 0, 1);
		put_return(bpf, (rules->active & RULE_WATCHED) != 0 ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	}
	put_return(bpf, SECCOMP_RET_ALLOW);
}

/* Makes the next instruction the first one for each call in dispatch that has no instructions yet, is of row's kind, and whose ids are the first letters of row->ids. arguments: number of these letters. Returns true if there is such a call, false if there is none. */
static bool land(struct bpf *bpf, struct dispatch *dispatch, const struct watched_syscall *row, size_t arguments)
{
	bool any = false;
	for (size_t i = 0; i < dispatch->count; i++) {
		struct dispatch_entry *entry = &dispatch->entries[i];
		const struct watched_syscall *other = entry->row;
		if (entry->jump == 0 || other->call != row->call || strlen(other->ids) != arguments || strncmp(other->ids, row->ids, arguments) != 0)
			continue;
		end_jump(bpf, entry->jump);
		entry->jump = 0;
		any = true;
	}
	return any;
}

/* Refuses a call if one of its ids is neither the mapped id nor -1 ("unchanged"). Checks the last argument first, so that a call with fewer arguments begins at the check of its own last argument. Ignores the upper 32 bits, as the kernel does. */
static void put_ids(struct bpf *bpf, struct dispatch *dispatch, const struct watched_syscall *row, const struct seccomp_rules *rules)
{
	const uint32_t mask = row->call == CALL_IDS_16 ? 0xFFFF : 0xFFFFFFFF;
	for (size_t i = strlen(row->ids); i-- > 0;) {
		land(bpf, dispatch, row, i + 1);
		if (row->ids[i] == '-')
			continue;
		put_load(bpf, low_half((int)i));
		if (row->call == CALL_IDS_16)
			put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
		put_jump(bpf, BPF_JEQ, mask, 2, 0);
		put_jump(bpf, BPF_JEQ, row->ids[i] == 'u' ? rules->uid : rules->gid, 1, 0);
		put_return(bpf, SECCOMP_RET_ERRNO | EPERM);
	}
	put_return(bpf, SECCOMP_RET_ALLOW);
}

/* Returns the length in bytes of the shortest address for which the watcher is notified of a connect(2) or bind(2). */
static uint32_t shortest_address(enum watched_call call, const struct seccomp_rules *rules)
{
	/* With an allow-list, watch each connect(2) whose address has two or more bytes, because AF_UNSPEC alone disconnects the socket (__inet_stream_connect() in net/ipv4/af_inet.c). With the network filter, watch each such bind(2), because AF_UNIX alone binds an abstract name (unix_autobind()). */
	if ((rules->active & (call == CALL_BIND ? RULE_NET_FILTER : RULE_ALLOW_LIST)) != 0)
		return sizeof(sa_family_t);
	return call == CALL_BIND ? SHORTEST_INTERNET_ADDRESS : SHORTEST_PATH_ADDRESS;
}

static void put_call(struct bpf *bpf, struct dispatch *dispatch, const struct watched_syscall *row, const struct seccomp_rules *rules)
{
	const enum watched_call call = row->call;
	bool allow_list = (rules->active & RULE_ALLOW_LIST) != 0;
	switch (call) {
	case CALL_CONNECT:
	case CALL_BIND:
		put_load(bpf, low_half(2));
		put_jump(bpf, BPF_JGE, shortest_address(call, rules), 0, 1);
		break;
	case CALL_SENDTO:
		if (allow_list)
			put_refuse_fast_open(bpf, 3);
		put_load(bpf, low_half(5));
		put_jump(bpf, BPF_JGE, SHORTEST_PATH_ADDRESS, 0, 5);
		put_load(bpf, low_half(4));
		put_jump(bpf, BPF_JEQ, 0, 0, 2);
		put_load(bpf, low_half(4) + 4);
		put_jump(bpf, BPF_JEQ, 0, 1, 0);
		break;
	case CALL_SENDMSG:
	case CALL_SENDMMSG:
		if (allow_list)
			put_refuse_fast_open(bpf, call == CALL_SENDMSG ? 2 : 3);
		break;
	case CALL_SECCOMP:
		put_load(bpf, low_half(0));
		put_jump(bpf, BPF_JEQ, SECCOMP_SET_MODE_FILTER, 0, 3);
		put_load(bpf, low_half(1));
		put_jump(bpf, BPF_JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1);
		break;
	case CALL_LISTEN:
	case CALL_SHMGET:
	case CALL_SEMGET:
	case CALL_MSGGET:
	case CALL_MQ_OPEN:
		break;
	case CALL_IPC:
		put_load(bpf, low_half(0));
		put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, IPC_NUMBER));
		put_jump(bpf, BPF_JEQ, IPC_SEMGET, 2, 0);
		put_jump(bpf, BPF_JEQ, IPC_MSGGET, 1, 0);
		put_jump(bpf, BPF_JEQ, IPC_SHMGET, 0, 1);
		break;
	case CALL_CLONE:
		put_load(bpf, low_half(0));
		put_jump(bpf, BPF_JSET, CLONE_FILES, 0, 2);
		put_jump(bpf, BPF_JSET, CLONE_THREAD, 1, 0);
		break;
	case CALL_CLONE3:
	case CALL_UNFILTERABLE:
		put_return(bpf, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case CALL_PRCTL:
		put_load(bpf, low_half(0));
		put_jump(bpf, BPF_JEQ, PR_SET_DUMPABLE, 0, 3);
		put_load(bpf, low_half(1));
		put_jump(bpf, BPF_JEQ, 0, 0, 1);
		put_return(bpf, SECCOMP_RET_ERRNO | 0);
		put_return(bpf, SECCOMP_RET_ALLOW);
		return;
	case CALL_SOCKETCALL:
		put_socketcall(bpf, rules);
		return;
	case CALL_SOCKET:
		put_socket(bpf, rules);
		return;
	case CALL_SETSOCKOPT:
		put_setsockopt(bpf);
		return;
	case CALL_IOCTL:
		put_ioctl(bpf);
		return;
	case CALL_IDS:
	case CALL_IDS_16:
		put_ids(bpf, dispatch, row, rules);
		return;
	}
	/* After the instructions of a case that ends with `break`, the filter executes one of these two: the first notifies the watcher, the second allows the call. */
	put_return(bpf, SECCOMP_RET_USER_NOTIF);
	put_return(bpf, SECCOMP_RET_ALLOW);
}

/* Fills dispatch with those system calls of the ABIs first to end - 1 for which the rules require instructions. */
static void list_calls(struct bpf *bpf, struct dispatch *dispatch, unsigned first, unsigned end, const struct seccomp_rules *rules)
{
	dispatch->count = 0;
	for (unsigned abi = first; abi < end; abi++)
		for (size_t row = 0; row < watched_syscalls_count; row++) {
			uint32_t number = watched_syscalls[row].number[abi];
			if (number != 0 && (watched_syscalls[row].rules & rules->active) != 0)
				dispatch_add(bpf, dispatch, number, &watched_syscalls[row]);
		}
}

/* Appends the instructions for the system calls of one architecture. Its ABIs are first to end - 1. */
static void put_architecture(struct bpf *bpf, unsigned first, unsigned end, const struct seccomp_rules *rules)
{
	struct dispatch dispatch;
	list_calls(bpf, &dispatch, first, end, rules);
	put_load(bpf, offsetof(struct seccomp_data, nr));
	put_search(bpf, dispatch.entries, dispatch.count, SECCOMP_RET_ALLOW);
	for (size_t row = 0; row < watched_syscalls_count; row++)
		if (land(bpf, &dispatch, &watched_syscalls[row], strlen(watched_syscalls[row].ids)))
			put_call(bpf, &dispatch, &watched_syscalls[row], rules);
}

size_t seccomp_filter_build(const struct machine *machine, const struct seccomp_rules *rules, struct sock_filter *filter, size_t room)
{
	struct bpf bpf = {.filter = filter, .room = room};
	put_load(&bpf, offsetof(struct seccomp_data, arch));
	for (unsigned abi = machine->first; abi < machine->end && !bpf.full;) {
		unsigned first = abi;
		uint32_t architecture = syscall_abis[first].architecture;
		while (abi < machine->end && syscall_abis[abi].architecture == architecture)
			abi++;
		put_jump(&bpf, BPF_JEQ, architecture, 1, 0);
		size_t over = begin_jump(&bpf);
		put_architecture(&bpf, first, abi, rules);
		end_jump(&bpf, over);
	}
	put_return(&bpf, (rules->active & RULE_REFUSING) != 0 ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_ALLOW);
	return bpf.full ? 0 : bpf.length;
}
