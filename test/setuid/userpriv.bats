#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# emerge as root with FEATURES=userpriv, which runs src_* phases as the portage user with a set-user-id confine.

load ../lib/prefix

setup() {
	prefix_make root
}

install_setuid_confine() {
	prefix_install_portcullis
	chown root:portage "$CONFINE"
	chmod 4710 "$CONFINE"
}

@test 'with FEATURES=userpriv, a set-user-id confine isolates phases without a user namespace; a phase still has the pipe PORTAGE_EBUILD_EXIT_FD and the TMPDIR of Portage, and creates files as user portage' {
	local phase
	prefix_conf 'FEATURES="userpriv cgroup network-sandbox ipc-sandbox -pid-sandbox -mount-sandbox -sandbox -usersandbox"'
	prefix_package app-test/probe-1 <<-EOF
		src_compile() {
			record_namespaces
			id >'$PREFIX_LOG/id'
			echo "\${TMPDIR}" >'$PREFIX_LOG/tmpdir'
			grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status >'$PREFIX_LOG/status'
			# A pipe of root with mode 0600
			[[ -p /proc/self/fd/\${PORTAGE_EBUILD_EXIT_FD} && ! -O /proc/self/fd/\${PORTAGE_EBUILD_EXIT_FD} ]] || die 'no pipe'
			touch '$PREFIX_LOG/made'
			chgrp portage '$PREFIX_LOG/made' || die 'chgrp failed'
			setsid -f sleep 1000 >/dev/null 2>&1 </dev/null
		}
	EOF
	# Replace spawn() of Portage so that Portage makes no namespaces, as in a container that refuses namespaces to root.
	install_setuid_confine
	run -0 prefix_run "${PREFIX_EMERGE[0]}" -c '
import runpy, sys
import portage.process
original = portage.process.spawn
def spawn(*args, **kwargs):
    for key in ("unshare_net", "unshare_ipc", "unshare_pid", "unshare_mount"):
        kwargs[key] = False
    return original(*args, **kwargs)
portage.process.spawn = spawn
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "${PREFIX_EMERGE[1]}" --oneshot app-test/probe </dev/null
	for phase in prepare configure compile install; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
		assert_namespace "$phase" user host
	done
	[[ $(prefix_phase_value compile uid) == "$(id -u portage)" ]]
	[[ $(record_values "$RECORDS" compile 'r.mode + " " + r.tracking') == setuid* ]]
	[[ $(record_values "$RECORDS" compile 'r.orphans[0].argv.join(" ")') == 'sleep 1000' ]]
	[[ $(<"$PREFIX_LOG/id") == "uid=$(id -u portage)(portage) gid=$(id -g portage)(portage)"* ]]
	[[ $(<"$PREFIX_LOG/tmpdir") == "$PREFIX_TMP"/* ]]
	[[ $(<"$PREFIX_LOG/status") == *$'NoNewPrivs:\t1' ]]
	[[ $(stat -c %U "$PREFIX_LOG/made") == portage ]]
	[[ -e $PREFIX/var/db/pkg/app-test/probe-1/environment.bz2 ]]
}
