// SPDX-License-Identifier: GPL-2.0-or-later
#include "seccomp/bpf.h"

void put_instruction(struct bpf *bpf, struct sock_filter instruction)
{
	if (bpf->length == bpf->room)
		bpf->full = true;
	else
		bpf->filter[bpf->length++] = instruction;
}

void put_load(struct bpf *bpf, size_t offset)
{
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

void put_jump(struct bpf *bpf, unsigned short test, uint32_t value, unsigned char yes, unsigned char no)
{
	put_instruction(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no));
}

void put_return(struct bpf *bpf, uint32_t action)
{
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

size_t low_half(int argument)
{
	return offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
}

size_t begin_jump(struct bpf *bpf)
{
	put_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	return bpf->length - 1;
}

size_t begin_if_equal(struct bpf *bpf, uint32_t value)
{
	put_jump(bpf, BPF_JEQ, value, 1, 0);
	return begin_jump(bpf);
}

void end_jump(struct bpf *bpf, size_t at)
{
	if (!bpf->full)
		bpf->filter[at].k = (uint32_t)(bpf->length - at - 1);
}

void dispatch_add(struct bpf *bpf, struct dispatch *dispatch, uint32_t number, const void *row)
{
	if (dispatch->count == DISPATCH_ROOM) {
		bpf->full = true;
		return;
	}
	size_t at = dispatch->count++;
	for (; at > 0 && dispatch->entries[at - 1].number > number; at--)
		dispatch->entries[at] = dispatch->entries[at - 1];
	dispatch->entries[at] = (struct dispatch_entry){.number = number, .row = row};
}

void put_search(struct bpf *bpf, struct dispatch_entry *entries, size_t count, uint32_t action)
{
	enum { LINEAR = 3 };
	if (count <= LINEAR) {
		for (size_t i = 0; i < count; i++) {
			put_jump(bpf, BPF_JEQ, entries[i].number, 0, 1);
			entries[i].jump = begin_jump(bpf);
		}
		put_return(bpf, action);
		return;
	}
	put_jump(bpf, BPF_JGE, entries[count / 2].number, 0, 1);
	size_t lower = begin_jump(bpf);
	put_search(bpf, entries, count / 2, action);
	end_jump(bpf, lower);
	put_search(bpf, entries + count / 2, count - count / 2, action);
}
