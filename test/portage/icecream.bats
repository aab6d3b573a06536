#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# icecream in a network sandbox, with a real scheduler and a real iceccd on a second host. soak/icecream.bats tests builds that icecream
# distributes.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package
load ../lib/icecream_host

assert_built_locally() {
	assert_sample_built
	((COMPILED == 0 && REQUESTS == 0)) || {
		echo "the second host compiled $COMPILED files, the daemon here got $REQUESTS requests"
		echo "$output"
		return 1
	}
	[[ $output != *ICECC\[* ]]
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'as an ordinary user with FEATURES="icecream network-sandbox", the hook reports the conflict, and icecc compiles locally and sends no request to iceccd' {
	icecream_prefix user 'icecream network-sandbox'
	icecream_emerge
	assert_built_locally
	assert_sample_message "icecream conflicts with FEATURES=\"network-sandbox\" (FEATURES contains icecream; PATH contains icecc as gcc in $PREFIX/usr/lib/icecc/bin"
	[[ $output == *', so icecc cannot reach other hosts and compiles on this machine only. For the fixes, run: '* ]]
	# The saved environment does not contain the variables that the hook sets in the phase.
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/sample-1/environment.bz2" >"$BATS_TEST_TMPDIR/saved"
	run -1 grep '\bICECC\b\|___portcullis\|__ebuild_phase' "$BATS_TEST_TMPDIR/saved"
}

@test 'as root with FEATURES="icecream network-sandbox", the hook reports the conflict, and icecc compiles locally and sends no request to iceccd' {
	icecream_prefix root 'icecream network-sandbox'
	icecream_emerge
	assert_built_locally
	assert_sample_message 'icecream conflicts with FEATURES="network-sandbox"'
}

@test "environment.bz2 contains the user's value of ICECC, although the hook sets ICECC=disable in the phase" {
	icecream_prefix user 'icecream network-sandbox' 'ICECC="no"'
	assert_sample_environment_unchanged 'declare -x ICECC="no"'
}
