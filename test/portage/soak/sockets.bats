#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A real emerge whose src_test starts servers that are too large for `npm test`, with PORTCULLIS_SOCKETS=own.

load ../../lib/prefix

@test 'with PORTCULLIS_SOCKETS=own, PostgreSQL and Xvfb of src_test are reachable over their UNIX sockets' {
	local number=$((6000 + RANDOM % 1000)) postgres
	postgres=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
	prefix_make user 'test network-sandbox ipc-sandbox cgroup' 'PORTCULLIS_SOCKETS="own"'
	prefix_package app-test/servers-1 <<-EOF
		src_test() {
			record_namespaces
			local -x PATH=\${PATH}:$postgres
			initdb --no-sync -D "\${T}/data" >/dev/null || die
			pg_ctl -D "\${T}/data" -o "-k \${T} -c listen_addresses=''" -w -l "\${T}/log" start || die
			psql -h "\${T}" -d postgres -Atc 'select 6 * 7' >"$PREFIX_LOG/database" || die
			pg_ctl -D "\${T}/data" -w stop || die
			Xvfb :$number -screen 0 64x64x8 -nolisten tcp -displayfd 3 3>"\${T}/ready" &
			timeout 60 bash -c 'until [[ -s \$1 ]]; do read -rt 0.05 <> <(:); done; [[ -s \$1 ]]' bash "\${T}/ready" || die
			/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print("connected")' /tmp/.X11-unix/X$number >"$PREFIX_LOG/display" || die
			kill %%
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/servers
	[[ $(<"$PREFIX_LOG/database") == 42 && $(<"$PREFIX_LOG/display") == connected ]]
	[[ $(record_values "$RECORDS" test 'r.sockets + r.watched') == undefinedyes ]]
}
