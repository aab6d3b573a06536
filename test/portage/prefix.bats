#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The temporary test prefix, without Portcullis. These tests check behaviour of Portage on which other tests rely. namespaces.bats checks Portage
# with the default FEATURES.

load ../lib/prefix
# shellcheck disable=SC2034 # prefix.bash reads it
PREFIX_COMPLETE=yes

OFF='-network-sandbox -ipc-sandbox'
BARE='-ipc-sandbox -mount-sandbox -network-sandbox -pid-sandbox -sandbox -userfetch -userpriv -usersandbox'
SRC='unpack prepare configure compile test install'
PHASES="pretend setup $SRC preinst postinst"

# emerge_probe root|user FEATURES: creates a prefix, emerges app-test/probe and checks the order of the phases
emerge_probe() {
	PREFIX_COMPLETE='' prefix_make "$1" "test $2"
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(prefix_phases | paste -sd' ') == "$PHASES" ]]
	[[ -e $PREFIX/var/db/pkg/app-test/probe-1/environment.bz2 ]]
}

@test 'without Portcullis, as root with neither network-sandbox nor ipc-sandbox in FEATURES, every phase has the network and IPC namespaces of the host' {
	local phase
	emerge_probe root "$OFF"
	for phase in $PHASES; do
		shares_namespaces "$phase" net ipc user
	done
	[[ $(prefix_phase_value compile uid) == "$(id -u portage)" ]]
}

@test 'without Portcullis, as root with no sandbox in FEATURES, every phase has the namespaces of the host' {
	local phase
	emerge_probe root "$BARE"
	for phase in $PHASES; do
		shares_namespaces "$phase" net ipc pid mnt uts cgroup user uid
	done
}

@test 'without Portcullis, as an ordinary user, emerge warns only of the missing sandbox program, and unmerging runs pkg_prerm and pkg_postrm' {
	local warnings
	prefix_make user test
	prefix_package app-test/probe-1 </dev/null
	run -0 --separate-stderr prefix_emerge --oneshot app-test/probe
	warnings=$(grep -v '^$' <<<"${stderr-}" | grep -v 'Problem with sandbox binary' || true)
	[[ ! $warnings ]] || {
		echo "$warnings"
		return 1
	}
	run -0 prefix_emerge --unmerge app-test/probe
	[[ $(prefix_phases | tail -n2 | paste -sd' ') == 'prerm postrm' ]]
}

@test 'the test helper prefix_clean kills processes that a phase left behind and removes the test prefix' {
	local root
	prefix_make user test
	prefix_package app-test/probe-1 <<<'src_compile() { setsid -f sleep 1000 >/dev/null 2>&1 </dev/null; }'
	run -0 prefix_ebuild app-test/probe-1 compile
	[[ $(prefix_processes "$PREFIX_ROOT") ]]
	root=$PREFIX_ROOT
	prefix_clean
	[[ ! $(prefix_processes "$root") && ! -e $root ]]
}
