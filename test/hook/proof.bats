#!/usr/bin/env bats
# The proof of being inside is the last argument in /proc/self/cmdline: nothing else is taken for it, and where it can't be
# read nothing is started that would have to read it.

bats_require_minimum_version 1.5.0
load hook

setup() {
	hook_make
	touch "$BUILDDIR/temp/environment"
	mkdir -p "$BATS_TEST_TMPDIR/usr/libexec/portcullis"
	printf '#!/bin/sh\necho started\n' >"$BATS_TEST_TMPDIR/usr/libexec/portcullis/confine"
	chmod 755 "$BATS_TEST_TMPDIR/usr/libexec/portcullis/confine"
}

teardown() {
	hook_clean
}

SCRIPT='
elog() { echo "elog $*"; }
die() { echo "die $*"; exit 1; }
source "$HOOK"
echo "went on"
'

@test 'outside, whatever variables say' {
	run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox PORTCULLIS_INSIDE=1 portcullis_inside=portcullis-inside \
		marker=compile last=portcullis-inside argv=portcullis-inside
	[[ $output == started ]]
}

@test 'inside' {
	HOOK_LAST=portcullis-inside run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'went on' ]]
}

@test 'the arguments can not be read back: said once a package, and the phase goes on; or it is stopped' {
	HOOK_LAST=other run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'elog Portcullis: app-misc/foo-1 is built without network-sandbox: /proc/self/cmdline does not show '*$'\nwent on' ]]
	HOOK_LAST=other run -0 hook_run "$SCRIPT" install PORTAGE_FEATURES=network-sandbox
	[[ $output == 'went on' ]]
	printf '%s\n' "$BUILDDIR" PORTCULLIS_ON_FAILURE=die >"$(hook_kept settings)"
	HOOK_LAST=other run -1 hook_run "$SCRIPT" install PORTAGE_FEATURES=network-sandbox
	[[ $output == 'die Portcullis: app-misc/foo-1: src_install was not started: /proc/self/cmdline '* ]]
}
