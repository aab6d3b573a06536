#!/usr/bin/env bats
# 8 seconds of fuzzing in all, a second each behind the corpus; npm run soak takes 10 minutes.

@test 'fuzzing the option parser and everything that reads text finds nothing' {
	local targets
	targets=("$BATS_TEST_DIRNAME"/../../native/fuzz/fuzz_*.c)
	run "$BATS_TEST_DIRNAME/../../native/fuzz/run" 8
	echo "$output"
	[[ $status == 0 ]]
	[[ $(grep -c 'executions, nothing found' <<<"$output") == "${#targets[@]}" ]]
}
