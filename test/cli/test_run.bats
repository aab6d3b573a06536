#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The arguments of test/run.

load ../lib/bats

# selected WORD...: prints the jobs that `test/run WORD...` selects, and the end of its output
selected() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	# shellcheck disable=SC2016 # the shell that is started expands it
	bash -c 'source test/run.bash
		run_begin "$@"
		for name in tsc unit test/cli/man.bats test/egress/escape.bats test/confine/egress.bats; do
			! run_chosen "$name" || echo "$name"
		done
		run_end' - "$@"
}

@test 'if a job that all others need fails, test/run prints the command that repeats this job, and starts no other job' {
	cd "$BATS_TEST_DIRNAME/../.."
	run -1 bash -c 'source test/run.bash && run_begin && run_first need ls "absent file" && run_first next true'
	[[ $output == 'FAIL  need'*$'\n      To repeat: ls absent\\ file\n'* && $output != *next* ]]
}

@test 'test/run selects each job whose name contains one of the arguments; if an argument matches no job, test/run fails, and for vm and soak prints the program to run instead' {
	run -0 selected tsc egress/ man
	[[ $output == $'tsc\ntest/cli/man.bats\ntest/egress/escape.bats\n'* ]]
	run -1 selected tsc absent
	[[ $output == $'tsc\nFAIL  no check or test matches absent\n'* ]]
	run -1 selected vm soak
	[[ $output == $'FAIL  no check or test matches test/vm\n      Run: test/vm/run\nFAIL  no check or test matches soak\n      Run: test/soak\n'* ]]
	run -0 selected
	[[ ${#lines[@]} == 7 ]]
}
