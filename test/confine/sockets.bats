#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine --audit records requests to UNIX sockets of the host, and confine --own-sockets refuses them.

load ../lib/audit

setup_file() {
	audit_begin
	chmod 1777 "$AUDIT_DIR"
	export HOST=$AUDIT_DIR/host UNIX_CLIENT=$AUDIT_DIR/unix_client.py
	cp "$TOP"/test/confine/audit/unix_{client,server}.py "$AUDIT_DIR"
	mkdir -m 755 "$HOST"
	serve "$HOST/stream" "$HOST/datagram"
	export SERVER=$!
	until_true 60 test -e "$HOST/stream.ready"
	ln -s stream "$HOST/link"
	ln -s stream "$HOST/s"
	ln -s datagram "$HOST/d"
	ln -s /link "$HOST/absolute-link"
}

teardown_file() {
	kill "$SERVER"
	audit_end
}

# serve ARG...: starts unix_server.py in the background. AS_USER: a command that changes the user.
serve() {
	"${AS_USER[@]}" /usr/bin/python3 "$AUDIT_DIR/unix_server.py" "$@" 3>&- &
}

# requests: prints the requests in the record: PATH COMM COUNT [refused]
requests() {
	record_value "$RECORD" '(r.sockets ?? []).map((s) => [s.path, s.comm, s.count, ...(s.refused ? ["refused"] : [])].join(" ")).sort().join("\n")'
}

# results: prints the results of the client's requests (the file out), each different result once
results() {
	cut -d' ' -f2 "$AUDIT_DIR/out" | sort -u
}

@test 'confine --audit records each connect, sendto, sendmsg and sendmmsg of a phase to a UNIX socket of the host, also by a relative path, a link, a path in /proc or after chroot' {
	# With --cgroup the phase has a process file system of its own, in which the watcher has no process ID.
	audit --net --cgroup sockets -- /usr/bin/python3 "$UNIX_CLIENT" host "$HOST" >"$AUDIT_DIR/out"
	[[ $(results) == ok && $(wc -l <"$AUDIT_DIR/out") == 18 ]]
	assert_lines "$(requests)" "$HOST/stream python3 14" "$HOST/datagram python3 4"
	[[ $(record_value "$RECORD" 'r.socket_requests + r.sockets[0].script') == "18$UNIX_CLIENT" ]]
}

@test 'with confine --own-sockets, connecting or sending to a UNIX socket of the host fails with ECONNREFUSED, and the record lists the request as refused' {
	audit_run --own-sockets --net --record "$RECORD" -- /usr/bin/python3 "$UNIX_CLIENT" host "$HOST" >"$AUDIT_DIR/out"
	[[ $(results) == ECONNREFUSED && $(wc -l <"$AUDIT_DIR/out") == 18 ]]
	assert_lines "$(requests)" "$HOST/stream python3 14 refused" "$HOST/datagram python3 4 refused"
	# A phase of root can open paths in folders of other users, so confine must resolve such paths too.
	mkdir -m 700 "$AUDIT_DIR/secret"
	chown 12321 "$AUDIT_DIR/secret"
	ln "$HOST/stream" "$HOST/datagram" "$AUDIT_DIR/secret"
	ln -s stream "$AUDIT_DIR/secret/link"
	ln -s stream "$AUDIT_DIR/secret/s"
	ln -s datagram "$AUDIT_DIR/secret/d"
	ln -s /link "$AUDIT_DIR/secret/absolute-link"
	RUN_AS=root audit_run --own-sockets --net --record "$RECORD" -- /usr/bin/python3 "$UNIX_CLIENT" host "$AUDIT_DIR/secret" >"$AUDIT_DIR/out"
	[[ $(results) == ECONNREFUSED && $(wc -l <"$AUDIT_DIR/out") == 18 ]]
}

@test 'confine --own-sockets refuses requests to UNIX sockets of the host even if the requesting process is not dumpable, or runs as another user than confine and confine lacks CAP_SYS_PTRACE' {
	local -a client=(/usr/bin/python3 "$UNIX_CLIENT" host "$HOST") confine=(setpriv --bounding-set=-sys_ptrace --inh-caps=-all "$CONFINE" --own-sockets --net --)
	"${confine[@]}" setpriv --reuid=12321 --regid=12321 --clear-groups -- "${client[@]}" >"$AUDIT_DIR/out"
	[[ $(results) == ECONNREFUSED && $(wc -l <"$AUDIT_DIR/out") == 18 ]]
	# 4 is PR_SET_DUMPABLE.
	"${confine[@]}" /usr/bin/python3 -c 'import ctypes, runpy, sys; del sys.argv[0]; ctypes.CDLL(None).prctl(4, 0); runpy.run_path(sys.argv[0], run_name="__main__")' \
		"${client[@]:1}" >"$AUDIT_DIR/out"
	[[ $(results) == ECONNREFUSED && $(wc -l <"$AUDIT_DIR/out") == 18 ]]
}

