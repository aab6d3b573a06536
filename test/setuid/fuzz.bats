#!/usr/bin/env bats
# 20 seconds of fuzzing in all; `npm run fuzz` takes longer.

@test 'fuzzing the option parser and everything that reads text finds nothing' {
	run "$BATS_TEST_DIRNAME/../../native/fuzz/run" 20
	echo "$output"
	[[ $status == 0 ]]
	[[ $(grep -c 'executions, nothing found' <<<"$output") == 4 ]]
}
