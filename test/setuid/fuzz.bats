#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each fuzzer runs its corpus. npm run soak fuzzes for 10 minutes.

@test 'with the files in test/fuzz/corpus as input, the fuzzers find no error in the parsers of confine' {
	local targets
	targets=("$BATS_TEST_DIRNAME"/../fuzz/corpus/*)
	# Each target in fuzz.c has a corpus.
	diff <(printf '%s\n' "${targets[@]##*/}") <(sed -nE 's/^\t\{"([a-z]+)", fuzz_.*/\1/p' "$BATS_TEST_DIRNAME/../fuzz/fuzz.c" | sort)
	run "$BATS_TEST_DIRNAME/../fuzz/run" 0
	echo "$output"
	[[ $status == 0 ]]
	[[ $(grep -c 'executions, nothing found' <<<"$output") == "${#targets[@]}" ]]
}
