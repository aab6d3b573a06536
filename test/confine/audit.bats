#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine --audit records each attempt to reach the network, and the process that made the attempt.
# shellcheck disable=SC2030,SC2031 # every test has variables of its own

load ../lib/audit
load ../lib/portage_network

DESTINATION='198.51.100.7 443'

@test 'confine records connect, sendto, sendmsg and sendmmsg of an unprivileged phase, for IPv4 and IPv6' {
	audit --net -- "$CLIENT" connect 2
	assert_blocked "client tcp $DESTINATION 2"
	audit --net -- "$CLIENT" udp
	assert_blocked "client udp $DESTINATION 1"
	audit --net -- "$CLIENT" sendto
	assert_blocked "client udp $DESTINATION 1"
	audit --net -- "$CLIENT" sendmsg 1
	assert_blocked "client udp $DESTINATION 1"
	audit --net -- "$CLIENT" sendmsg 5
	assert_blocked "client udp $DESTINATION 5"
	# sendmmsg sends at most 1024 messages (UIO_MAXIOV).
	audit --net -- "$CLIENT" sendmsg 65
	assert_blocked "client udp $DESTINATION 65"
	audit --net -- "$CLIENT" sendmsg 1100
	assert_blocked "client udp $DESTINATION 1024"
	TO=2001:db8::7 audit --net -- "$CLIENT" sendto
	assert_blocked 'client udp 2001:db8::7 443 1'
	audit --net -- "$CLIENT" sort 30
	assert_blocked "client tcp $DESTINATION 30" "client udp $DESTINATION 30"
	# An IPv4-mapped address is recorded as the IPv4 address.
	TO=::ffff:198.51.100.7 audit --net -- "$CLIENT" connect
	assert_blocked "client tcp $DESTINATION 1"
	[[ $(record_value "$RECORD" r.watched) == yes && $(record_value "$RECORD" r.mode) == userns && $(record_value "$RECORD" r.setuid_inert) == undefined ]]
}

