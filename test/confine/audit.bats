#!/usr/bin/env bats
# confine --audit: every attempt to get out is seen, with who made it, and nothing else is.

load audit

THERE='198.51.100.7 443'

@test 'each call that takes an address, in each family, by an ordinary user' {
	audit --net -- "$CLIENT" connect 2
	expect_blocked "client tcp $THERE 2"
	audit --net -- "$CLIENT" udp
	expect_blocked "client udp $THERE 1"
	audit --net -- "$CLIENT" sendto
	expect_blocked "client udp $THERE 1"
	audit --net -- "$CLIENT" sendmsg 1
	expect_blocked "client udp $THERE 1"
	audit --net -- "$CLIENT" sendmsg 5
	expect_blocked "client udp $THERE 5"
	# A sendmmsg has 1024 messages at most (UIO_MAXIOV).
	audit --net -- "$CLIENT" sendmsg 65
	expect_blocked "client udp $THERE 65"
	audit --net -- "$CLIENT" sendmsg 1100
	expect_blocked "client udp $THERE 1024"
	TO=2001:db8::7 audit --net -- "$CLIENT" sendto
	expect_blocked 'client udp 2001:db8::7 443 1'
	audit --net -- "$CLIENT" sort 30
	expect_blocked "client tcp $THERE 30" "client udp $THERE 30"
	# An IPv4 address in IPv6's clothes is that address.
	TO=::ffff:198.51.100.7 audit --net -- "$CLIENT" connect
	expect_blocked "client tcp $THERE 1"
	[[ $(record_value "$RECORD" r.watched) == yes && $(record_value "$RECORD" r.mode) == userns && $(record_value "$RECORD" r.setuid_inert) == undefined ]]
}

