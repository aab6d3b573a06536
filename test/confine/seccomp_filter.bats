#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The seccomp filters that confine generates. This file starts no confine, so it need not run with sanitizers.

load ../lib/bats

TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)

@test 'the seccomp filters of confine return the same action as the model in seccomp_filter_model.c for all system calls of x86-64, x32, i386, aarch64 and arm' {
	gcc -O2 -Wall -Wextra -Werror -I"$TOP/native" -o "$BATS_TEST_TMPDIR/filter" "$TOP/test/confine/audit/seccomp_filter_model.c" "$TOP"/native/seccomp/{bpf,seccomp_filter,syscalls,socket_permit}.c
	run -0 "$BATS_TEST_TMPDIR/filter"
	[[ ! $output ]]
}
