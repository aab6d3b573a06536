#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Network, IPC and user ids of a command, started by root, by root without CAP_SYS_ADMIN and by an unprivileged user.

load confine_helper

setup_file() {
	confine_begin see_ipc
	NAME=/${TEST_DIR##*/} KEY=0x$(printf '%04x' "$RANDOM")7a
	export NAME KEY
	"$TEST_DIR/see_ipc" make "$NAME" "$KEY"
}

teardown_file() {
	[[ ! ${NAME-} ]] || { "$TEST_DIR/see_ipc" remove "$NAME" "$KEY" && rm -f "/dev/shm$NAME"; }
	confine_end
}

# container_root COMMAND...: runs the command as root without CAP_SYS_ADMIN, as in a container of Docker
container_root() {
	setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$@"
}

CALLERS='as_user'
((UID != 0)) || CALLERS='as_user env container_root'

@test 'with confine --net the only interface is lo with four addresses, the host name is localhost, and connections to other hosts fail with ENETUNREACH' {
	local who options
	for who in $CALLERS; do
		for options in --net '--net --ipc --cgroup x'; do
			# shellcheck disable=SC2086
			run -0 $who "$CONFINE" $options -- bash -c 'ip -o address; ip -o link | grep -o "^[0-9]*: [^:]*: <.*>"; uname -n; ip route; ip -6 route show default'
			[[ $(grep -oE 'inet6? [^ ]*' <<<"$output" | sort | paste -sd' ') == 'inet 10.0.0.1/8 inet 127.0.0.1/8 inet6 ::1/128 inet6 fd::1/8' ]]
			[[ $output == *$'\n1: lo: <LOOPBACK,UP,LOWER_UP>\nlocalhost' ]]
			# shellcheck disable=SC2086
			run $who "$CONFINE" $options -- bash -c 'exec 3<>/dev/tcp/198.51.100.1/80'
			[[ $output == *'Network is unreachable'* ]]
			# shellcheck disable=SC2086
			run $who "$CONFINE" $options -- bash -c 'exec 3<>/dev/tcp/2001:db8::1/80'
			[[ $output == *'Network is unreachable'* ]]
		done
	done
}

@test 'with confine --net, getaddrinfo() with AI_ADDRCONFIG resolves localhost' {
	# With AI_ADDRCONFIG, glibc skips an address family if the host has no other address of it than 127.0.0.1 or ::1.
	run -0 as_user "$CONFINE" --net -- python3 -c '
import socket
print(sorted({a[4][0] for a in socket.getaddrinfo("localhost", 80, flags=socket.AI_ADDRCONFIG, type=socket.SOCK_STREAM)}))'
	[[ $output == *127.0.0.1* ]]
}

@test 'with confine --net, the command cannot connect to TCP ports and abstract sockets of the host, and processes of the host cannot connect to ports and abstract sockets of the command' {
	local who
	cat >"$TEST_DIR/serve.py" <<-'EOF'
		import os, socket, sys, time
		tcp = socket.create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=True)
		abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0" + sys.argv[2]); abstract.listen()
		print(tcp.getsockname()[1], flush=True)
		sys.stdin.read()
	EOF
	cat >"$TEST_DIR/reach.py" <<-'EOF'
		import socket, sys
		def reach(family, address):
		    try: socket.socket(family).connect(address); return "reached"
		    except OSError as error: return error.strerror
		print(reach(socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))), "/", reach(socket.AF_UNIX, "\0" + sys.argv[2]))
	EOF
	coproc SERVER { exec python3 "$TEST_DIR/serve.py" 0 "$NAME" 3>&-; }
	read -r port <&"${SERVER[0]}"
	run -0 python3 "$TEST_DIR/reach.py" "$port" "$NAME"
	[[ $output == 'reached / reached' ]]
	for who in $CALLERS; do
		run -0 "$who" "$CONFINE" --net -- python3 "$TEST_DIR/reach.py" "$port" "$NAME"
		[[ $output == 'Connection refused / Connection refused' ]]
		# In the isolated network the same port is free, and the command can connect to its own server.
		run -0 "$who" "$CONFINE" --net -- bash -c '
			coproc SERVER { exec python3 "$1/serve.py" "$2" "$3"; }
			read -r port <&"${SERVER[0]}" && python3 "$1/reach.py" "$port" "$3"; exit' - "$TEST_DIR" "$port" "$NAME"
		[[ $output == 'reached / reached' ]] || {
			echo "$who: $output"
			return 1
		}
	done
	eval "exec ${SERVER[1]}>&-"
	for who in $CALLERS; do
		coproc SERVER { "$who" "$CONFINE" --net -- python3 "$TEST_DIR/serve.py" "$port" "$NAME" 3>&-; }
		read -r port <&"${SERVER[0]}"
		run -0 python3 "$TEST_DIR/reach.py" "$port" "$NAME"
		[[ $output == 'Connection refused / Connection refused' ]]
		eval "exec ${SERVER[1]}>&-"
	done
}

