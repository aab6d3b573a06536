#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# If Portage as root has created a network, IPC or PID namespace, confine keeps it. Otherwise confine creates its own.

load confine_helper
load ../lib/portage_network

setup() {
	record_begin
}

# in_network HOSTNAME LINE...: runs confine in a new network and UTS namespace, set up by `ip -batch` with these lines
in_network() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$TEST_DIR/batch"
	# shellcheck disable=SC2016
	unshare --net --uts --ipc -- bash -c '
		hostname "$1" && ip -batch "$2" && readlink /proc/self/ns/{net,ipc} && shift 2 && exec "$@"' - "$name" "$TEST_DIR/batch" \
		"$CONFINE" --net --ipc --best-effort --record "$RECORD" -- readlink /proc/self/ns/{net,ipc}
}

assert_applied() {
	[[ $(record_value "$RECORD" 'r.applied.net + " " + r.applied.ipc') == "$1" ]] || {
		tail -n1 "$RECORD"
		return 1
	}
}

UP='link set lo up'
FOUR='address add 10.0.0.1/8 dev lo'
SIX='address add fd::1/8 dev lo'

@test 'if lo has 10.0.0.1/8 and fd::1/8 and the host name is localhost, confine assumes that Portage has created the network and IPC namespaces, and keeps both' {
	run -0 in_network localhost "$UP" "$FOUR" "$SIX"
	[[ ${lines[0]} == "${lines[2]}" && ${lines[1]} == "${lines[3]}" ]]
	assert_applied 'portage portage'
}

@test 'confine recognises and keeps the network and IPC namespaces that Portage has created' {
	local portage
	portage=$("$TOP/scripts/portage")
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_net,unshare_ipc "$CONFINE" --net --ipc --record "$RECORD" -- true
	assert_applied 'portage portage'
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_net,unshare_ipc "$CONFINE" --audit --record "$RECORD" -- true
	assert_applied 'portage undefined'
	# Portage has made only the network namespace, so confine makes an IPC namespace.
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_net "$CONFINE" --net --ipc --record "$RECORD" -- true
	assert_applied 'portage confine'
	# Some kernel modules add a virtual network device, which is down, to every new network namespace. Here a veth pair stands for it.
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_net,unshare_ipc bash -c '
		ip link add d0 type veth peer name d1 && exec "$@"' - \
		"$CONFINE" --net --ipc --record "$RECORD" -- true
	assert_applied 'portage portage'
}

@test 'if lo has none of the addresses that Portage sets, confine creates its own network and IPC namespaces' {
	local name
	for name in localhost container; do
		run -0 in_network "$name"
		assert_applied 'confine confine'
		run -0 in_network "$name" "$UP"
		assert_applied 'confine confine'
		[[ ${lines[0]} != "${lines[2]}" && ${lines[1]} != "${lines[3]}" ]]
	done
}

@test 'if an address, the host name or an interface differs from those that Portage sets in a network namespace, confine creates its own network and IPC namespaces' {
	local name line
	while IFS='|' read -r name line; do
		mapfile -t lines_given < <(tr ';' '\n' <<<"$line")
		run -0 in_network "$name" "${lines_given[@]}"
		assert_applied 'confine confine' || {
			echo "$name: $line"
			return 1
		}
	done <<-EOF
		container|$UP;$FOUR;$SIX
		localhost|$FOUR;$SIX
		localhost|$UP;$FOUR
		localhost|$UP;$SIX
		localhost|$UP;address add 10.0.0.1/24 dev lo;$SIX
		localhost|$UP;$FOUR;$SIX;link add v0 type veth peer name v1;link set v0 up
		localhost|$UP;$FOUR;$SIX;link add v0 type veth peer name v1;address add 192.0.2.1/24 dev v0
	EOF
}

@test 'if Portage has isolated only the network, confine creates an IPC namespace' {
	run -0 in_portage_network -- "$CONFINE" --net --ipc --record "$RECORD" -- true
	assert_applied 'portage confine'
}

@test 'confine relies on the PID namespace of Portage only if process 1 is pid-ns-init of Portage, not another program of that name' {
	local portage
	portage=$("$TOP/scripts/portage")
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_pid,unshare_mount "$CONFINE" --cgroup x --record "$RECORD" -- true
	[[ $(record_value "$RECORD" r.tracking) == *portage ]]
	# Portage has made both namespaces, so confine makes none.
	run -0 --separate-stderr "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_pid,unshare_mount bash -c 'readlink /proc/self/ns/{pid,mnt} && "$@"' - \
		"$CONFINE" --pid --mount --record "$RECORD" -- readlink /proc/self/ns/{pid,mnt}
	[[ ${lines[0]} == "${lines[2]}" && ${lines[1]} == "${lines[3]}" ]]
	[[ $(record_value "$RECORD" '[r.mode, r.tracking, r.applied.pid, r.applied.mount].join()') == none,portage,portage,portage ]]
	printf '#!/bin/bash\n"$@"\n' >"$TEST_DIR/pid-ns-init"
	chmod 755 "$TEST_DIR/pid-ns-init"
	run -0 as_user unshare --user --map-current-user --pid --fork --mount-proc -- "$TEST_DIR/pid-ns-init" \
		"$CONFINE" --cgroup x --pid --mount --record "$TEST_DIR/mine" -- true
	RECORD=$TEST_DIR/mine
	[[ $(record_value "$RECORD" '[r.tracking, r.applied.pid, r.applied.mount].join()') == pidns,confine,confine ]]
}
