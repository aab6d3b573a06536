#!/usr/bin/env bats
# icecream under a network sandbox, with a real scheduler and a real iceccd on another host: said, built here at once, and
# nothing asked of anybody.
# bats file_tags=alone
# The scheduler gives no work to hosts whose processors are busy, and they are ours.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package
load ../lib/icecream_host

built_here() {
	many_built
	((COMPILED == 0 && ASKED == 0)) || {
		echo "$COMPILED compiled elsewhere, $ASKED asked the daemon here"
		echo "$output"
		return 1
	}
	[[ $output != *ICECC\[* ]]
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'an ordinary user: icecream in FEATURES is said with its evidence, the build is done here, and nobody is asked' {
	prefix user 'icecream network-sandbox'
	emerge
	built_here
	many_flagged "icecream conflicts with FEATURES=\"network-sandbox\": FEATURES contains icecream; PATH contains icecc as gcc in $PREFIX/usr/lib/icecc/bin"
	[[ $output == *'icecc compiles on this machine only'*'set FEATURES="-icecream" in make.conf'* ]]
	# What it got in the phase is not saved.
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/many-1/environment.bz2" >"$BATS_TEST_TMPDIR/saved"
	run -1 grep '\bICECC\b\|___portcullis\|__ebuild_phase' "$BATS_TEST_TMPDIR/saved"
}

@test 'with network-sandbox off it really distributes, and nothing is said' {
	prefix user 'icecream -network-sandbox'
	emerge
	many_built
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'a host that PORTCULLIS_ALLOW names compiles, and nothing is said' {
	prefix user 'icecream network-sandbox' "PORTCULLIS_ALLOW=\"$FARM:10245\""
	emerge
	many_built
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'root: built here, and nobody is asked' {
	prefix root 'icecream network-sandbox'
	emerge
	built_here
	many_flagged 'icecream conflicts with FEATURES="network-sandbox"'
}

@test "ICECC of the user's own: overruled in the phase, and saved as it was" {
	prefix user 'icecream network-sandbox' 'ICECC="as you like"'
	many_saved_alike 'declare -x ICECC="as you like"'
}
