#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The namespaces of each phase of a real emerge, compared with the rules.

load ../lib/prefix
# shellcheck disable=SC2034 # prefix.bash reads it
PREFIX_COMPLETE=yes

SRC='unpack prepare configure compile test install'
PKG='pretend setup preinst postinst'

# probe_prefix root|user FEATURES [LINE...]: a prefix with app-test/probe-1. Standard input is appended to the ebuild.
probe_prefix() {
	# A PREFIX_COMPLETE that is empty while prefix_make runs omits the QA checks. The ebuild still gets pkg_pretend.
	PREFIX_COMPLETE='' prefix_make "$1" "test $2" "${@:3}"
	prefix_package app-test/probe-1
}

# Emerges app-test/probe as if for the first time, because the replacement of an installed package would also run phases of that package.
probe_emerge() {
	prefix_forget
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(prefix_phases | paste -sd' ') == "pretend setup $SRC preinst postinst" ]]
}

# assert_namespaces KEY [PHASE...]: fails unless these phases have their own namespace and all others the one of the host
assert_namespaces() {
	local key=$1 phase
	local own=" ${*:2} "
	for phase in $SRC $PKG; do
		assert_namespace "$phase" "$key" "$([[ $own == *" $phase "* ]] && echo own || echo host)"
	done
}

# assert_portage_isolates: fails unless the src_* phases have the namespaces that Portage creates if emerge runs as root
assert_portage_isolates() {
	local phase
	for phase in $SRC; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
		assert_namespace "$phase" pid own
		assert_namespace "$phase" user host
	done
	for phase in $PKG; do
		shares_namespaces "$phase" net ipc
	done
	[[ $(prefix_phase_value compile uid) == "$(id -u portage)" ]]
}

# The phases with their own network and IPC, whatever the package and the settings.
ALWAYS='prepare configure compile install'

@test 'as an ordinary user, no phase is isolated without Portcullis; with Portcullis, the src_* phases are isolated, except the network of src_unpack, and emerge prints the same output' {
	local key before
	probe_prefix user '' </dev/null
	probe_emerge
	before=$output
	for key in net ipc pid mnt uts user; do
		assert_namespaces "$key"
	done

	prefix_install_portcullis
	probe_emerge
	# shellcheck disable=SC2086 # ALWAYS is a list
	assert_namespaces net $ALWAYS test
	# shellcheck disable=SC2086
	assert_namespaces ipc $ALWAYS test unpack
	# shellcheck disable=SC2086
	assert_namespaces pid $ALWAYS test unpack
	diff <(grep -v '^Dependency resolution took' <<<"$before") <(grep -v '^Dependency resolution took' <<<"$output")
	[[ $(record_values "$RECORDS" compile '[r.package, r.mode, JSON.stringify(r.applied), r.shm].join(" ")') == 'app-test/probe-1 userns {"net":"confine","ipc":"confine","pid":"confine"} confine' ]]
}

@test 'as root with the default FEATURES and mount-sandbox, Portcullis keeps the namespaces that Portage has created and creates no others' {
	probe_prefix root mount-sandbox </dev/null
	probe_emerge
	assert_portage_isolates
	prefix_install_portcullis
	probe_emerge
	assert_portage_isolates
	[[ $(record_values "$RECORDS" compile 'r.mode + JSON.stringify(r.applied) + r.shm') == 'none{"net":"portage","ipc":"portage","pid":"portage","mount":"portage"}host' ]]
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	[[ $(prefix_run portcullis doctor --json) == *"phases keep the /dev/shm of the host, because Portage makes the IPC namespace and mounts no new /dev/shm"* ]]
}