@test 'confine also records connections to 10.0.0.0/8 and ::/8, which the kernel routes to lo, because lo has the addresses 10.0.0.1/8 and fd::1/8' {
	TO=10.1.2.3 PORT=80 audit --net -- "$CLIENT" connect
	assert_blocked 'client tcp 10.1.2.3 80 1'
	TO=fd::7 PORT=80 audit --net -- "$CLIENT" connect
	assert_blocked 'client tcp fd::7 80 1'
	[[ $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'confine does not record calls that name a loopback address, a missing UNIX socket, netlink or AF_UNSPEC, and counts a call with an invalid pointer only as unreadable' {
	audit --net -- "$CLIENT" unrecorded
	assert_blocked ''
	[[ $(record_value "$RECORD" r.attempts) == undefined && $(record_value "$RECORD" r.unattributed) == undefined && $(record_value "$RECORD" r.unreadable) == 1 && $(record_value "$RECORD" r.unreadable_why) == undefined ]]
}

@test 'if confine lacks CAP_SYS_PTRACE, confine cannot inspect network calls of processes that are not dumpable, and the record has the number of these calls and the reason' {
	setpriv --bounding-set=-sys_ptrace --inh-caps=-all "$CONFINE" --net --audit --record "$RECORD" --notice-file "$RECORD.notice" -- python3 -c '
import ctypes, socket
ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(("198.51.100.7", 9))'
	cmp "$RECORD" "$RECORD.notice"
	[[ $(record_value "$RECORD" 'r.unreadable + r.unreadable_why') == '1reading the memory of a process: Permission denied' ]]
}

@test 'if a phase runs as root, confine records a connect of a raw socket as protocol "raw", and does not set no_new_privs' {
	RUN_AS=root audit --net -- sh -c '"$1" raw; grep NoNewPrivs: /proc/self/status' sh "$CLIENT" >"$AUDIT_DIR/out"
	assert_blocked "client raw $DESTINATION 1"
	[[ $(record_value "$RECORD" r.mode) == root && $(<"$AUDIT_DIR/out") == NoNewPrivs:*0 ]]
}

@test 'if a process has replaced its command line by a shorter title, as npm does, confine records the title without empty arguments' {
	audit --net --cgroup title -- bash -c 'trap "exit 0" USR1; node -e "$1" "$2" & wait' - '
		process.title = "npm test";
		require("node:dgram").createSocket("udp4").send("", 443, "198.51.100.7", () => process.kill(process.ppid, "SIGUSR1"));
		setInterval(() => {}, 1000);' "$(printf '%36s' '')"
	[[ $(record_value "$RECORD" 'JSON.stringify([r.blocked[0].argv, r.orphans[0].argv])') == '[["npm test"],["npm test"]]' ]]
}

@test 'confine records the blocked connections of a statically linked program' {
	gcc -O1 -static -pthread -o "$AUDIT_DIR/fixed" "$TOP/test/confine/audit/attempts.c"
	audit --net -- "$AUDIT_DIR/fixed" connect 3
	assert_blocked "fixed tcp $DESTINATION 3"
}

@test 'confine records the blocked connections of a 32-bit program that uses connect(2) or socketcall(2)' {
	gcc -O1 -m32 -pthread -o "$AUDIT_DIR/small" "$TOP/test/confine/audit/attempts.c"
	audit --net -- "$AUDIT_DIR/small" connect
	assert_blocked "small tcp $DESTINATION 1"
	audit --net -- "$AUDIT_DIR/small" sendmsg 4
	assert_blocked "small udp $DESTINATION 4"
	audit --net -- "$AUDIT_DIR/small" socketcall
	assert_blocked "small tcp $DESTINATION 1" "small udp $DESTINATION 4"
	[[ $(record_value "$RECORD" r.unreadable) == 1 ]]
}

@test 'if 64 threads connect 1,000 times each, confine counts all attempts, and each attempt fails with ENETUNREACH' {
	audit --net -- "$CLIENT" threads 64 1000
	assert_blocked "client tcp $DESTINATION 64000"
	[[ $(record_value "$RECORD" r.unreachable) == 64000 && $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'if 64 processes connect 160 times each at the same time, confine counts all attempts, and no process hangs' {
	audit --net -- timeout 200 bash -c 'for i in {1..64}; do "$1" connect 160 & pids+=($!); done; for i in "${pids[@]}"; do wait "$i" || exit; done' bash "$CLIENT"
	assert_blocked "client tcp $DESTINATION 10240"
}

@test 'confine records the connections of many short-lived processes, and of a process with 8 threads and RLIMIT_NOFILE 16' {
	(
		ulimit -n 16
		audit --net -- "$CLIENT" threads 8 100
	)
	assert_blocked "client tcp $DESTINATION 800"
	cp "$CLIENT" "$AUDIT_DIR/other"
	audit --net -- sh -c 'for i in 1 2 3; do { j=0; while [ $j -lt 50 ]; do "$1" connect; "$2" udp; j=$((j + 1)); done; } & done; wait' sh \
		"$CLIENT" "$AUDIT_DIR/other"
	assert_blocked "client tcp $DESTINATION 150" "other udp $DESTINATION 150"
}

@test 'if a process connects before and after exec or a change of its name, the record has the name of the process at the time of each connection' {
	audit --net -- "$CLIENT" vfork
	[[ $(record_value "$RECORD" 'r.blocked.map((b) => b.argv.join(" ")).sort()') == "[\"$CLIENT vfork\",\"child connect\"]" ]]
	cp "$CLIENT" "$AUDIT_DIR/other"
	audit --net -- "$CLIENT" exec "$AUDIT_DIR/other" connect
	assert_blocked "client tcp $DESTINATION 1" "other tcp $DESTINATION 1"
	audit --net -- bash -c 'true >/dev/tcp/198.51.100.7/443; printf renamed >/proc/$$/comm; /bin/true; true >/dev/tcp/198.51.100.7/443; exit 0' 2>"$AUDIT_DIR/errors"
	assert_blocked "bash tcp $DESTINATION 1" "renamed tcp $DESTINATION 1"
}

@test 'if a script connects, the record has the path of the script' {
	local code='
import socket
try: socket.create_connection(("198.51.100.7", 443))
except OSError: pass
'
	mkdir -p "$AUDIT_DIR/tests"
	printf '%s' "$code" >"$AUDIT_DIR/tests/test_http.py"
	{
		echo '#!/usr/bin/python3'
		printf '%s' "$code"
	} >"$AUDIT_DIR/fetch"
	chmod 755 "$AUDIT_DIR/fetch"
	audit --net -- /usr/bin/python3 -W ignore -B "$AUDIT_DIR/tests/test_http.py" --option
	[[ $(record_value "$RECORD" 'r.blocked[0].comm + " " + r.blocked[0].script') == "python3 $AUDIT_DIR/tests/test_http.py" ]]
	audit --net -- "$AUDIT_DIR/fetch"
	[[ $(record_value "$RECORD" 'r.blocked[0].script') == "$AUDIT_DIR/fetch" ]]
	audit --net -- /usr/bin/python3 -c "$code"
	[[ $(record_value "$RECORD" 'r.blocked[0].script') == undefined ]]
}

@test 'if signals of a 1 kHz timer interrupt connect and SA_RESTART is set, connect fails with ENETUNREACH or ECONNREFUSED, not with EINTR, and confine counts each connection once' {
	audit --net -- "$CLIENT" timer 1 20000 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") =~ ^unexpected=0\ ticks=[0-9]{2,}$ ]]
	assert_blocked "client tcp $DESTINATION 20000"
}

@test 'if signals of a 1 kHz timer interrupt connect and SA_RESTART is not set, confine does not count connections that fail with EINTR' {
	local unexpected ticks
	# A signal can interrupt a call until the watcher has received the call, which takes longer on a busy machine.
	for _ in {1..10}; do
		audit --net -- "$CLIENT" timer 0 50000 >"$AUDIT_DIR/out"
		[[ $(<"$AUDIT_DIR/out") =~ ^unexpected=([0-9]+)\ ticks=([0-9]{2,})$ ]]
		unexpected=${BASH_REMATCH[1]} ticks=${BASH_REMATCH[2]}
		assert_blocked "client tcp $DESTINATION $((50000 - unexpected))"
		[[ $(record_value "$RECORD" r.unreachable) == $((50000 - unexpected)) ]]
		((unexpected >= ticks / 2)) || break
	done
	((unexpected < ticks / 2))
}

@test 'if a connecting process receives many signals, connect fails with ENETUNREACH or ECONNREFUSED, not with EINTR, and confine counts each connection once' {
	audit --net -- "$CLIENT" storm 3000 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'unexpected=0' ]]
	assert_blocked "client tcp $DESTINATION 3000"
}

@test 'confine records the connections of a program that runs under strace or gdb' {
	audit --net -- strace -f -o /dev/null "$CLIENT" connect 2
	assert_blocked "client tcp $DESTINATION 2"
	audit --net -- gdb -q -batch -ex run -ex 'info program' --args "$CLIENT" connect 2
	assert_blocked "client tcp $DESTINATION 2"
	audit --net -- strace -f --seccomp-bpf -o /dev/null "$CLIENT" connect 2
	assert_blocked "client tcp $DESTINATION 2"
}

@test 'a phase can install a seccomp filter but no seccomp listener, and the record names the process that tried to install a listener' {
	audit --net -- "$CLIENT" listener >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'Device or resource busy\na filter' ]]
	[[ $(record_value "$RECORD" 'r.listener_refused.comm') == client ]]
	audit --net -- "$CLIENT" connect
	[[ $(record_value "$RECORD" 'r.listener_refused') == undefined ]]
}

@test 'if another program has already installed a seccomp listener, the record has only the number of packets without a route, and the reason why connections are missing' {
	local outer
	outer=$RECORD
	audit_setup
	# The outer confine stands for another program that has already installed a seccomp listener.
	RUN_AS=root run -0 "$CONFINE" --audit --record "$outer" --net -- "$CONFINE" --audit --record "$RECORD" --net --ipc -- "$CLIENT" connect 3
	[[ $(record_value "$RECORD" r.watched) == no && $(record_value "$RECORD" r.watched_why) == 'another program has already installed a seccomp listener: Device or resource busy' ]]
	[[ $(record_value "$RECORD" r.unreachable) == 3 && $(record_value "$RECORD" r.unattributed) == 3 && $(record_value "$RECORD" r.blocked) == undefined ]]
}

@test 'if a phase connects to 300 destinations, the record lists 256 destinations and counts all connections' {
	audit --net -- "$CLIENT" ports 1000 300
	[[ $(record_value "$RECORD" r.attempts) == 300 && $(record_value "$RECORD" r.blocked.length) == 256 && $(record_value "$RECORD" r.unattributed) == undefined ]]
	[[ $(record_value "$RECORD" 'r.blocked[0].argv.length') == 4 && $(record_value "$RECORD" 'r.blocked[255].argv.length') == 0 ]]
}

@test 'if a phase connects 70,000 times to one destination, the record has one entry with that count' {
	audit --net -- "$CLIENT" connect 70000
	assert_blocked "client tcp $DESTINATION 70000"
	(($(wc -c <"$RECORD") < 2000))
}

@test 'confine --audit without --net does not isolate the network, and sets no_new_privs for an unprivileged phase' {
	PORT=1 TO=127.0.0.1 audit -- sh -c 'readlink /proc/self/ns/net; grep NoNewPrivs: /proc/self/status; exec "$1" connect' sh "$CLIENT" >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == "$(readlink /proc/self/ns/net)"$'\nNoNewPrivs:\t1' ]]
	[[ $(record_value "$RECORD" r.watched) == yes && $(record_value "$RECORD" r.setuid_inert) == true && $(record_value "$RECORD" r.blocked) == undefined ]]
	# sendto() to a broadcast address fails because the socket has no SO_BROADCAST, even if there is a route.
	TO=255.255.255.255 audit -- "$CLIENT" udp
	assert_blocked 'client udp 255.255.255.255 443 1'
	[[ $(record_value "$RECORD" r.observed.length) == 1 && $(record_value "$RECORD" r.unreachable) == undefined && $(record_value "$RECORD" r.names_watched) == undefined ]]
}

