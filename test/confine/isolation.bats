#!/usr/bin/env bats
# What a command sees of network, IPC and users: as root, as root without CAP_SYS_ADMIN, as an ordinary user.

load helper

setup_file() {
	confine_begin ipc
	NAME=/${PLACE##*/} KEY=0x$(printf '%04x' "$RANDOM")7a
	export NAME KEY
	"$PLACE/ipc" make "$NAME" "$KEY"
}

teardown_file() {
	[[ ! ${NAME-} ]] || "$PLACE/ipc" remove "$NAME" "$KEY"
	confine_end
}

# Docker's root: every capability but that one.
container_root() {
	setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$@"
}

WHO='ordinary'
((UID != 0)) || WHO='ordinary env container_root'

each() {
	local who
	for who in $WHO; do
		"$@"
	done
}

@test 'lo is the only interface, up, with the four addresses; the host name is localhost; there is no way out' {
	local who way
	for who in $WHO; do
		for way in --net '--net --ipc --cgroup x'; do
			# shellcheck disable=SC2086
			run -0 $who "$CONFINE" $way -- bash -c 'ip -o address; ip -o link | grep -o "^[0-9]*: [^:]*: <.*>"; uname -n; ip route; ip -6 route show default'
			[[ $(grep -oE 'inet6? [^ ]*' <<<"$output" | sort | paste -sd' ') == 'inet 10.0.0.1/8 inet 127.0.0.1/8 inet6 ::1/128 inet6 fd::1/8' ]]
			[[ $output == *$'\n1: lo: <LOOPBACK,UP,LOWER_UP>\nlocalhost' ]]
			# shellcheck disable=SC2086
			run $who "$CONFINE" $way -- bash -c 'exec 3<>/dev/tcp/198.51.100.1/80'
			[[ $output == *'Network is unreachable'* ]]
			# shellcheck disable=SC2086
			run $who "$CONFINE" $way -- bash -c 'exec 3<>/dev/tcp/2001:db8::1/80'
			[[ $output == *'Network is unreachable'* ]]
		done
	done
}

@test 'localhost resolves, to both families, also for who asks with AI_ADDRCONFIG' {
	# Without an address beside 127.0.0.1 and ::1 glibc takes a family for not configured.
	run -0 ordinary "$CONFINE" --net -- python3 -c '
import socket
print(sorted({a[4][0] for a in socket.getaddrinfo("localhost", 80, flags=socket.AI_ADDRCONFIG, type=socket.SOCK_STREAM)}))'
	[[ $output == *127.0.0.1* ]]
}

@test 'servers of the host and of the command do not reach each other, abstract sockets neither' {
	local who
	cat >"$PLACE/serve.py" <<-'EOF'
		import os, socket, sys, time
		tcp = socket.create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=True)
		abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0" + sys.argv[2]); abstract.listen()
		print(tcp.getsockname()[1], flush=True)
		sys.stdin.read()
	EOF
	cat >"$PLACE/reach.py" <<-'EOF'
		import socket, sys
		def reach(family, address):
		    try: socket.socket(family).connect(address); return "reached"
		    except OSError as error: return error.strerror
		print(reach(socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))), "/", reach(socket.AF_UNIX, "\0" + sys.argv[2]))
	EOF
	coproc SERVER { exec python3 "$PLACE/serve.py" 0 "$NAME" 3>&-; }
	read -r port <&"${SERVER[0]}"
	run -0 python3 "$PLACE/reach.py" "$port" "$NAME"
	[[ $output == 'reached / reached' ]]
	for who in $WHO; do
		run -0 "$who" "$CONFINE" --net -- python3 "$PLACE/reach.py" "$port" "$NAME"
		[[ $output == 'Connection refused / Connection refused' ]]
		# In there the same port is free, and a server of its own is reached.
		run -0 "$who" "$CONFINE" --net -- bash -c '
			coproc SERVER { exec python3 "$1/serve.py" "$2" "$3"; }
			read -r port <&"${SERVER[0]}" && python3 "$1/reach.py" "$port" "$3"; exit' - "$PLACE" "$port" "$NAME"
		[[ $output == 'reached / reached' ]] || {
			echo "$who: $output"
			return 1
		}
	done
	eval "exec ${SERVER[1]}>&-"
	for who in $WHO; do
		coproc SERVER { "$who" "$CONFINE" --net -- python3 "$PLACE/serve.py" "$port" "$NAME" 3>&-; }
		read -r port <&"${SERVER[0]}"
		run -0 python3 "$PLACE/reach.py" "$port" "$NAME"
		[[ $output == 'Connection refused / Connection refused' ]]
		eval "exec ${SERVER[1]}>&-"
	done
}

@test "the host's message queues and segments are invisible, and what is made inside is gone with it" {
	local who
	run -0 "$PLACE/ipc" see "$NAME" "$KEY"
	[[ $output == 'queue=yes segment=yes' ]]
	for who in $WHO; do
		run -0 "$who" "$CONFINE" --ipc -- "$PLACE/ipc" see "$NAME" "$KEY"
		[[ $output == 'queue=no segment=no' ]]
		run -0 "$who" "$CONFINE" --ipc -- bash -c '"$@" make /inside 0x7a7a7a7a >/dev/null && ipcmk -Q && "$@" see /inside 0x7a7a7a7a' \
			- "$PLACE/ipc"
		[[ $output == *'queue=yes segment=yes' ]]
		run -0 "$PLACE/ipc" see /inside 0x7a7a7a7a
		[[ $output == 'queue=no segment=no' ]]
	done
}

