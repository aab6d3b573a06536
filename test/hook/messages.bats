#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test runs in a process of its own
# What the hook says by itself: each line names the package, the thing and the way out.

bats_require_minimum_version 1.5.0
load hook

setup() {
	hook_make
}

teardown() {
	hook_clean
}

# said PHASE [NAME=VALUE...]: sources the hook with Portage's functions in place of which a line is printed
said() {
	run hook_run 'ewarn() { echo "ewarn $*"; }; elog() { echo "elog $*"; }; die() { echo "die $*"; exit 1; }; source "$HOOK"' "$@"
}

@test 'PORTCULLIS_ALLOW where the program does not start: an address is let through, a name stays blocked' {
	local list='192.0.2.7:443 far.example:80 10.1.0.0/16:1 [2001:db8::7]:80 [2001:db8::]/32:80 distcc' text
	text="stays blocked, as $BATS_TEST_TMPDIR/usr/bin/portcullis does not start to look it up. An address needs no looking up. portcullis doctor says what to change."
	said setup PORTAGE_FEATURES=network-sandbox PORTCULLIS_ALLOW="$list"
	((status == 0))
	[[ ${#lines[@]} == 2 ]]
	[[ ${lines[0]} == "ewarn Portcullis: app-misc/foo-1: far.example:80 in PORTCULLIS_ALLOW $text"* ]]
	[[ ${lines[1]} == "ewarn Portcullis: app-misc/foo-1: distcc in PORTCULLIS_ALLOW $text"* ]]
	[[ $(<"$(hook_kept allow)") == "$BUILDDIR"$'\n'"$list"$'\n'"$(printf -- '--allow %s\n' 192.0.2.7:443 10.1.0.0/16:1 '[2001:db8::7]:80' '[2001:db8::]/32:80')" ]]
}

@test 'settings that can not be kept stop the build, with what to do about it' {
	local BUILDDIR
	printf -v BUILDDIR '/nonexistent/%0300d' 1
	said setup PORTCULLIS_UNPACK=confine
	((status == 1))
	[[ $output == "die Portcullis: app-misc/foo-1: $(hook_kept settings) can't be written, which keeps PORTCULLIS_* of make.conf for the later phases. Make room there, or remove $BUILDDIR if it is somebody else's." ]]
}

@test 'the program starts once in setup, whether something collides, something is let through, or both' {
	local program=$BATS_TEST_TMPDIR/usr/lib/portcullis/portcullis.js kept
	kept=$(hook_kept allow)
	mkdir -p "${program%/*}"
	printf 'require("fs").appendFileSync("%s", process.argv[2] + "\\n");\nrequire("%s");\n' \
		"$BATS_TEST_TMPDIR/starts" "$TOP/dist/portcullis.js" >"$program"
	said setup PORTAGE_FEATURES=network-sandbox CC='distcc gcc' DISTCC_HOSTS=192.0.2.9 PORTCULLIS_ALLOW=distcc
	[[ $output == 'elog Portcullis: app-misc/foo-1: the sandbox lets distcc reach 192.0.2.9:3632 (DISTCC_HOSTS)' ]]
	[[ $(<"$kept") == "$BUILDDIR"$'\ndistcc\n--allow 192.0.2.9:3632' && $(<"$BATS_TEST_TMPDIR/starts") == conflicts ]]
	said setup PORTAGE_FEATURES=network-sandbox PORTCULLIS_ALLOW=192.0.2.7:80
	[[ $(<"$kept") == "$BUILDDIR"$'\n192.0.2.7:80\n--allow 192.0.2.7:80' && $(<"$BATS_TEST_TMPDIR/starts") == $'conflicts\ndestinations' ]]
}
