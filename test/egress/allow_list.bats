#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034 # each test has a list of its own, and audit() reads RUN_AS
# confine --allow: a phase reaches the listed destinations as it would without a sandbox, and no others.

load ../lib/remote_host

# npm run soak sets CONFINE_SOAK, which repeats the race 1,000,000 times and makes 1000 connections per process. A build with
# sanitizers repeats the race less often, because it is slow and another build has done so.
CONNECTS=${CONFINE_SOAK:+1000} RACES=5000
[[ ! ${CONFINE_BUILD-} ]] || RACES=1000
[[ ! ${CONFINE_SOAK-} ]] || RACES=1000000

setup_file() {
	audit_begin
	remote_host_begin
	remote_host_serve 80 8080
	local program
	for program in client parallel_clients; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
}

setup() {
	audit_setup
	FIFO=$AUDIT_DIR/go.$BATS_TEST_NUMBER
	mkfifo "$FIFO"
	chmod 666 "$FIFO"
	# Tests wait for text in these files, so remove those of the previous test.
	rm -f -- "$AUDIT_DIR/out" "$AUDIT_DIR/output"
	# The server of the remote host listens on ports 80 and 8080. --allow lists ports 80 and 81 but not 8080.
	ALLOW=(--allow "$REMOTE:80" --allow "$REMOTE:81" --allow "$SILENT:80" --allow "[$REMOTE6]:80")
}

# run_client ACTION HOST PORT ARG...: runs client.c in confine with the destinations in ALLOW. Fails if the client fails. Sets status and output
run_client() {
	run audit --net "${ALLOW[@]}" -- timeout 60 "$AUDIT_DIR/client" "$@"
	((status == 0)) || {
		printf '%s\n' "status $status" "$output"
		return 1
	}
}

# assert_client OUTPUT ACTION HOST PORT: fails unless the client succeeds and prints OUTPUT
assert_client() {
	run_client "${@:2}"
	[[ $output == "$1" ]] || {
		printf '%s: %s, not %s\n' "${*:2}" "$output" "$1"
		return 1
	}
}

@test 'with confine --allow, a phase reaches a listed destination over IPv4, IPv6 and an IPv4-mapped address, and a failed connect to a listed destination returns the same errno as without confine' {
	assert_client connected plain "$REMOTE" 80
	assert_allowed "client $REMOTE 80 1 0"
	assert_blocked ''
	assert_client connected plain "$REMOTE6" 80
	assert_client connected plain "::ffff:$REMOTE" 80
	assert_allowed "client $REMOTE 80 1 0"
	assert_client ECONNREFUSED plain "$REMOTE" 81
	# The kernel refuses to connect to a broadcast address; the record counts the failure.
	ALLOW=(--allow "${REMOTE%.*}.255:80")
	assert_client ENETUNREACH plain "${REMOTE%.*}.255" 80
	assert_allowed "client ${REMOTE%.*}.255 80 1 1"
	ALLOW=(--allow "$REMOTE:80" --allow "$REMOTE:81")
	assert_client connected nonblocking "$REMOTE" 80
	assert_client ECONNREFUSED nonblocking "$REMOTE" 81
}

@test 'confine --allow blocks and records connections to unlisted destinations; an entry for 0.0.0.0/0 does not allow a loopback address of the host, an entry for 127.0.0.1 does' {
	local before
	before=$(connection_count 8080)
	run_client plain "$REMOTE" 8080
	# lo of the phase has the address 10.0.0.1/8, a network that contains REMOTE, so the kernel sends the packet to lo and returns ECONNREFUSED.
	[[ $output == ECONNREFUSED ]]
	assert_blocked "client tcp $REMOTE 8080 1"
	assert_allowed ''
	assert_client ENETUNREACH plain "$REMOTE6" 8080
	# --allow 0.0.0.0/0 does not allow loopback addresses of the host. --allow 127.0.0.1 does.
	serve_on_loopback
	ALLOW=(--allow "0.0.0.0/0:$LOCAL_PORT")
	assert_client ECONNREFUSED plain 127.0.0.1 "$LOCAL_PORT"
	ALLOW=(--allow "127.0.0.1:$LOCAL_PORT")
	run -0 audit --net "${ALLOW[@]}" -- curl -sS -o /dev/null "http://127.0.0.1:$LOCAL_PORT/"
	assert_allowed 'curl 127.0.0.1 '"$LOCAL_PORT 1 0"
	[[ $(connection_count 8080) == "$before" ]]
}

teardown() {
	[[ ! ${SERVER-} ]] || kill "$SERVER"
	# After a failed test, bats waits until the processes in the background have ended.
	pkill -KILL -f "^$AUDIT_DIR/confine " || [[ $? == 1 ]]
}

