#!/usr/bin/env bats
# 20 seconds of fuzzing in all; `npm run fuzz` takes longer.

@test 'fuzzing the option parser and everything that reads text finds nothing' {
	local targets
	targets=("$BATS_TEST_DIRNAME"/../../native/fuzz/fuzz_*.c)
	run "$BATS_TEST_DIRNAME/../../native/fuzz/run" 20
	echo "$output"
	[[ $status == 0 ]]
	[[ $(grep -c 'executions, nothing found' <<<"$output") == "${#targets[@]}" ]]
}