@test 'what lo answers for by its prefix is seen: 10/8 and ::/8' {
	TO=10.1.2.3 PORT=80 audit --net -- "$CLIENT" connect
	expect_blocked 'client tcp 10.1.2.3 80 1'
	TO=fd::7 PORT=80 audit --net -- "$CLIENT" connect
	expect_blocked 'client tcp fd::7 80 1'
	[[ $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'loopback, path and abstract sockets, netlink, a disconnect, a bad pointer: nothing is recorded' {
	audit --net -- "$CLIENT" harmless
	expect_blocked ''
	[[ $(record_value "$RECORD" r.attempts) == undefined && $(record_value "$RECORD" r.unattributed) == undefined && $(record_value "$RECORD" r.unreadable) == 1 ]]
}

@test 'root: seen, and a raw socket is called one; no_new_privs is not set' {
	((EUID == 0)) || skip 'needs root'
	WHO=root audit --net -- sh -c '"$1" raw; grep NoNewPrivs: /proc/self/status' sh "$CLIENT" >"$AUDIT_DIR/out"
	expect_blocked "client raw $THERE 1"
	[[ $(record_value "$RECORD" r.mode) == root && $(<"$AUDIT_DIR/out") == NoNewPrivs:*0 ]]
}

@test 'a static program' {
	gcc -O1 -static -pthread -o "$AUDIT_DIR/fixed" "$TOP/test/confine/audit/client.c"
	audit --net -- "$AUDIT_DIR/fixed" connect 3
	expect_blocked "fixed tcp $THERE 3"
}

@test 'a 32-bit program: direct calls, and socketcall with all it leads to' {
	gcc -O1 -m32 -pthread -o "$AUDIT_DIR/small" "$TOP/test/confine/audit/client.c"
	audit --net -- "$AUDIT_DIR/small" connect
	expect_blocked "small tcp $THERE 1"
	audit --net -- "$AUDIT_DIR/small" sendmsg 4
	expect_blocked "small udp $THERE 4"
	audit --net -- "$AUDIT_DIR/small" socketcall
	expect_blocked "small tcp $THERE 1" "small udp $THERE 4"
	[[ $(record_value "$RECORD" r.unreadable) == 1 ]]
}

@test '64 threads, 1,000 attempts each: every one is counted, and answered as without us' {
	audit --net -- "$CLIENT" threads 64 1000
	expect_blocked "client tcp $THERE 64000"
	[[ $(record_value "$RECORD" r.unreachable) == 64000 && $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'many short-lived processes, and few descriptors for who watches them' {
	(
		ulimit -n 14
		audit --net -- "$CLIENT" threads 8 100
	)
	expect_blocked "client tcp $THERE 800"
	cp "$CLIENT" "$AUDIT_DIR/other"
	audit --net -- sh -c 'for i in 1 2 3; do { j=0; while [ $j -lt 50 ]; do "$1" connect; "$2" udp; j=$((j + 1)); done; } & done; wait' sh \
		"$CLIENT" "$AUDIT_DIR/other"
	expect_blocked "client tcp $THERE 150" "other udp $THERE 150"
}

@test 'vfork and exec: each by the name it had then' {
	audit --net -- "$CLIENT" vfork
	[[ $(record_value "$RECORD" 'r.blocked.map((b) => b.argv.join(" ")).sort()') == "[\"$CLIENT vfork\",\"child connect\"]" ]]
	cp "$CLIENT" "$AUDIT_DIR/other"
	audit --net -- "$CLIENT" exec "$AUDIT_DIR/other" connect
	expect_blocked "client tcp $THERE 1" "other tcp $THERE 1"
}

@test 'a script by its own name, whichever interpreter runs it' {
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

@test 'a 1 kHz timer with SA_RESTART: no attempt fails otherwise than without us, none is counted twice' {
	audit --net -- "$CLIENT" timer 1 20000 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") =~ ^odd=0\ ticks=[0-9]{2,}$ ]]
	expect_blocked "client tcp $THERE 20000"
}

@test 'a 1 kHz timer without it: what fails with EINTR was not made, and is not counted' {
	local odd ticks
	audit --net -- "$CLIENT" timer 0 50000 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") =~ ^odd=([0-9]+)\ ticks=([0-9]{2,})$ ]]
	odd=${BASH_REMATCH[1]} ticks=${BASH_REMATCH[2]}
	# Only before the watcher has it does a signal take a call away.
	((odd < ticks / 2))
	expect_blocked "client tcp $THERE $((50000 - odd))"
	[[ $(record_value "$RECORD" r.unreachable) == $((50000 - odd)) ]]
}

@test 'a storm of signals' {
	audit --net -- "$CLIENT" storm 3000 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'odd=0' ]]
	expect_blocked "client tcp $THERE 3000"
}

@test 'under strace and gdb' {
	audit --net -- strace -f -o /dev/null "$CLIENT" connect 2
	expect_blocked "client tcp $THERE 2"
	audit --net -- gdb -q -batch -ex run -ex 'info program' --args "$CLIENT" connect 2
	expect_blocked "client tcp $THERE 2"
	audit --net -- strace -f --seccomp-bpf -o /dev/null "$CLIENT" connect 2
	expect_blocked "client tcp $THERE 2"
}

@test 'a listener of its own is refused to a package below ours, by name; a plain filter is its own business' {
	audit --net -- "$CLIENT" listener >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'Device or resource busy\na filter' ]]
	[[ $(record_value "$RECORD" 'r.listener_refused.comm') == client ]]
	audit --net -- "$CLIENT" connect
	[[ $(record_value "$RECORD" 'r.listener_refused') == undefined ]]
}

@test 'below an older listener nobody is watched, the record says so, and the kernel still counts' {
	local outer
	outer=$RECORD
	audit_setup
	# Both records are written by us: the outer confine stands for whoever watches already.
	WHO=root run -0 "$CONFINE" --audit --record "$outer" --net -- "$CONFINE" --audit --record "$RECORD" --net --ipc -- "$CLIENT" connect 3
	[[ $(record_value "$RECORD" r.watched) == no && $(record_value "$RECORD" r.watched_why) == *'watches already: Device or resource busy' ]]
	[[ $(record_value "$RECORD" r.unreachable) == 3 && $(record_value "$RECORD" r.unattributed) == 3 && $(record_value "$RECORD" r.blocked) == undefined ]]
}

@test '300 destinations: bounded, and none is lost from the count' {
	audit --net -- "$CLIENT" ports 1000 300
	[[ $(record_value "$RECORD" r.attempts) == 300 && $(record_value "$RECORD" r.blocked.length) == 256 && $(record_value "$RECORD" r.unattributed) == undefined ]]
	[[ $(record_value "$RECORD" 'r.blocked[0].argv.length') == 4 && $(record_value "$RECORD" 'r.blocked[255].argv.length') == 0 ]]
}

@test 'a few hundred thousand attempts cost a counter' {
	audit --net -- "$CLIENT" connect 300000
	expect_blocked "client tcp $THERE 300000"
	(($(wc -c <"$RECORD") < 2000))
}

@test 'who watches nothing isolates nothing: --audit alone, without capabilities under no_new_privs' {
	TO=127.0.0.1 audit -- sh -c 'readlink /proc/self/ns/net; grep NoNewPrivs: /proc/self/status; exec "$1" connect' sh "$CLIENT" >"$AUDIT_DIR/out" || true
	[[ $(<"$AUDIT_DIR/out") == "$(readlink /proc/self/ns/net)"$'\nNoNewPrivs:\t1' ]]
	[[ $(record_value "$RECORD" r.watched) == yes && $(record_value "$RECORD" r.setuid_inert) == true && $(record_value "$RECORD" r.blocked) == undefined ]]
	audit -- "$CLIENT" udp || true
	expect_blocked "client udp $THERE 1"
	[[ $(record_value "$RECORD" r.observed.length) == 1 && $(record_value "$RECORD" r.unreachable) == undefined && $(record_value "$RECORD" r.names_watched) == undefined ]]
}

@test 'where the network is isolated by others, as a user without capabilities: watched, names are said not to be' {
	((EUID == 0)) || skip 'needs root to isolate it first'
	unshare --net --ipc --uts sh -c '
		hostname localhost; ip link set lo up; ip addr add 10.0.0.1/8 dev lo; ip addr add fd::1/8 dev lo
		exec setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$@"' sh \
		"$CONFINE" --audit --record "$RECORD" --net --ipc -- "$CLIENT" connect 2
	expect_blocked "client tcp $THERE 2"
	[[ $(record_value "$RECORD" r.applied.net) == portage && $(record_value "$RECORD" r.unreachable) == 2 && $(record_value "$RECORD" r.setuid_inert) == true ]]
	[[ $(record_value "$RECORD" r.names_watched) == no && $(record_value "$RECORD" r.names_watched_why) == 'the network is not of our making' ]]
}

@test 'without --audit the kernel'\''s count is in the record all the same' {
	: >"$RECORD"
	"$CONFINE" --net --record "$RECORD" -- "$CLIENT" connect 7
	[[ $(record_value "$RECORD" r.unreachable) == 7 && $(record_value "$RECORD" r.watched) == undefined ]]
	"$CONFINE" --net --record "$RECORD" -- true
	[[ $(tail -n1 "$RECORD") == *'"unreachable":0'* ]]
}

@test 'nothing is loosened: the host stays out of reach, and a server inside is in reach' {
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
	expect_blocked ''
	kill "$pid"
}

@test '--probe says whether the calls of a phase can be seen here' {
	run -0 audit_run --probe
	[[ $output == *$'\naudit=yes'* ]]
	run -0 "$CONFINE" --audit --record "$RECORD" -- "$CONFINE" --probe
	[[ $output == *$'\naudit=no: somebody watches already: Device or resource busy'* ]]
}

# The same, with CALL=ERROR... refused to confine and all it starts.
refused() {
	local -a calls=()
	while [[ $1 != -- ]]; do
		calls+=("$1")
		shift
	done
	CONFINE=$AUDIT_DIR/refuse_calls
	audit_run "${calls[@]}" -- "$AUDIT_DIR/confine" --audit --record "$RECORD" --net --best-effort "$@"
}

@test 'what a container refuses: memory and sockets are asked for another way, or the record says what is not seen' {
	gcc -O1 -D_GNU_SOURCE -o "$AUDIT_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	refused process_vm_readv=EPERM pidfd_open=ENOSYS pidfd_getfd=EPERM -- sh -c '"$1" connect 3; "$1" udp; getent hosts x.example' sh "$CLIENT" || true
	expect_blocked "client tcp $THERE 3" "client udp $THERE 1"
	[[ $(record_value "$RECORD" 'r.names.map((n) => n.comm)') == '["getent","getent"]' && $(record_value "$RECORD" r.unreadable) == undefined ]]
	refused mount=EPERM -- "$CLIENT" connect
	expect_blocked "client tcp $THERE 1"
	[[ $(record_value "$RECORD" r.names_watched) == no && $(record_value "$RECORD" r.names_watched_why) == 'mount(MS_SLAVE): Operation not permitted' ]]
	refused seccomp=EPERM -- "$CLIENT" connect 2
	[[ $(record_value "$RECORD" r.watched) == no && $(record_value "$RECORD" r.watched_why) == 'seccomp: Operation not permitted' && $(record_value "$RECORD" r.unattributed) == 2 ]]
}

@test 'the generated filters agree with a model for x86-64, x32, i386, aarch64 and arm, every number, and arguments at their limits' {
	gcc -O2 -Wall -Wextra -Werror -I"$TOP/native" -o "$AUDIT_DIR/filter" "$TOP/test/confine/audit/filter_model.c" "$TOP"/native/{watcher/filter,watcher/syscalls,options/families,egress/socket_permit}.c
	run -0 "$AUDIT_DIR/filter"
	[[ ! $output ]]
}