@test 'if Portage has already isolated the network, confine records the connections of an unprivileged phase' {
	in_portage_network --ipc -- setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- \
		"$CONFINE" --audit --record "$RECORD" --net --ipc -- "$CLIENT" connect 2
	assert_blocked "client tcp $DESTINATION 2"
	[[ $(record_value "$RECORD" r.applied.net) == portage && $(record_value "$RECORD" r.unreachable) == 2 && $(record_value "$RECORD" r.setuid_inert) == true ]]
}

@test 'without confine --audit, the record has only the number of packets without a route, as the kernel counts them' {
	: >"$RECORD"
	"$CONFINE" --net --record "$RECORD" -- "$CLIENT" connect 7
	[[ $(record_value "$RECORD" r.unreachable) == 7 && $(record_value "$RECORD" r.watched) == undefined ]]
	"$CONFINE" --net --record "$RECORD" -- true
	[[ $(tail -n1 "$RECORD") == *'"unreachable":0'* ]]
}

@test 'with confine --net --audit, a phase cannot reach a server on the host, and can reach a server that the phase has started' {
	local port pid
	exec {port}< <(exec node -e '
		const server = require("node:net").createServer((socket) => socket.end("host\n"));
		server.listen(0, "127.0.0.1", () => console.log(process.pid, server.address().port));')
	read -r pid host_port <&"$port"
	run -1 audit --net -- /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $host_port))"
	audit --net -- /usr/bin/python3 -c '
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.sendall(b"ping")
assert server.accept()[0].recv(4) == b"ping"
'
	assert_blocked ''
	kill "$pid"
}