# serve_on_loopback: starts a web server on 127.0.0.1 of the host, which teardown ends. Sets LOCAL_PORT
serve_on_loopback() {
	mkdir -p "$AUDIT_DIR/here"
	rm -f "$AUDIT_DIR/here"/*
	/usr/bin/python3 "$TOP/test/lib/remote_server.py" "$AUDIT_DIR/here" 0 3>&- >/dev/null 2>&1 &
	SERVER=$!
	until_true 60 test -s "$AUDIT_DIR/here/ready"
	LOCAL_PORT=$(<"$AUDIT_DIR/here/ready")
}

has_lines() {
	(($(wc -l <"$2") == $1))
}

@test 'confine --allow with a prefix length allows the addresses in that prefix and no others' {
	ALLOW=(--allow "${REMOTE%.*}.0/24:80")
	assert_client connected plain "$REMOTE" 80
	ALLOW=(--allow "${REMOTE%.*}.128/25:80" --allow "${REMOTE%.*}.2/31:81")
	assert_client ECONNREFUSED plain "$REMOTE" 80
	ALLOW=(--allow "[${REMOTE6%::*}::]/48:80")
	assert_client connected plain "$REMOTE6" 80
}

@test 'if root runs confine --allow, a phase reaches only listed destinations, and confine does not set no_new_privs' {
	RUN_AS=root run_client plain "$REMOTE" 80
	[[ $output == connected ]]
	RUN_AS=root run_client plain "$REMOTE" 8080
	[[ $output == ECONNREFUSED ]]
	[[ $(record_value "$RECORD" r.mode) == root && $(record_value "$RECORD" r.setuid_inert) == undefined ]]
}

@test 'with confine --allow, a socket keeps exactly the socket options, FD_CLOEXEC and O_NONBLOCK that it had before connect' {
	run_client options "$REMOTE" 80
	run_client options "$REMOTE6" 80
}

@test 'with confine --allow, a socket that was added to epoll before connect reports events after connect' {
	local RUN_AS
	for RUN_AS in user root; do
		run_client watched "$REMOTE" 80
		run_client watched "$REMOTE6" 80
	done
}

@test 'with confine --allow, connect fails if the socket is bound to an address, and the record has bound=true' {
	run_client bound "$REMOTE" 80
	[[ $(record_value "$RECORD" 'r.blocked[0].bound') == true ]]
	assert_allowed ''
}

@test 'with confine --allow, SO_SNDTIMEO or a signal ends a pending connect, and a signal with SA_RESTART does not' {
	run_client timeout "$SILENT" 80
	run_client signals "$SILENT" 80
}

# start_client ACTION HOST PORT ARG...: like run_client, but in the background. Sets CLIENT_PID. The output goes to AUDIT_DIR/output
start_client() {
	: >"$AUDIT_DIR/output"
	audit --net "${ALLOW[@]}" -- timeout 60 "$AUDIT_DIR/client" "$@" >"$AUDIT_DIR/output" 3>&- &
	CLIENT_PID=$!
}

# signal_client ADDRESS: sends SIGALRM to the client as soon as it waits for a connection to ADDRESS
signal_client() {
	until_true 60 is_connecting "$1"
	pkill -ALRM -f "^$AUDIT_DIR/client "
}

is_connecting() { [[ $(ss -Htn state syn-sent dst "$1") ]]; }

# attach_address ADDRESS: adds the address to the remote host
attach_address() {
	ip neigh del "$1" dev "$REMOTE_LINK"
	ip -n "$REMOTE_NETNS" addr add "$1/24" dev eth0
}

@test 'with confine --allow, a connect stays pending after a signal or after another thread has closed the socket, and succeeds as soon as a host gets the destination address' {
	local action dead octet=10
	for action in interrupted restarted thread closed reused; do
		dead=${REMOTE%.*}.$((octet++))
		ip neigh add "$dead" lladdr 02:00:00:00:00:03 dev "$REMOTE_LINK" nud permanent
		ALLOW=(--allow "$dead:80")
		start_client "$action" "$dead" 80
		signal_client "$dead"
		until_true 60 grep -q interrupted "$AUDIT_DIR/output"
		attach_address "$dead"
		wait "$CLIENT_PID"
		assert_allowed "client $dead 80 1 0"
	done
}

@test 'with confine --allow, a connected socket reaches no unlisted destination after connect with AF_UNSPEC, shutdown or a failed connect' {
	local before
	before=$(connection_count 8080)
	run_client escape "$REMOTE" 80 "$REMOTE" 8080 81
	run_client escape "$REMOTE" 80 127.0.0.1 22 81
	[[ $(connection_count 8080) == "$before" ]]
}

@test 'with confine --allow, io_uring and MSG_FASTOPEN fail, and a descriptor that was duplicated before connect stays in the isolated network' {
	run_client other_calls "$REMOTE" 80
	# Without --allow, MSG_FASTOPEN succeeds, so that the client, which expects an error, fails.
	run -1 audit --net -- timeout 60 "$AUDIT_DIR/client" other_calls "$REMOTE" 80
	[[ $output == 'MSG_FASTOPEN: '* ]]
}

@test 'with confine --allow, a thread that rewrites the address during connect reaches no unlisted destination' {
	local before
	before=$(connection_count 8080)
	run -0 audit --net "${ALLOW[@]}" -- "$AUDIT_DIR/parallel_clients" race "$REMOTE" 80 8080 "$RACES"
	[[ $(connection_count 8080) == "$before" && $(connection_count 80) -gt 100 ]]
}

# watcher_socket_count: prints how many sockets the watcher of this test has open
watcher_socket_count() {
	local watcher
	for watcher in $(pgrep -x confine-watcher); do
		! grep -qzxF "$RECORD" "/proc/$watcher/cmdline" || find "/proc/$watcher/fd" -lname 'socket:*' | wc -l
	done
}

watcher_holds() {
	(($(watcher_socket_count) == $1))
}

@test 'with confine --allow, if 64 processes connect while 16 other connections hang, all 64 processes connect, and the watcher process leaks no descriptor' {
	local before after pid
	audit --net --cgroup test "${ALLOW[@]}" -- "$BASH" -c '
		"$1" hang "$3" 80 16
		"$1" storm "$2" 80 1 5 && echo begun >&4 && read -r <&5
		"$1" storm "$2" 80 64 "$4" >&4 && read -r <&5
	' bash "$AUDIT_DIR/parallel_clients" "$REMOTE" "$SILENT" "${CONNECTS:-20}" 4>"$AUDIT_DIR/out" 5<>"$FIFO" 3>&- &
	pid=$!
	until_true 60 grep -qs begun "$AUDIT_DIR/out"
	before=$(watcher_socket_count)
	echo >"$FIFO"
	until_true 60 has_lines 2 "$AUDIT_DIR/out"
	after=$(watcher_socket_count)
	echo >"$FIFO"
	wait "$pid"
	[[ $(<"$AUDIT_DIR/out") == *'0 failed' ]]
	((before == after && before > 0)) || {
		echo "$before sockets before, $after after"
		return 1
	}
	[[ $(record_value "$RECORD" 'r.allowed.find((a) => a.port === 80 && a.count > 100).count') == $((5 + 64 * ${CONNECTS:-20})) ]]
}

@test 'with confine --allow, if processes are killed during connect, the watcher process closes the sockets of these processes and still connects other processes' {
	local before pid
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup test "${ALLOW[@]}" -- "$BASH" -c '
		"$1" plain "$2" 80 && echo begun >&4 && read -r <&5
		for _ in {1..16}; do "$1" plain "$3" 80 & done
		read -r <&5
		kill -KILL $(jobs -p)
		read -r <&5
		"$1" plain "$2" 80
	' bash "$AUDIT_DIR/client" "$REMOTE" "$SILENT" 4>"$AUDIT_DIR/out" 5<>"$FIFO" 3>&- >"$AUDIT_DIR/output" &
	pid=$!
	until_true 60 grep -qs begun "$AUDIT_DIR/out"
	before=$(watcher_socket_count)
	echo >"$FIFO"
	until_true 60 watcher_holds $((before + 16)) || {
		cat "$AUDIT_DIR/output"
		return 1
	}
	echo >"$FIFO"
	until_true 60 watcher_holds "$before"
	echo >"$FIFO"
	wait "$pid"
	[[ $(<"$AUDIT_DIR/output") == connected$'\n'connected ]]
}

@test 'with confine --resolve NAME=ADDRESSES, a lookup of NAME returns ADDRESSES, and a lookup of any other name fails with EAI_AGAIN' {
	audit --net --allow "$REMOTE:80" --allow "[$REMOTE6]:80" --resolve "files.example=$REMOTE" --resolve "files.example=$REMOTE6" -- \
		/usr/bin/python3 -c '
import socket
print(sorted({a[4][0] for a in socket.getaddrinfo("Files.Example", 80)}))
try:
    socket.getaddrinfo("other.example", 80)
except socket.gaierror as error:
    print(error.errno == socket.EAI_AGAIN)
' >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == "['$REMOTE', '$REMOTE6']"$'\n'True ]]
	[[ $(record_value "$RECORD" 'r.names.map((n) => n.name).join()') == other.example,other.example ]]
	assert_blocked ''
}

@test 'if an entry of confine --allow is invalid, confine exits with 125 and prints one line with that entry' {
	local entry
	for entry in host:80 1.2.3.4 1.2.3.4:0 1.2.3.4:65536 1.2.3.4/33:80 1.2.3:80 '[::1]:' '[::1:80' '[::ffff:1.2.3.4]:80' ::1:80 '[::]/129:1' ''; do
		run -125 "$CONFINE" --net --allow "$entry" -- true
		[[ $output == "confine: --allow takes ADDRESS[/BITS]:PORT"*"not: $entry (see confine --help)" && $output != *$'\n'* ]]
	done
	run -125 "$CONFINE" --net --resolve host -- true
	run -125 "$CONFINE" --allow 1.2.3.4:80 -- true
	[[ $output == *'--allow needs --net'* ]]
}