@test 'if a phase can resolve the path of a UNIX socket of the host and confine cannot, the record still lists the request to that socket, and confine --own-sockets refuses the request' {
	# With the capabilities of a user namespace of its own, the phase may search each folder of its user.
	mkdir -m 000 "$AUDIT_DIR/closed"
	chown 12321:12321 "$AUDIT_DIR/closed"
	ln "$HOST/stream" "$AUDIT_DIR/closed/stream"
	local -a connect=(unshare --user --map-root-user /usr/bin/python3 "$UNIX_CLIENT" connect "$AUDIT_DIR/closed/stream")
	run -0 audit --net -- "${connect[@]}"
	[[ $output == 'connect ok' && $(requests) == "$AUDIT_DIR/closed/stream python3 1" ]]
	run -0 audit --own-sockets --net -- "${connect[@]}"
	[[ $output == 'connect ECONNREFUSED' && $(requests) == "$AUDIT_DIR/closed/stream python3 1 refused" ]]
	# In a folder that the phase may not search, the kernel refuses the path, and confine records no request.
	run -0 audit --own-sockets --net -- "${connect[@]:3}"
	[[ $output == 'connect EACCES' && $(requests) == '' ]]
	# The list of so many groups fills the start of /proc/TID/status, so confine reads no capabilities.
	run -0 setpriv --reuid=12321 --regid=12321 --groups="$(seq -s, 1000001 1000400)" -- "$CONFINE" --own-sockets --net -- "${connect[@]}"
	[[ $output == 'connect ECONNREFUSED' ]]
}

@test 'the UNIX sockets that --allow-socket and --socks name stay reachable with --own-sockets, and are not recorded' {
	audit_run --own-sockets --allow-socket "$HOST/link" --socks "$HOST/datagram" --net --record "$RECORD" -- /usr/bin/python3 "$UNIX_CLIENT" host "$HOST" >"$AUDIT_DIR/out"
	[[ $(results) == ok && $(requests) == '' ]]
}

@test 'with confine --own-sockets, a phase can connect to UNIX sockets that the phase has bound, also after a rename, as another user and from a new network namespace' {
	local user
	for user in user root; do
		mkdir -m 777 "$AUDIT_DIR/own.$user"
		RUN_AS=$user audit_run --own-sockets --net --record "$RECORD" -- sh -c 'cd "$1" && exec /usr/bin/python3 "$2" own' sh "$AUDIT_DIR/own.$user" "$UNIX_CLIENT" >"$AUDIT_DIR/out"
		assert_lines "$(sort "$AUDIT_DIR/out")" 'datagram ok' 'hard-link ok' 'link ok' 'listener ok' 'nested-network ok' 'other-user ok' 'renamed ok' 'unlinked ENOENT'
		[[ $(requests) == '' ]]
	done
}

@test 'with confine --own-sockets, a phase cannot connect to a UNIX socket that a process of the host binds during the phase, even if both run as the same user' {
	local phase server
	local -a AS_USER=(setpriv --reuid=12321 --regid=12321 --clear-groups --)
	audit_run --own-sockets --net --record "$RECORD" -- /usr/bin/python3 "$UNIX_CLIENT" late "$AUDIT_DIR/late" >"$AUDIT_DIR/out" 3>&- &
	phase=$!
	until_true 60 test -e "$AUDIT_DIR/late.started"
	serve "$AUDIT_DIR/late"
	server=$!
	wait "$phase"
	kill "$server"
	[[ $(<"$AUDIT_DIR/out") == 'late ECONNREFUSED' && $(requests) == "$AUDIT_DIR/late python3 1 refused" ]]
}

@test 'with confine --own-sockets, a phase that changes the mode of an older UNIX socket of the host, and binds one with the same inode number in another file system, cannot connect to the socket of the host' {
	local folder=$AUDIT_DIR/tmpfs server
	local -a AS_USER=(setpriv --reuid=12321 --regid=12321 --clear-groups --)
	mkdir "$folder"
	# Use a new tmpfs, which the /dev/shm of the phase is too: inode numbers in both are small and consecutive, so that the same numbers occur.
	mount -t tmpfs -o mode=777 portcullis-test "$folder"
	for ((i = 0; i < 100; i++)); do touch "$folder/$i"; done
	serve "$folder/host"
	server=$!
	run until_true 30 test -e "$folder/host.ready"
	run audit_run --own-sockets --net --ipc --record "$RECORD" -- /usr/bin/python3 "$UNIX_CLIENT" forge "$folder/host"
	kill "$server"
	umount -l "$folder"
	echo "$output"
	[[ $output == 'forge ECONNREFUSED' && $(requests) == "$folder/host python3 1 refused" ]]
}

@test 'confine --audit without --net records requests to UNIX sockets of the host, and no requests to UNIX sockets that the phase has bound' {
	mkdir -m 777 "$AUDIT_DIR/shared"
	audit -- sh -c 'cd "$1" && /usr/bin/python3 "$2" own >own && exec /usr/bin/python3 "$2" host "$3"' sh "$AUDIT_DIR/shared" "$UNIX_CLIENT" "$HOST" >"$AUDIT_DIR/out"
	[[ $(results) == ok ]]
	assert_lines "$(requests)" "$HOST/stream python3 14" "$HOST/datagram python3 4"
}

@test 'confine --own-sockets exits with 125 without --net, or if no seccomp listener is possible; in the second case, --best-effort runs the command and records own-sockets as missing' {
	run -125 audit_run --own-sockets -- true
	[[ $output == *'--own-sockets needs --net'* ]]
	# The outer confine stands for another program that has already installed a seccomp listener.
	RUN_AS=root run -125 "$CONFINE" --audit --net -- "$CONFINE" --own-sockets --net -- true
	[[ $output == *'--own-sockets: cannot install a seccomp listener'* ]]
	RUN_AS=root run -0 "$CONFINE" --audit --net -- "$CONFINE" --own-sockets --net --best-effort --record "$RECORD" -- true
	[[ $output == '' && $(record_value "$RECORD" 'r.missing.map((m) => m.what + ": " + m.why).join()') == 'own-sockets: '*': Device or resource busy' ]]
}