@test 'with confine --ipc the command cannot see message queues and shared memory of the host, and message queues and shared memory of the command are removed when the command exits' {
	local who
	run -0 "$TEST_DIR/see_ipc" see "$NAME" "$KEY"
	[[ $output == 'queue=yes segment=yes' ]]
	for who in $CALLERS; do
		run -0 "$who" "$CONFINE" --ipc -- "$TEST_DIR/see_ipc" see "$NAME" "$KEY"
		[[ $output == 'queue=no segment=no' ]]
		run -0 "$who" "$CONFINE" --ipc -- bash -c '"$@" make /inside 0x7a7a7a7a >/dev/null && ipcmk -Q && "$@" see /inside 0x7a7a7a7a' \
			- "$TEST_DIR/see_ipc"
		[[ $output == *'queue=yes segment=yes' ]]
		run -0 "$TEST_DIR/see_ipc" see /inside 0x7a7a7a7a
		[[ $output == 'queue=no segment=no' ]]
	done
}

@test 'with confine --ipc, the command cannot see message queues of the host in the file system of message queues on /dev/mqueue, also if --uses names a path in /dev/shm' {
	local dev=$TEST_DIR/dev who uses
	mkdir -p "$dev/shm" "$dev/mqueue"
	touch "$dev/null"
	for who in env "setpriv --reuid=$TEST_UID --regid=$TEST_UID --clear-groups --"; do
		for uses in '' '--uses /dev/shm/file'; do
			# shellcheck disable=SC2016,SC2086 # for the inner shell; words
			run -0 unshare --mount bash -c 'mount --bind /dev/null "$1/null" && mount --rbind "$1" /dev && mount -t tmpfs none /dev/shm &&
				mount -t mqueue none /dev/mqueue && ls /dev/mqueue && shift && "$@"' - "$dev" $who "$CONFINE" --ipc $uses -- \
				sh -c '"$0" make /inside 0x7a7a7a7a >/dev/null && echo phase && ls /dev/mqueue' "$TEST_DIR/see_ipc"
			echo "$output"
			[[ $output == *"${NAME#/}"*$'\nphase\ninside' ]]
		done
	done
}

@test 'with confine --ipc, the command gets its own /dev/shm, empty and as large as that of the host; if --uses names a path in /dev/shm, the command sees the /dev/shm of the host' {
	local who file=/dev/shm${NAME} path size
	size=$(df --output=size /dev/shm | tail -n 1)
	cat >"$TEST_DIR/memory.py" <<-'EOF'
		import multiprocessing, multiprocessing.shared_memory, os
		shared = multiprocessing.shared_memory.SharedMemory(create=True, size=4096)
		lock = multiprocessing.Lock()  # a POSIX semaphore
		child = multiprocessing.Process(target=lambda: lock.acquire() and shared.buf.__setitem__(0, 7))
		child.start()
		child.join()
		print(shared.buf[0], len(os.listdir("/dev/shm")), lock.acquire(block=False))
		shared.unlink()
	EOF
	touch "$file"
	ln -s /dev/shm "$TEST_DIR/shm"
	for who in $CALLERS; do
		run -0 "$who" "$CONFINE" --ipc --uses /var/tmp --uses /dev/shmx --record "$RECORD" -- sh -c \
			'python3 "$1/memory.py" && ls -A /dev/shm && df --output=size /dev/shm | tail -n 1 && stat -c %a /dev/shm' - "$TEST_DIR"
		[[ $output == $'7 1 False\n'"$size"$'\n1777' && $(record_value "$RECORD" r.shm) == confine ]]
		for path in /dev/shm "$TEST_DIR/shm/portage/x"; do
			run -0 "$who" "$CONFINE" --ipc --uses /var/tmp --uses "$path" --record "$RECORD" -- ls "$file"
			[[ $(record_value "$RECORD" 'r.applied.ipc + " " + r.shm') == 'confine host' ]]
		done
	done
	rm "$file"
}

