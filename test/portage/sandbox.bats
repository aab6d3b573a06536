#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Phases under the conditions of sys-apps/sandbox: no_new_privs, a preloaded library, SANDBOX_ON=1. Debian has no sandbox program, so
# the tests give Portage a replacement with the same effects.

load ../lib/prefix
load ../lib/distcc_host

setup_file() {
	prefix_host_begin
	gcc -Wall -Wextra -Werror -shared -fPIC -o "$PREFIX_HOST/sandbox.so" "$BATS_TEST_DIRNAME/sandbox_library.c" -ldl
	chmod 755 "$PREFIX_HOST/sandbox.so"
}

teardown_file() {
	prefix_host_end
}

teardown() {
	distcc_host_end
	prefix_clean
}

sandbox_prefix() {
	prefix_make "$1" 'sandbox usersandbox'
	cat >"$PREFIX_ROOT/sandbox" <<-EOF
		#!/bin/sh
		export LD_PRELOAD='$PREFIX_HOST/sandbox.so' SANDBOX_ON=1 SANDBOX_ACTIVE=armedandready SANDBOX_REFUSALS='$PREFIX_LOG/refused'
		exec setpriv --no-new-privs -- /bin/bash -c "\$*"
	EOF
	chmod 755 "$PREFIX_ROOT/sandbox"
	prefix_package app-test/probe-1 <<-EOF
		src_compile() {
			record_namespaces
			echo "SANDBOX_ON=\${SANDBOX_ON} LD_PRELOAD=\${LD_PRELOAD}" >>'$PREFIX_LOG/sandbox'
			grep -E '^(NoNewPrivs|CapEff)' /proc/self/status >>'$PREFIX_LOG/sandbox'
			grep -q sandbox.so "/proc/\${BASHPID}/maps" && echo loaded >>'$PREFIX_LOG/sandbox'
		}
	EOF
}

# sandbox_run emerge|ebuild ARG...: runs the program of Portage as if for the first time, with the replacement for the sandbox program
sandbox_run() {
	rm -rf "${PREFIX_LOG:?}"/* "$PREFIX/var/db/pkg/app-test"
	# The path of sandbox is a constant in portage/const.py.
	run -0 prefix_run "${PREFIX_EMERGE[0]}" -c '
import runpy, sys
import portage.const
portage.const.SANDBOX_BINARY = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$PREFIX_ROOT/sandbox" "$PREFIX_PORTAGE/lib/portage/bin/$1" "${@:2}" </dev/null
	[[ $output != *'Problem with sandbox'* ]]
}

# Builds without Portcullis and emerges with it. Fails unless libsandbox is active in the phase in both cases, and refuses no access of the hook.
assert_sandbox_unchanged() {
	local before
	sandbox_prefix "$1"
	sandbox_run ebuild "$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean compile
	before=$(<"$PREFIX_LOG/sandbox")
	grep -q '^SANDBOX_ON=1 LD_PRELOAD=.*sandbox.so' <<<"$before"
	grep -q 'NoNewPrivs:.1' <<<"$before"
	grep -q loaded <<<"$before"
	prefix_install_portcullis
	# Log SANDBOX_ON in the environment of confine: 0 means that libsandbox does not restrict the programs that the hook starts.
	mv "$CONFINE" "$CONFINE.real"
	printf '#!/bin/sh\necho "$SANDBOX_ON" >>%q\nexec %q "$@"\n' "$PREFIX_LOG/confine" "$CONFINE.real" >"$CONFINE"
	chmod 755 "$CONFINE"
	sandbox_run emerge --oneshot app-test/probe
	[[ $(sort -u "$PREFIX_LOG/confine") == 0 ]]
	diff <(echo "$before") "$PREFIX_LOG/sandbox"
	[[ $output != *ortcullis:* ]]
	# The sandbox refused no access of the hook.
	[[ ! -e $PREFIX_LOG/refused ]]
}

@test 'test/portage/sandbox_library.c, which replaces libsandbox of Portage in tests, refuses to open /proc/self/uid_map for writing while SANDBOX_ON is 1' {
	sandbox_prefix user
	# shellcheck disable=SC2016 # the inner shell expands it
	run -1 prefix_run "$PREFIX_ROOT/sandbox" 'echo 0 0 1 >/proc/self/uid_map'
	[[ $(<"$PREFIX_LOG/refused") == /proc/self/uid_map ]]
	run -1 prefix_run "$PREFIX_ROOT/sandbox" 'SANDBOX_ON=0; echo 0 0 1 >/proc/self/uid_map'
	[[ $(wc -l <"$PREFIX_LOG/refused") -eq 1 ]]
}

@test 'as an ordinary user with FEATURES=sandbox, phases are isolated in a user namespace, and sys-apps/sandbox works as before' {
	assert_sandbox_unchanged user
	for phase in prepare configure compile install; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
		assert_namespace "$phase" user own
	done
	[[ $(record_values "$RECORDS" compile r.mode) == userns ]]
}

@test 'as root with the default FEATURES, including sandbox, phases keep the namespaces that Portage has created' {
	assert_sandbox_unchanged root
	for phase in unpack prepare configure compile install; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
		assert_namespace "$phase" user host
	done
	[[ $(prefix_phase_value compile uid) == "$(id -u portage)" ]]
}

@test 'with the file sandbox of Portage (FEATURES=sandbox) in addition to network-sandbox, a phase reaches only the destinations in PORTCULLIS_ALLOW' {
	local user
	distcc_host_begin
	distcc_host_start_daemon
	for user in user root; do
		sandbox_prefix "$user"
		prefix_features 'sandbox usersandbox network-sandbox-proxy' "PORTCULLIS_ALLOW=\"$DISTCC_HOST_IP:3632\""
		prefix_package app-test/probe-1 <<-EOF
			src_compile() {
				echo "\${LD_PRELOAD}" >>'$PREFIX_LOG/sandbox'
				(exec 3<>/dev/tcp/$DISTCC_HOST_IP/3632) && echo reached >>'$PREFIX_LOG/sandbox'
				(exec 3<>/dev/tcp/$DISTCC_HOST_IP/9) || echo blocked >>'$PREFIX_LOG/sandbox'
			}
		EOF
		prefix_install_portcullis
		sandbox_run ebuild "$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean compile
		[[ $(<"$PREFIX_LOG/sandbox") == *sandbox.so*$'\n'reached$'\n'blocked ]]
		[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.address, a.port, a.count].join(" ")).join()') == "$DISTCC_HOST_IP 3632 1" ]]
		prefix_clean
	done
}
