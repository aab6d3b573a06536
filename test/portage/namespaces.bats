#!/usr/bin/env bats
# A real emerge: the namespaces of each phase differ from the host's exactly where the table says.

load ../lib/prefix

SRC='unpack prepare configure compile test install'
PKG='pretend setup preinst postinst'

# prefix WHO FEATURES [LINE...]: one with the package app-test/probe-1, which has whatever comes on standard input
prefix() {
	[[ $1 == user ]] || ((EUID == 0)) || skip 'only root can emerge as root'
	prefix_make "$1"
	prefix_conf "FEATURES=\"test $2\"" "${@:3}"
	prefix_package app-test/probe-1
}

# As if for the first time: an emerge that replaces a package runs the old one's phases too.
emerge() {
	rm -rf "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test"
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(prefix_phases | paste -sd' ') == "pretend setup $SRC preinst postinst" ]]
}

# expect KIND PHASE=host|apart... : the phases that are not named are where we are
expect() {
	local kind=$1 phase
	local -A where=()
	for phase in "${@:2}"; do
		where[${phase%=*}]=${phase#*=}
	done
	for phase in $SRC $PKG; do
		expect_kind "$phase" "$kind" "${where[$phase]-host}"
	done
}

BOTH='prepare=apart configure=apart compile=apart install=apart'

@test 'an ordinary user: Portage isolates nothing; with Portcullis src_* is isolated, and nothing new is printed' {
	local phase before
	prefix user '' </dev/null
	emerge
	before=$output
	for phase in net ipc pid uts user; do
		expect "$phase"
	done

	prefix_install_portcullis
	emerge
	# shellcheck disable=SC2086 # words
	expect net $BOTH test=apart
	# shellcheck disable=SC2086
	expect ipc $BOTH test=apart unpack=apart
	diff <(grep -v '^Dependency resolution took' <<<"$before") <(grep -v '^Dependency resolution took' <<<"$output")
	[[ $(record_values "$RECORDS" compile 'r.package + " " + r.mode + " " + JSON.stringify(r.applied)') == 'app-test/probe-1 userns {"net":"confine","ipc":"confine"}' ]]
}

@test 'root, the default FEATURES: what Portage isolates stays, and is not done twice' {
	local phase
	prefix root '' </dev/null
	emerge
	for phase in $SRC; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
		expect_kind "$phase" pid apart
	done
	prefix_install_portcullis
	emerge
	for phase in $SRC; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
		expect_kind "$phase" pid apart
		expect_kind "$phase" user host
	done
	for phase in $PKG; do
		in_ours "$phase" net ipc
	done
	[[ $(prefix_seen compile uid) == "$(id -u portage)" ]]
	[[ $(record_values "$RECORDS" compile 'JSON.stringify(r.applied)') == '{"net":"portage","ipc":"portage"}' ]]
}

@test 'PROPERTIES=test_network and RESTRICT=network-sandbox let out what they name, and no more' {
	prefix user '' <<<'PROPERTIES="test_network"'
	prefix_install_portcullis
	emerge
	# shellcheck disable=SC2086
	expect net $BOTH
	# shellcheck disable=SC2086
	expect ipc $BOTH unpack=apart test=apart
	prefix_package app-test/probe-1 <<<'RESTRICT="network-sandbox"'
	emerge
	expect net
	# shellcheck disable=SC2086
	expect ipc $BOTH unpack=apart test=apart
}

@test 'PORTCULLIS_UNPACK=confine isolates src_unpack, but not that of a live package; FEATURES decides for each' {
	prefix user '-ipc-sandbox' 'PORTCULLIS_UNPACK="confine"' </dev/null
	prefix_install_portcullis
	emerge
	# shellcheck disable=SC2086
	expect net $BOTH unpack=apart test=apart
	expect ipc
	prefix_package app-test/probe-1 <<<'PROPERTIES="live"'
	emerge
	# shellcheck disable=SC2086
	expect net $BOTH test=apart
}

@test 'FEATURES without the words: nothing is confined, and confine never starts' {
	prefix user '-network-sandbox -ipc-sandbox' </dev/null
	prefix_install_portcullis
	printf '#!/bin/sh\necho confine started; exit 99\n' >"$CONFINE"
	emerge
	expect net
	expect ipc
	[[ $output != *'confine started'* ]]
}

@test 'root: a phase of uid 250 after one of root, in the same build directory' {
	prefix root '-userpriv' </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean unpack
	[[ $(prefix_seen unpack uid) -eq 0 ]]
	prefix_conf 'FEATURES="userpriv"'
	run -0 prefix_ebuild app-test/probe-1 prepare
	[[ $(prefix_seen prepare uid) == "$(id -u portage)" ]]
	expect_kind prepare net apart
	[[ $output != *ortcullis:* ]]
	[[ $(record_values "$RECORDS" prepare r.package) == app-test/probe-1 ]]
}