@test 'PROPERTIES=test_network gives src_test the network of the host, RESTRICT=network-sandbox gives this network to all phases, and a CCACHE_DIR in /dev/shm gives phases the /dev/shm of the host' {
	probe_prefix user '' <<<'PROPERTIES="test_network"'
	prefix_install_portcullis
	probe_emerge
	# shellcheck disable=SC2086
	assert_namespaces net $ALWAYS
	# shellcheck disable=SC2086
	assert_namespaces ipc $ALWAYS unpack test
	prefix_package app-test/probe-1 <<<'RESTRICT="network-sandbox"'
	ln -s /dev/shm "$PREFIX_ROOT/shm"
	prefix_features test "CCACHE_DIR=\"$PREFIX_ROOT/shm/ccache\""
	probe_emerge
	assert_namespaces net
	# shellcheck disable=SC2086
	assert_namespaces ipc $ALWAYS unpack test
	# A private /dev/shm would hide the directory of ccache.
	[[ $(record_values "$RECORDS" compile r.shm) == $'confine\nhost' ]]
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	[[ $(prefix_run portcullis explain app-test/probe) == *'ipc-sandbox keeps the /dev/shm of the host, because it contains the folder of'*CCACHE_DIR.* ]]
	[[ $(prefix_run portcullis doctor --json) == *'phases keep the /dev/shm of the host, because it contains the folder of CCACHE_DIR'* ]]
}

@test 'with FEATURES="pid-sandbox mount-sandbox", src_* phases have new PID and mount namespaces, in which ps, job control, mount, die and queries to Portage work' {
	probe_prefix user '-network-sandbox -ipc-sandbox mount-sandbox parallel-install' <<-'EOF'
		src_compile() {
			[[ $PPID == 1 && $(ps -o args= -p $$) == *ebuild.sh* && $(ps -e -o comm=) != *emerge* ]] || die ps
			has_version app-test/none && die has_version
			[[ $("$PORTAGE_BIN_PATH/portageq-wrapper" envvar FEATURES) == *pid-sandbox* ]] || die portageq
			(set -m; sleep 1000 | sleep 1000 & kill -- -"$(jobs -p)"; wait "$!"; [[ $? == 143 ]]) || die jobs
			unshare --user --map-root-user --mount mount -t tmpfs none "${T}" || die mount
			sleep 1000 &
		}
		src_test() { (die "in a subshell"); sleep 1000; }
	EOF
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *'ERROR: app-test/probe-1::portcullis-test failed (test phase):'*'in a subshell'* && $output != *'exited unexpectedly'* ]] || {
		echo "$output"
		return 1
	}
	[[ $(record_values "$RECORDS" compile '[JSON.stringify(r.applied), r.tracking, r.orphans.map((o) => o.comm)].join()') == '{"pid":"confine","mount":"confine"},pidns,sleep' ]]
}

@test 'PORTCULLIS_UNPACK=confine isolates the network of src_unpack, except for live packages; pid-sandbox and mount-sandbox isolate src_unpack of live packages too' {
	probe_prefix user '-ipc-sandbox mount-sandbox' 'PORTCULLIS_UNPACK="confine"' </dev/null
	prefix_install_portcullis
	probe_emerge
	# shellcheck disable=SC2086
	assert_namespaces net $ALWAYS unpack test
	assert_namespaces ipc
	prefix_package app-test/probe-1 <<<'PROPERTIES="live"'
	probe_emerge
	# shellcheck disable=SC2086
	assert_namespaces net $ALWAYS test
	# shellcheck disable=SC2086
	assert_namespaces pid $ALWAYS test unpack
	# shellcheck disable=SC2086
	assert_namespaces mnt $ALWAYS test unpack
}

@test 'if FEATURES contains none of network-sandbox, ipc-sandbox, pid-sandbox, mount-sandbox and cgroup, the hook does not start confine' {
	probe_prefix user '-network-sandbox -ipc-sandbox -pid-sandbox' </dev/null
	prefix_install_portcullis
	printf '#!/bin/sh\necho confine started; exit 99\n' >"$CONFINE"
	probe_emerge
	assert_namespaces net
	assert_namespaces ipc
	[[ $output != *'confine started'* ]]
}

@test 'if src_unpack ran as root without userpriv, src_prepare with userpriv runs confined as user portage in the same build directory, and the hook reports no problem' {
	probe_prefix root '-userpriv' </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean unpack
	[[ $(prefix_phase_value unpack uid) -eq 0 ]]
	prefix_features userpriv
	run -0 prefix_ebuild app-test/probe-1 prepare
	[[ $(prefix_phase_value prepare uid) == "$(id -u portage)" ]]
	assert_namespace prepare net own
	[[ $output != *ortcullis:* ]]
	[[ $(record_values "$RECORDS" prepare r.package) == app-test/probe-1 ]]
}
