#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook knows that confine has started the phase by the last argument of ebuild.sh in /proc/self/cmdline, the marker
# portcullis-inside. If the hook cannot read these arguments, it does not start confine, because the hook inside confine could not
# read the marker and would start confine again.

load ../lib/bats
load hook

setup() {
	hook_make
	touch "$BUILDDIR/temp/environment"
	hook_confine 'echo started'
}

teardown() {
	hook_clean
}

SCRIPT='
ewarn() { echo "ewarn $*"; }
die() { echo "die $*"; exit 1; }
source "$HOOK"
echo "went on"
'

@test 'the hook starts confine even if a build sets variables such as PORTCULLIS_INSIDE=1 to pretend that confine already runs the phase' {
	run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox PORTCULLIS_INSIDE=1 portcullis_inside=portcullis-inside \
		marker=compile last=portcullis-inside argv=portcullis-inside
	[[ $output == started ]]
}

@test 'as root, if src_install() calls mknod, the hook passes --mknod to confine in src_install, but not in other phases' {
	local phase
	printf '#!/bin/sh\necho " $*"\n' >"$BATS_TEST_TMPDIR/usr/libexec/portcullis/confine"
	for phase in install compile; do
		run -0 hook_run 'src_install() { mknod "${D}/dev/null" c 1 3; }
			source "$HOOK"' "$phase" FEATURES=network-sandbox
		[[ $phase:$output == install:*' --mknod '* || $phase:$output == compile:*' --net '* && $output != *--mknod* ]]
	done
}

@test 'if the last argument of ebuild.sh is portcullis-inside, because confine already runs the phase, the hook does not start confine again' {
	HOOK_LAST=portcullis-inside run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'went on' ]]
}

@test "if the hook cannot read the arguments of ebuild.sh, phases run without confine and the hook warns once per package; with PORTCULLIS_ON_FAILURE=die, the hook stops the phase" {
	HOOK_LAST=other run -0 hook_run "$SCRIPT" compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: src_compile runs without network-sandbox: /proc/self/cmdline does not contain '*$'\nwent on' ]]
	HOOK_LAST=other run -0 hook_run "$SCRIPT" install PORTAGE_FEATURES=network-sandbox
	[[ $output == 'went on' ]]
	printf '%s\n' "$BUILDDIR" PORTCULLIS_ON_FAILURE=die >"$(hook_stored settings)"
	HOOK_LAST=other run -1 hook_run "$SCRIPT" install PORTAGE_FEATURES=network-sandbox
	[[ $output == 'die Portcullis: app-misc/foo-1: src_install: the build stops, because PORTCULLIS_ON_FAILURE="die" is set and /proc/self/cmdline '* ]]
}
