# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2153,SC2154 # RECORDS is a variable of prefix.bash, and run sets output
# One real emerge in one situation of the table in README.md (scripts/situations). Load this file after prefix.bash.
#
#   situation_begin, situation_end        once per file: the host of the allowed destination, and a socket of root that stands for Docker
#   situation NAME PREFIX [FEATURES]      a prefix (prefix_make) with app-test/host, whose src_compile looks a name up, connects to an allowed
#                                         destination, leaves a process behind and looks for objects of the host; and app-test/own, which
#                                         connects to the socket with PORTCULLIS_SOCKETS=own
#   situation_exec ARG...                 makes the objects, and replaces this shell with emerge
#   situation_emerge [COMMAND...]         emerges both packages by that command, and prints a line for each cell of the table

# shellcheck source-path=SCRIPTDIR source=../lib/remote_host.bash
source "${BASH_SOURCE[0]%/*}/../lib/remote_host.bash"

situation_begin() {
	prefix_host_begin
	remote_host_begin
	remote_host_serve 80
	# The phases of an ordinary user cannot read the checkout.
	cp "$TOP/test/vm/host_access.py" "$PREFIX_HOST"
	/usr/bin/python3 "$TOP/test/confine/audit/unix_server.py" "$PREFIX_HOST/docker.sock" 3>&- &
	export SITUATION_SERVER=$!
	until_true 60 test -e "$PREFIX_HOST/docker.sock.ready"
}

situation_end() {
	kill "$SITUATION_SERVER"
	remote_host_end
	prefix_host_end
}

situation() {
	SITUATION=$1
	prefix_make "$2" "${3-} network-sandbox network-sandbox-proxy ipc-sandbox pid-sandbox mount-sandbox cgroup" \
		"PORTCULLIS_ALLOW=\"$REMOTE:80\"" 'PORTCULLIS_PIDS_MAX="200"'
	prefix_install_portcullis
	mkdir "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_SOCKETS="own"' >"$PREFIX/etc/portage/env/own"
	echo 'app-test/own own' >"$PREFIX/etc/portage/package.env"
	prefix_package app-test/host-1 <<-EOF
		src_compile() {
			getent hosts files.example.org
			(exec 3<>/dev/tcp/$REMOTE/80) && echo connected >"$PREFIX_LOG/allowed"
			/usr/bin/python3 "$PREFIX_HOST/host_access.py" "\$(<"$PREFIX_LOG/mnt")" "$PREFIX_HOST/docker.sock" processes mounts ipc shm sockets limits >"$PREFIX_LOG/host" || die
			setsid -f bash -c 'exec -a situation-orphan sleep 1000' </dev/null >/dev/null 2>&1
		}
	EOF
	prefix_package app-test/own-1 <<-EOF
		src_compile() {
			/usr/bin/python3 "$PREFIX_HOST/host_access.py" "\$(<"$PREFIX_LOG/mnt")" "$PREFIX_HOST/docker.sock" sockets >"$PREFIX_LOG/own" || die
		}
	EOF
}

situation_exec() {
	readlink /proc/self/ns/mnt >"$PREFIX_LOG/mnt"
	: >/dev/shm/situation
	/usr/bin/python3 -c 'import ctypes; assert ctypes.CDLL(None).msgget(0x706F7274, 0o1666) >= 0'
	prefix_exec emerge "$@"
}

# cell COLUMN VALUE: prints one cell of the table
cell() {
	echo "# cell|$SITUATION|$1|$2" >&3
}

# compile_value EXPRESSION [PACKAGE]: prints its value for the record of src_compile of app-test/PACKAGE (default: host)
compile_value() {
	record_values "$RECORDS" compile "r.package === 'app-test/${2-host}-1' ? $1 : ''" | grep .
}

# sandbox_cell COLUMN CHECK SANDBOX: prints the creator of the sandbox. Fails if the phase, which ran CHECK, reached the host in spite of it
# or did not reach it without it.
sandbox_cell() {
	local creator result
	creator=$(compile_value "({ portage: 'Portage', confine: 'yes', filter: 'filter' })[r.applied.$3] ?? 'no'")
	result=$(sed -n "s/^$2=//p" "$PREFIX_LOG/host")
	[[ $result == "$([[ $creator == no ]] && echo host || echo own)" ]] || {
		echo "$2: the phase reached the objects of: $result, and the record names $creator as the creator of the sandbox"
		return 1
	}
	cell "$1" "$creator"
}

situation_emerge() {
	local names=no allowed=no host own
	run -0 "${@:-situation_run}" --oneshot app-test/host app-test/own
	echo "$output"
	cell network "$(compile_value '({ portage: "Portage", confine: "yes", filter: "filter" })[r.applied.net] ?? "no"')"
	[[ $(compile_value '(r.names ?? []).some((n) => n.name === "files.example.org")') != true ]] || names=yes
	cell names "$names"
	if [[ -e $PREFIX_LOG/allowed ]]; then
		allowed=$(compile_value 'r.route === "socks" ? "proxy" : "yes"')
	fi
	cell allowed "$allowed"
	sandbox_cell IPC ipc ipc
	cell /dev/shm "$(sed -n 's/^shm=own/yes/p; s/^shm=host/no/p' "$PREFIX_LOG/host" | grep .)"
	sandbox_cell processes processes pid
	sandbox_cell mounts mounts mount
	host=$(socket_result host)
	own=$(socket_result own)
	cell 'UNIX sockets' "$host, $own"
	[[ $(compile_value 'r.orphans[0].argv[0]') == situation-orphan ]]
	cell 'orphans killed by' "$(compile_value '({ cgroup: "cgroup", pidns: "PID namespace", "cgroup+pidns": "cgroup, PID namespace",
		"cgroup+portage": "cgroup, Portage", portage: "Portage" })[r.tracking] ?? r.tracking')"
	cell limits "$(sed -n 's/^limits=//p' "$PREFIX_LOG/host" | grep .)"
}

situation_run() {
	(situation_exec "$@")
}

# socket_result PACKAGE: prints what happened to the recorded connection of src_compile to the socket of root
socket_result() {
	[[ $(compile_value '(r.sockets ?? []).map((s) => [s.path, s.count].join(" ")).join()' "$1") == "$PREFIX_HOST/docker.sock 1" ]] &&
		sed -n 's/^sockets=connected/recorded/p; s/^sockets=ECONNREFUSED/refused/p' "$PREFIX_LOG/$1" | grep .
}
