# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Settings of bats that every test file needs.

bats_require_minimum_version 1.12.0

# By default, bats records the call stack before each command, in a DEBUG trap that takes 140 us. Here functions do not inherit this trap,
# and bats records the stack when a command fails. The stack is missing if a test itself calls `return` or `exit`, or if teardown fails;
# `bats --trace` prints each command.
if [[ ${BATS_TRACE_LEVEL:-0} == 0 ]]; then
	set +o functrace
	bats::on_failure() {
		bats_capture_stack_trace
		# Omit the frame of bats_error_trap, which calls this function.
		BATS_DEBUG_LAST_STACK_TRACE=("${BATS_DEBUG_LAST_STACK_TRACE[@]:1}")
	}
fi