@test 'only what is asked for is taken apart' {
	local who way expected
	# shellcheck disable=SC2016
	while IFS=: read -r way expected; do
		for who in $WHO; do
			namespaces >"$PLACE/here"
			# shellcheck disable=SC2086
			"$who" "$CONFINE" $way -- bash -c "$(declare -f namespaces); namespaces" >"$PLACE/there"
			seen=$(diff "$PLACE/here" "$PLACE/there" | sed -n 's/^> \([a-z]*\).*/\1/p' | grep -vx user | paste -sd' ')
			[[ $seen == "$expected" ]] || {
				echo "$who $way: $seen, not $expected"
				return 1
			}
			[[ $who == env || ! $expected ]] || grep -q '^> user' <(diff "$PLACE/here" "$PLACE/there")
			[[ $who != env ]] || ! grep -q '^> user' <(diff "$PLACE/here" "$PLACE/there")
		done
	done <<-'EOF'
		:
		--best-effort:
		--net:net uts
		--ipc:ipc
		--net --ipc:net ipc uts
		--net --ipc --best-effort:net ipc uts
		--cgroup x:pid mnt
		--net --ipc --cgroup x:net ipc uts pid mnt
	EOF
}

@test 'a user namespace maps the caller to itself, and forbids setgroups' {
	run -0 ordinary "$CONFINE" --net -- bash -c 'id -u; id -g; cat /proc/self/setgroups; tr -s " " </proc/self/uid_map; touch "$1" && stat -c %u "$1"' - "$PLACE/owned"
	[[ $output == "$ORDINARY"$'\n'"$ORDINARY"$'\ndeny\n '"$ORDINARY $ORDINARY 1"$'\n'"$ORDINARY" ]]
	[[ $(stat -c %u "$PLACE/owned") == "$ORDINARY" ]]
	rm -f "$PLACE/owned"
}

@test 'root without CAP_SYS_ADMIN: a user namespace with the whole range of ids' {
	only_root
	run -0 container_root "$CONFINE" --net --ipc --record "$RECORD" -- bash -c 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups; touch "$1"; chown 250:12 "$1"; stat -c %u:%g "$1"; setpriv --reuid 7 --clear-groups id -u' - "$PLACE/owned"
	[[ $output == $' 0 0 4294967295\n 0 0 4294967295\nallow\n250:12\n7' ]]
	[[ $(stat -c %u:%g "$PLACE/owned") == 250:12 ]]
	[[ $(record_value "$RECORD" r.mode) == userns ]]
	# Where it may not map others, its own id alone.
	run -0 setpriv --bounding-set=-sys_admin,-setuid --inh-caps=-sys_admin,-setuid "$CONFINE" --net -- bash -c 'tr -s " " </proc/self/uid_map; id -u'
	[[ $output == $' 0 0 1\n0' ]]
}

@test 'root without CAP_SYS_ADMIN inside a user namespace of some ids maps those' {
	only_root
	coproc INSIDE { exec unshare --user bash -c 'read -r && exec setpriv --reuid 0 --regid 0 --clear-groups "$@"' - \
		--bounding-set=-sys_admin --inh-caps=-sys_admin -- "$CONFINE" --net -- bash -c 'tr -s " " </proc/self/uid_map; id -u' 3>&-; }
	until_true 5 test ! "/proc/$INSIDE_PID/ns/user" -ef /proc/self/ns/user
	echo '0 0 5000' >"/proc/$INSIDE_PID/uid_map"
	echo '0 0 5000' >"/proc/$INSIDE_PID/gid_map"
	echo >&"${INSIDE[1]}"
	run -0 cat <&"${INSIDE[0]}"
	[[ $output == $' 0 0 5000\n0' ]]
}

@test 'its ids come from the kernel: under fakeroot an ordinary user is one' {
	local tool
	for tool in fakeroot-tcp fakeroot-sysv; do
		run -0 ordinary "$tool" -- bash -c 'id -u; exec "$@" --probe' - "$CONFINE"
		[[ ${lines[0]} == 0 && $output == *$'\nmode=userns\nuid='"$ORDINARY"$'\neuid='"$ORDINARY"$'\n'*$'\nnet=yes\n'* ]]
	done
}

@test '--probe says what can be had, as it then is' {
	local who key
	for who in $WHO; do
		run -0 "$who" "$CONFINE" --probe
		for key in net ipc pid proc; do
			[[ $output == *$'\n'"$key=yes"* ]]
		done
	done
	run -0 ordinary unshare --user --map-root-user bash -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@" --probe' - "$CONFINE"
	[[ $output == *$'\nnet=no: unshare(CLONE_NEWNET): No space left on device\nipc=yes'* ]]
	only_root
	run -0 env "$CONFINE" --probe
	[[ $output == mode=root* && $output == *cgroup=yes* ]]
}