@test 'confine --probe prints that connections of a phase can be recorded, or the reason why not' {
	run -0 audit_run --probe
	[[ $output == *$'\naudit=yes'* ]]
	run -0 "$CONFINE" --audit --record "$RECORD" -- "$CONFINE" --probe
	[[ $output == *$'\naudit=no: another program has already installed a seccomp listener: Device or resource busy'* ]]
}

# refused CALL=ERROR... -- COMMAND...: runs confine --audit under a seccomp filter that lets these system calls fail
refused() {
	local -a calls=()
	while [[ $1 != -- ]]; do
		calls+=("$1")
		shift
	done
	CONFINE=$AUDIT_DIR/refuse_calls
	audit_run "${calls[@]}" -- "$AUDIT_DIR/confine" --audit --record "$RECORD" --net --best-effort "$@"
}

@test 'confine records connections if a seccomp filter refuses process_vm_readv and pidfd_getfd; if a seccomp filter refuses seccomp(2), the record has the reason why connections are missing' {
	gcc -O1 -D_GNU_SOURCE -o "$AUDIT_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	refused process_vm_readv=EPERM pidfd_open=ENOSYS pidfd_getfd=EPERM -- sh -c '"$1" connect 3; "$1" udp' sh "$CLIENT"
	assert_blocked "client tcp $DESTINATION 3" "client udp $DESTINATION 1"
	[[ $(record_value "$RECORD" r.unreadable) == undefined ]]
	refused seccomp=EPERM -- "$CLIENT" connect 2
	[[ $(record_value "$RECORD" r.watched) == no && $(record_value "$RECORD" r.watched_why) == 'installing a seccomp filter: Operation not permitted' && $(record_value "$RECORD" r.unattributed) == 2 ]]
}

