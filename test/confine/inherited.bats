#!/usr/bin/env bats
# What Portage as root has made already is told by its fingerprint, and nothing that only looks like it.

load helper

setup() {
	only_root
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
}

# in_network [HOSTNAME] LINE... : a new network and UTS namespace as `ip -batch` makes it of the lines, then confine
in_network() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$PLACE/batch"
	# shellcheck disable=SC2016
	unshare --net --uts --ipc -- bash -c '
		hostname "$1" && ip -batch "$2" && readlink /proc/self/ns/{net,ipc} && shift 2 && exec "$@"' - "$name" "$PLACE/batch" \
		"$CONFINE" --net --ipc --best-effort --record "$RECORD" -- readlink /proc/self/ns/{net,ipc}
}

made_by() {
	[[ $(record_value "$RECORD" 'r.applied.net + " " + r.applied.ipc') == "$1" ]] || {
		tail -n1 "$RECORD"
		return 1
	}
}

UP='link set lo up'
FOUR='address add 10.0.0.1/8 dev lo'
SIX='address add fd::1/8 dev lo'

@test "Portage's own: lo up, 10.0.0.1/8, fd::1/8, localhost" {
	run -0 in_network localhost "$UP" "$FOUR" "$SIX"
	[[ ${lines[0]} == "${lines[2]}" && ${lines[1]} == "${lines[3]}" ]]
	made_by 'portage portage'
}

@test "Portage's own, made by Portage's code" {
	local portage
	portage=$("$TOP/scripts/portage")
	cat >"$PLACE/spawn.py" <<-'EOF'
		import os, sys
		import portage.process
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(portage.process.spawn(
		    sys.argv[2:], unshare_net=True, unshare_ipc=sys.argv[1] == "ipc", returnpid=True)[0], 0)[1]))
	EOF
	run -0 "$portage/bin/python" "$PLACE/spawn.py" ipc "$CONFINE" --net --ipc --record "$RECORD" -- true
	made_by 'portage portage'
	# Its network alone: IPC is still ours to make.
	run -0 "$portage/bin/python" "$PLACE/spawn.py" - "$CONFINE" --net --ipc --record "$RECORD" -- true
	made_by 'portage confine'
	# A virtual device, down, that a module puts into every new namespace changes nothing.
	run -0 "$portage/bin/python" "$PLACE/spawn.py" ipc bash -c '
		ip link add d0 type veth peer name d1 && exec "$@"' - \
		"$CONFINE" --net --ipc --record "$RECORD" -- true
	made_by 'portage portage'
}

@test 'a host or a container with nothing but lo, up or down, is not isolated' {
	local name
	for name in localhost container; do
		run -0 in_network "$name"
		made_by 'confine confine'
		run -0 in_network "$name" "$UP"
		made_by 'confine confine'
		[[ ${lines[0]} != "${lines[2]}" && ${lines[1]} != "${lines[3]}" ]]
	done
}

@test 'one mark missing, or one interface too many: not isolated' {
	local name line
	while IFS='|' read -r name line; do
		mapfile -t lines_given < <(tr ';' '\n' <<<"$line")
		run -0 in_network "$name" "${lines_given[@]}"
		made_by 'confine confine' || {
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

@test 'IPC: the first namespace was made by nobody, whatever the network looks like' {
	printf '%s\n' "$UP" "$FOUR" "$SIX" >"$PLACE/batch"
	run -0 unshare --net --uts -- bash -c 'hostname localhost && ip -batch "$1" && shift && exec "$@"' - "$PLACE/batch" \
		"$CONFINE" --net --ipc --record "$RECORD" -- true
	made_by 'portage confine'
}

@test 'process 1 of Portage keeps the phase; another one of that name does not' {
	local portage
	portage=$("$TOP/scripts/portage")
	cat >"$PLACE/spawn.py" <<-'EOF'
		import os, sys
		import portage.process
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(portage.process.spawn(
		    sys.argv[1:], unshare_pid=True, unshare_mount=True, returnpid=True)[0], 0)[1]))
	EOF
	run -0 "$portage/bin/python" "$PLACE/spawn.py" "$CONFINE" --cgroup x --record "$RECORD" -- true
	[[ $(record_value "$RECORD" r.tracking) == *portage ]]
	printf '#!/bin/bash\n"$@"\n' >"$PLACE/pid-ns-init"
	chmod 755 "$PLACE/pid-ns-init"
	run -0 ordinary unshare --user --map-current-user --pid --fork --mount-proc -- "$PLACE/pid-ns-init" \
		"$CONFINE" --cgroup x --record "$PLACE/mine" -- true
	RECORD=$PLACE/mine
	[[ $(record_value "$RECORD" r.tracking) == pidns ]]
}