@test 'confine creates only the namespaces that the options of confine need' {
	local who options expected count queues=' mnt'
	# 19800202 is the type of the file system of message queues. confine --ipc mounts a new one only over /dev/mqueue of this type.
	[[ $(stat -f -c %t /dev/mqueue) == 19800202 ]] || queues=''
	# shellcheck disable=SC2016
	while IFS=: read -r options expected; do
		for who in $CALLERS; do
			print_namespaces >"$TEST_DIR/here"
			# shellcheck disable=SC2086
			"$who" "$CONFINE" $options -- bash -c "$(declare -f print_namespaces); print_namespaces" >"$TEST_DIR/there"
			seen=$(diff "$TEST_DIR/here" "$TEST_DIR/there" | sed -n 's/^> \([a-z]*\).*/\1/p' | grep -vx user | paste -sd' ')
			[[ $seen == "$expected" ]] || {
				echo "$who $options: $seen, not $expected"
				return 1
			}
			# Root needs no user namespace.
			count=$(diff "$TEST_DIR/here" "$TEST_DIR/there" | grep -c '^> user') || true
			if [[ $who == env || ! $expected ]]; then ((count == 0)); else ((count == 1)); fi
		done
	done <<-EOF
		:
		--best-effort:
		--net:net uts
		--ipc:ipc mnt
		--ipc --uses /dev/shm/x:ipc$queues
		--net --ipc:net ipc uts mnt
		--net --ipc --best-effort:net ipc uts mnt
		--cgroup x:pid mnt
		--pid:pid mnt
		--mount:mnt
		--mount --best-effort:mnt
		--net --ipc --cgroup x:net ipc uts pid mnt
		--net --ipc --pid --mount --cgroup x:net ipc uts pid mnt
	EOF
}

@test 'with confine --pid, the command sees only its own processes and init, confine kills and records processes that the command leaves running, and shells, ps, gdb and strace work' {
	local who
	declare -f until_true >"$TEST_DIR/processes"
	cat >>"$TEST_DIR/processes" <<-'EOF'
		exec 2>/dev/null # bash prints the end of a job at a time of its own choice
		set -m
		echo "$$ $PPID $(</proc/$$/comm)"
		echo $(ps -e -o comm=)
		sleep 1000 | sleep 1000 &
		kill -- -"$(jobs -p)" && wait
		kill "$1" 2>&1 | grep -o 'No such process'
		strace -qq -e trace=getppid -e signal=none bash -c 'true' 2>&1 | grep -om 1 getppid
		gdb -batch -ex 'run' -ex 'info inferiors' --args true 2>&1 | grep -o 'exited normally'
		sleep 1000 &
		until_true 60 grep -qx sleep "/proc/$!/comm"
	EOF
	for who in $CALLERS; do
		: >"$RECORD"
		run -0 "$who" "$CONFINE" --pid --record "$RECORD" -- bash "$TEST_DIR/processes" $$
		[[ $output == $'2 1 bash\nconfine bash ps\nNo such process\ngetppid\nexited normally' ]] || {
			echo "$who: $output"
			return 1
		}
		[[ $(record_value "$RECORD" '[r.applied.pid, r.orphans.map((o) => o.comm), r.missing.length].join()') == 'confine,sleep,0' ]]
	done
}

@test 'in a user namespace for an ordinary user, confine maps only the user id of this user, to the same id, and disables setgroups(2)' {
	run -0 as_user "$CONFINE" --net -- bash -c 'id -u; id -g; cat /proc/self/setgroups; tr -s " " </proc/self/uid_map; touch "$1" && stat -c %u "$1"' - "$TEST_DIR/owned"
	[[ $output == "$TEST_UID"$'\n'"$TEST_UID"$'\ndeny\n '"$TEST_UID $TEST_UID 1"$'\n'"$TEST_UID" ]]
	[[ $(stat -c %u "$TEST_DIR/owned") == "$TEST_UID" ]]
	rm -f "$TEST_DIR/owned"
}

@test 'in a user namespace of confine for an ordinary user, set*id, setgroups and chown calls return the same results as outside, for 64-bit and 32-bit programs' {
	local bits
	as_user touch "$TEST_DIR/own"
	for bits in 64 32; do
		gcc "-m$bits" -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TEST_DIR/set_ids" "$TOP/test/confine/set_ids.c"
		run -0 as_user "$TEST_DIR/set_ids" "$TEST_DIR/own"
		[[ $output == *'setuid own: done'*'chown 0: EPERM'*'setgroups own: EPERM' ]]
		printf '%s\n' "$output" >"$TEST_DIR/outside"
		as_user "$CONFINE" --ipc -- "$TEST_DIR/set_ids" "$TEST_DIR/own" | diff "$TEST_DIR/outside" -
	done
}

