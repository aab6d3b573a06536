/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds seccomp filters, which are classic BPF programs that read a struct seccomp_data (seccomp(2)). */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "util/base.h"

struct bpf {
	struct sock_filter *filter;
	size_t length, room;
	bool full; /* true: the filter needs more instructions or system calls than there is room for, so it is incomplete and must not be installed; false: there was room for everything so far */
};

/* The functions put_*() append instructions to bpf->filter. */

void put_instruction(struct bpf *bpf, struct sock_filter instruction);

/* Loads the 32 bits at an offset of struct seccomp_data, so that later instructions can compare them. */
void put_load(struct bpf *bpf, size_t offset);

/* Compares the loaded value with value. test: BPF_JEQ, BPF_JGE or BPF_JSET. yes: how many of the next instructions the filter skips if the test is true. no: how many it skips if the test is false. */
void put_jump(struct bpf *bpf, unsigned short test, uint32_t value, unsigned char yes, unsigned char no);

void put_return(struct bpf *bpf, uint32_t action);

/* Returns the offset of the low 32 bits of an argument in struct seccomp_data. The low bits come before the high 32 bits, because all supported architectures are little-endian. */
size_t low_half(int argument);

/* Appends an unconditional jump, which can skip more than the 255 instructions of a conditional one. Returns the position of the jump; end_jump() with this position makes the jump lead to the instruction that is appended next. */
size_t begin_jump(struct bpf *bpf);
void end_jump(struct bpf *bpf, size_t at);

/* Begins a block of instructions that runs only if the loaded value equals value. Returns a position; end_jump() with this position ends the block. */
size_t begin_if_equal(struct bpf *bpf, uint32_t value);

enum { DISPATCH_ROOM = 160 };

/* A table of the system calls for which a filter has instructions, sorted by system call number. */
struct dispatch {
	struct dispatch_entry {
		uint32_t number;
		const void *row; /* the value passed to dispatch_add() for this call; bpf.c does not read it */
		size_t jump;	 /* position of the jump to the instructions for this call; 0: put_search() has not appended the jump yet, or end_jump() has already set its target */
	} entries[DISPATCH_ROOM];
	size_t count;
};

void dispatch_add(struct bpf *bpf, struct dispatch *dispatch, uint32_t number, const void *row);

/*
 * Appends a binary search for the loaded system call number. The filter returns action for a number that is not in entries. The search is binary
 * because the kernel, when it installs a filter, runs the filter for every system call number (seccomp_cache_prepare() in kernel/seccomp.c): with a
 * linear search, the installation would take 1.7 microseconds longer for each entry.
 */
void put_search(struct bpf *bpf, struct dispatch_entry *entries, size_t count, uint32_t action);
