#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Real emerges whose src_test starts servers that are too large for `npm test`, with PORTCULLIS_SOCKETS=own.

load ../../lib/prefix

# servers_prefix root|user: a prefix with app-test/servers, whose src_test starts each server, asks it over its UNIX socket and writes the
# answer to PREFIX_LOG/answers
servers_prefix() {
	local display=$((6000 + RANDOM % 1000)) postgres sccache
	postgres=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
	sccache=$("$TOP/scripts/sccache")
	prefix_make "$1" 'test network-sandbox ipc-sandbox mount-sandbox cgroup userpriv' 'PORTCULLIS_SOCKETS="own"'
	cp "$sccache/sccache" "$PREFIX_HOST"
	prefix_package app-test/servers-1 <<-EOF
		$(declare -f until_true)
		# Waits until the command succeeds.
		await() {
			until_true 60 "\$@" 2>/dev/null || die "\$*"
		}
		src_test() {
			local -x PATH=\${PATH}:/usr/sbin:$postgres HOME=\${T} TMPDIR=\${T}
			cd "\${T}" || die
			initdb --no-sync -D data >/dev/null || die
			pg_ctl -D data -o "-k \${T} -c listen_addresses='' -c dynamic_shared_memory_type=posix" -w -l log start >/dev/null || die
			psql -h "\${T}" -d postgres -Atc 'select 6 * 7' || die
			compgen -G '/dev/shm/PostgreSQL.*' >/dev/null && echo shm
			pg_ctl -D data -w stop >/dev/null || die

			mariadb-install-db --no-defaults --datadir="\${T}/mysql" --auth-root-authentication-method=normal --skip-test-db >/dev/null || die
			mariadbd --no-defaults --datadir="\${T}/mysql" --socket="\${T}/mysql.sock" --skip-networking 2>mysql.log &
			await mariadb --no-defaults --socket="\${T}/mysql.sock" --user=root -BNe 'select 7 * 8'
			mariadb --no-defaults --socket="\${T}/mysql.sock" --user=root -e shutdown || die

			Xvfb :$display -screen 0 64x64x8 -nolisten tcp -displayfd 3 3>ready &
			await grep -qs . ready
			/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print("display")' /tmp/.X11-unix/X$display || die
			kill %%

			echo 'int a;' >a.c
			export SCCACHE_SERVER_UDS=\${T}/sccache.sock SCCACHE_DIR=\${T}/sccache CCACHE_DIR=\${T}/ccache
			unset CCACHE_DISABLE # of Portage, without FEATURES=ccache
			for compiler in "$PREFIX_HOST/sccache gcc" "ccache gcc"; do
				\${compiler} -c a.c -o a.o && \${compiler} -c a.c -o a.o || die
			done
			$PREFIX_HOST/sccache --show-stats | sed -n 's/^Cache hits  *\([0-9]\)$/sccache \1/p'
			$PREFIX_HOST/sccache --stop-server >/dev/null || die
			ccache --print-stats | awk '/^(direct|preprocessed)_cache_hit/ { hits += \$2 } END { print "ccache", hits }'

			echo '<p id=p></p><script>p.textContent = 8 * 9</script>' >page.html
			chromium --headless --no-sandbox --disable-gpu --user-data-dir="\${T}/chromium" --dump-dom "file://\${T}/page.html" 2>chromium.log |
				sed -n 's/.*<p id="p">\(.*\)<\/p>.*/chromium \1/p'
		} >"$PREFIX_LOG/answers"
	EOF
	prefix_install_portcullis
}

@test 'with PORTCULLIS_SOCKETS=own, PostgreSQL, MariaDB, Xvfb, sccache, ccache and Chromium work in src_test, as an ordinary user and as root with userpriv' {
	local user
	for user in user root; do
		servers_prefix "$user"
		run prefix_emerge --oneshot app-test/servers
		[[ $status == 0 && $(<"$PREFIX_LOG/answers") == $'42\nshm\n56\ndisplay\nsccache 1\nccache 1\nchromium 72' ]] || {
			cat "$PREFIX_LOG/answers"
			echo "$output"
			return 1
		}
		[[ $(record_values "$RECORDS" test '[r.watched, r.orphans, r.sockets].join()') == yes,, ]]
		[[ $(record_values "$RECORDS" test 'r.shm') == "$([[ $user == user ]] && echo confine || echo host)" ]]
		prefix_clean
	done
}

@test 'with PORTCULLIS_SOCKETS=host, a phase can connect to an SSH agent and an X display, and the hook reports only the agent as a conflict; with own, connect fails, and the hook reports only the display' {
	local agent display=$((5000 + RANDOM % 1000)) socket
	prefix_make user network-sandbox
	agent=$PREFIX_LOG/agent socket=/tmp/.X11-unix/X$display
	prefix_run ssh-agent -a "$agent" >/dev/null
	prefix_exec Xvfb ":$display" -screen 0 64x64x8 -nolisten tcp >/dev/null 2>&1 3>&- &
	until_true 60 grep -q " $socket\$" /proc/net/unix
	prefix_env "SSH_AUTH_SOCK=$agent" "DISPLAY=:$display"
	prefix_package app-test/probe-1 <<-EOF
		src_compile() {
			/usr/bin/python3 -c 'import socket, sys; print([socket.socket(socket.AF_UNIX).connect_ex(path) for path in sys.argv[1:]])' \
				"$agent" "$socket" >"$PREFIX_LOG/results"
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $output == *'an ssh or gpg agent conflicts with'* && $output != *'the X display conflicts with'* && $(<"$PREFIX_LOG/results") == '[0, 0]' ]]
	prefix_features network-sandbox 'PORTCULLIS_SOCKETS="own"'
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $output == *'the X display conflicts with'* && $output != *'agent conflicts with'* && $(<"$PREFIX_LOG/results") == '[111, 111]' ]]
	# The server removes its socket and its lock when it ends.
	kill %%
	wait %%
}