@test 'if root lacks CAP_SYS_ADMIN, confine creates a user namespace that maps all ids, or only the id of root if root also lacks CAP_SETUID' {
	run -0 container_root "$CONFINE" --net --ipc --record "$RECORD" -- bash -c 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups; touch "$1"; chown 250:12 "$1"; stat -c %u:%g "$1"; setpriv --reuid 7 --clear-groups id -u' - "$TEST_DIR/owned"
	[[ $output == $' 0 0 4294967295\n 0 0 4294967295\nallow\n250:12\n7' ]]
	[[ $(stat -c %u:%g "$TEST_DIR/owned") == 250:12 ]]
	[[ $(record_value "$RECORD" r.mode) == userns ]]
	# Without CAP_SETUID, confine can map only the id of the caller.
	run -0 setpriv --bounding-set=-sys_admin,-setuid --inh-caps=-sys_admin,-setuid "$CONFINE" --net -- bash -c 'tr -s " " </proc/self/uid_map; id -u'
	[[ $output == $' 0 0 1\n0' ]]
}

@test 'if root lacks CAP_SYS_ADMIN, confine --mknod creates no user namespace, because mknod(2) would fail there, and records mknod as the reason why IPC isolation is missing' {
	# shellcheck disable=SC2016
	local -a make=(sh -c 'mknod "$1/null" c 1 3 && rm "$1/null"' - "$TEST_DIR")
	run -1 container_root "$CONFINE" --net --ipc -- "${make[@]}"
	run -0 container_root "$CONFINE" --net --ipc --cgroup x --mknod --best-effort --record "$RECORD" -- "${make[@]}"
	[[ $(record_value "$RECORD" '[r.applied.net, r.filter_why, r.missing.map((m) => m.what + " " + m.why)].join()') == 'filter,mknod in a user namespace: Operation not permitted,ipc mknod in a user namespace: Operation not permitted' ]]
	run -125 container_root "$CONFINE" --ipc --mknod -- "${make[@]}"
	# confine of root with CAP_SYS_ADMIN needs no user namespace, and isolates the command.
	run -0 "$CONFINE" --net --mknod --record "$RECORD" -- "${make[@]}"
	[[ $(record_value "$RECORD" r.applied.net) == confine ]]
	# --mknod changes nothing for an ordinary user, who cannot create device files without confine either.
	run -0 as_user "$CONFINE" --net --mknod -- true
}

@test 'if root of a user namespace lacks CAP_SYS_ADMIN, confine creates a nested user namespace that maps the same ids' {
	coproc INSIDE { exec unshare --user bash -c 'read -r && exec setpriv --reuid 0 --regid 0 --clear-groups "$@"' - \
		--bounding-set=-sys_admin --inh-caps=-sys_admin -- "$CONFINE" --net -- bash -c 'tr -s " " </proc/self/uid_map; id -u' 3>&-; }
	until_true 60 test ! "/proc/$INSIDE_PID/ns/user" -ef /proc/self/ns/user
	echo '0 0 5000' >"/proc/$INSIDE_PID/uid_map"
	echo '0 0 5000' >"/proc/$INSIDE_PID/gid_map"
	echo >&"${INSIDE[1]}"
	run -0 cat <&"${INSIDE[0]}"
	[[ $output == $' 0 0 5000\n0' ]]
}

@test 'confine under fakeroot uses the real user id, not the id 0 that fakeroot reports' {
	local tool
	for tool in fakeroot-tcp fakeroot-sysv; do
		run -0 as_user "$tool" -- bash -c 'id -u; exec "$@" --probe' - "$CONFINE"
		[[ ${lines[0]} == 0 && $output == *$'\nmode=userns\nuid='"$TEST_UID"$'\neuid='"$TEST_UID"$'\n'*$'\nnet=yes\n'* ]]
	done
}

@test 'confine --probe prints each kind of isolation and whether this isolation is available on the machine' {
	local who key
	for who in $CALLERS; do
		run -0 "$who" "$CONFINE" --probe
		for key in net ipc pid proc mount shm; do
			[[ $output == *$'\n'"$key=yes"* ]]
		done
	done
	run -0 as_user unshare --user --map-root-user bash -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@" --probe' - "$CONFINE"
	[[ $output == *$'\nnet=filter: unshare(CLONE_NEWNET): No space left on device\nipc=yes'* ]]
	run -0 env "$CONFINE" --probe
	[[ $output == mode=root* && $output == *cgroup=yes* ]]
}
