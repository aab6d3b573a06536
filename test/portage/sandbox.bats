#!/usr/bin/env bats
# Under the conditions of sys-apps/sandbox: no_new_privs, a preloaded library, SANDBOX_ON=1. Portage is told that its
# sandbox program is ours, so that FEATURES=sandbox and usersandbox go their own way up to there.

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
	farm_end
	prefix_clean
}

prefix() {
	[[ $1 == user ]] || ((EUID == 0)) || skip 'only root can emerge as root'
	prefix_make "$1"
	prefix_conf "FEATURES=\"sandbox usersandbox $2\""
	cat >"$PREFIX_ROOT/sandbox" <<-EOF
		#!/bin/sh
		export LD_PRELOAD='$PREFIX_HOST/sandbox.so' SANDBOX_ON=1 SANDBOX_ACTIVE=armedandready SANDBOX_REFUSALS='$PREFIX_LOG/refused'
		exec setpriv --no-new-privs -- /bin/bash -c "\$*"
	EOF
	chmod 755 "$PREFIX_ROOT/sandbox"
	prefix_package app-test/probe-1 <<-EOF
		src_compile() {
			note_namespaces
			echo "SANDBOX_ON=\${SANDBOX_ON} LD_PRELOAD=\${LD_PRELOAD}" >>'$PREFIX_LOG/sandbox'
			grep -E '^(NoNewPrivs|CapEff)' /proc/self/status >>'$PREFIX_LOG/sandbox'
			grep -q sandbox.so "/proc/\${BASHPID}/maps" && echo loaded >>'$PREFIX_LOG/sandbox'
		}
	EOF
}

emerge() {
	rm -rf "${PREFIX_LOG:?}"/* "$PREFIX/var/db/pkg/app-test"
	# portage/const.py has /usr/bin/sandbox, whatever the EPREFIX is.
	run -0 prefix_run "$PREFIX_PORTAGE/bin/python" -c '
import runpy, sys
import portage.const
portage.const.SANDBOX_BINARY = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$PREFIX_ROOT/sandbox" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/probe </dev/null
	[[ $output != *'Problem with sandbox'* ]]
}

under_sandbox() {
	local before
	prefix "$@"
	emerge
	before=$(<"$PREFIX_LOG/sandbox")
	grep -q '^SANDBOX_ON=1 LD_PRELOAD=.*sandbox.so' <<<"$before"
	grep -q 'NoNewPrivs:.1' <<<"$before"
	grep -q loaded <<<"$before"
	prefix_install_portcullis
	# libsandbox acts on the programs that the hook starts by this variable.
	mv "$CONFINE" "$CONFINE.real"
	printf '#!/bin/sh\necho "$SANDBOX_ON" >>%q\nexec %q "$@"\n' "$PREFIX_LOG/confine" "$CONFINE.real" >"$CONFINE"
	chmod 755 "$CONFINE"
	emerge
	[[ $(sort -u "$PREFIX_LOG/confine") == 0 ]]
	diff <(echo "$before") "$PREFIX_LOG/sandbox"
	[[ $output != *ortcullis:* ]]
	# Nothing that the hook starts tripped over the sandbox.
	[[ ! -e $PREFIX_LOG/refused ]]
}

@test 'the library that stands in for sandbox refuses what it should' {
	prefix user '' </dev/null
	# shellcheck disable=SC2016 # for the inner shell
	run -1 prefix_run "$PREFIX_ROOT/sandbox" 'echo 0 0 1 >/proc/self/uid_map'
	[[ $(<"$PREFIX_LOG/refused") == /proc/self/uid_map ]]
	run -1 prefix_run "$PREFIX_ROOT/sandbox" 'SANDBOX_ON=0; echo 0 0 1 >/proc/self/uid_map'
	[[ $(wc -l <"$PREFIX_LOG/refused") -eq 1 ]]
}

@test 'an ordinary user: isolated in a user namespace, the library loaded, SANDBOX_ON as the phase expects it' {
	under_sandbox user ''
	for phase in prepare configure compile install; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
		expect_kind "$phase" user apart
	done
	[[ $(record_values "$RECORDS" compile r.mode) == userns ]]
}

@test 'root with the default FEATURES, whose phases are those of uid 250: what Portage has isolated stays' {
	under_sandbox root ''
	for phase in unpack prepare configure compile install; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
		expect_kind "$phase" user host
	done
	[[ $(prefix_seen compile uid) == "$(id -u portage)" ]]
}

@test 'what PORTCULLIS_ALLOW names is reached from under it, and nothing else' {
	local who
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	farm_begin
	farm_distcc
	for who in user root; do
		prefix "$who" ''
		prefix_conf 'FEATURES="sandbox usersandbox network-sandbox-proxy"' "PORTCULLIS_ALLOW=\"$FARM:3632\""
		prefix_package app-test/probe-1 <<-EOF
			src_compile() {
				echo "\${LD_PRELOAD}" >>'$PREFIX_LOG/sandbox'
				(exec 3<>/dev/tcp/$FARM/3632) && echo reached >>'$PREFIX_LOG/sandbox'
				(exec 3<>/dev/tcp/$FARM/9) || echo blocked >>'$PREFIX_LOG/sandbox'
			}
		EOF
		prefix_install_portcullis
		emerge
		[[ $(<"$PREFIX_LOG/sandbox") == *sandbox.so*$'\n'reached$'\n'blocked ]]
		[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.address, a.port, a.count].join(" ")).join()') == "$FARM 3632 1" ]]
		prefix_clean
	done
}