@test 'a set-user-id confine --audit sets no_new_privs, and records connections and DNS lookups' {
	CONFINE=$AUDIT_DIR/setuid
	install -m 4755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	audit --net -- sh -c '"$1" connect 3; getent hosts x.example.org; grep NoNewPrivs: /proc/self/status' sh "$CLIENT" >"$AUDIT_DIR/out"
	[[ $(record_value "$RECORD" r.mode) == setuid && $(record_value "$RECORD" r.watched) == yes && $(<"$AUDIT_DIR/out") == NoNewPrivs:*1 ]]
	assert_blocked 'client tcp 198.51.100.7 443 3'
	[[ $(record_value "$RECORD" 'r.names.length') == 2 ]]
}

@test 'confine --audit changes neither the open file descriptors of the command nor the number of processes in the record' {
	local with without
	without=$("$CONFINE" --net --cgroup audit --record "$RECORD" -- sh -c 'ls -l /proc/self/fd | sed "s/.*[0-9] //; s/[0-9]*//g"')
	without+=$(record_value "$RECORD" r.processes)
	: >"$RECORD"
	with=$("$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- sh -c 'ls -l /proc/self/fd | sed "s/.*[0-9] //; s/[0-9]*//g"')
	with+=$(record_value "$RECORD" r.processes)
	[[ $with == "$without" ]]
}

@test 'connections by io_uring are counted in the record as unattributed, without process or destination' {
	gcc -O1 -o "$AUDIT_DIR/uring" "$TOP/test/confine/audit/io_uring.c"
	# lo of the phase has a route to 10.0.0.0/8, so the kernel does not count the 7 connections of CLIENT as unreachable. They must not reduce the count of unattributed packets.
	run audit --net --families any -- sh -c 'TO=10.1.2.3 "$1" connect 7 && exec "$2" 5' sh "$CLIENT" "$AUDIT_DIR/uring"
	[[ $status != 4 ]] || skip 'no io_uring here'
	[[ $status == 0 && $(record_value "$RECORD" r.unattributed) == 5 && $(record_value "$RECORD" r.unreachable) == 5 && $(blocked) == 'client tcp 10.1.2.3 443 7' ]]
}
