#!/usr/bin/env bats
# confine --net --audit records the names that a command looks up, and answers at once.

load audit

setup_file() {
	audit_begin
	cp "$TOP/test/confine/audit/dns_client.py" "$AUDIT_DIR/"
}

setup() {
	audit_setup
	DNS_CLIENT=(/usr/bin/python3 "$AUDIT_DIR/dns_client.py")
}

# lookups: prints the lookups of the record, sorted: NAME TYPE COMM COUNT
lookups() {
	record_value "$RECORD" '(r.names ?? []).map((n) => [n.name, n.type, n.comm, n.count].join(" ")).sort().join("\n")'
}

assert_lookups() {
	assert_lines "$(lookups)" "$@"
}

LOOKUP='
import socket, sys, time
began = time.monotonic()
try:
    socket.getaddrinfo(sys.argv[1], 443)
except socket.gaierror as error:
    print(error.errno == socket.EAI_AGAIN, time.monotonic() - began < 0.5)
'

@test 'in a phase without network, getaddrinfo() fails at once with EAI_AGAIN, and confine records one A and one AAAA query' {
	audit --net -- /usr/bin/python3 -c "$LOOKUP" Files.Example.org >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'True True' ]]
	assert_lookups 'files.example.org A python3 1' 'files.example.org AAAA python3 1'
	[[ $(record_value "$RECORD" r.names_watched) == yes && $(record_value "$RECORD" r.blocked) == undefined && $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'if a phase runs as root, confine records its DNS lookups, and the name localhost resolves' {
	RUN_AS=root audit --net -- sh -c 'getent ahosts localhost >/dev/null; exec "$@"' sh /usr/bin/python3 -c "$LOOKUP" files.example.org >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'True True' ]]
	assert_lookups 'files.example.org A python3 1' 'files.example.org AAAA python3 1'
}

@test 'confine records no lookup of localhost or of a name below it' {
	audit --net -- sh -c 'for name in localhost LocalHost. a.localhost localhost.example alocalhost; do "$@" A "$name"; done' sh \
		"${DNS_CLIENT[@]}" udp >"$AUDIT_DIR/out"
	assert_lookups 'alocalhost A python3 1' 'localhost.example A python3 1'
	[[ $(record_value "$RECORD" r.lookups) == 2 ]]
}

@test 'confine records the type of each DNS query over UDP and TCP, also with EDNS' {
	local protocol
	for protocol in udp tcp; do
		audit --net -- sh -c 'for type in PTR SRV TXT ODD; do "$@" $type _x._tcp.example.org; done; "$@" edns e.example.org' sh \
			"${DNS_CLIENT[@]}" "$protocol" >"$AUDIT_DIR/out"
		[[ $(sort -u "$AUDIT_DIR/out") == 2 ]]
		assert_lookups '_x._tcp.example.org PTR python3 1' '_x._tcp.example.org SRV python3 1' '_x._tcp.example.org TXT python3 1' \
			'_x._tcp.example.org TYPE65280 python3 1' 'e.example.org A python3 1'
	done
}

@test 'the DNS server of confine answers valid queries after it has received malformed, truncated, looping and oversized queries' {
	audit --net -- sh -c '"$@" malformed; "$@" A after.example' sh "${DNS_CLIENT[@]}" udp >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'empty=none short=none truncated=1 loop=1 label=1 long=1 response=none update=4 questions=1 oversized=2'$'\n2' ]]
	assert_lookups 'after.example A python3 1' 'first.example A python3 1' 'oversized.example A python3 1'
	run -0 audit --net -- sh -c '"$@" malformed || true; "$@" A after.example; "$@" idle' sh "${DNS_CLIENT[@]}" tcp
	[[ $(tail -n2 <<<"$output") == $'2\n2 True' ]]
}

@test 'confine answers and counts 100,000 DNS queries, and lists the first 256 names in the record' {
	audit --net -- "${DNS_CLIENT[@]}" udp many 100000
	[[ $(record_value "$RECORD" r.lookups) == 100000 && $(record_value "$RECORD" r.names.length) == 256 ]]
	(($(wc -c <"$RECORD") < 64000))
}

@test 'if two processes look up names at the same time, the record lists each name with its own process' {
	local one
	for one in left right; do
		install -m 755 /usr/bin/getent "$AUDIT_DIR/$one"
	done
	audit --net -- sh -c '
		for one in left right; do
			{ i=0; while [ $i -lt 40 ]; do "$1/$one" hosts "$one.example"; i=$((i + 1)); done; } &
		done
		wait' sh "$AUDIT_DIR"
	assert_lookups 'left.example A left 40' 'left.example AAAA left 40' 'right.example A right 40' 'right.example AAAA right 40'
}

@test 'in a phase without network, a connection to 8.8.8.8 port 53 fails with ENETUNREACH' {
	run -0 audit --net -- /usr/bin/python3 -c '
import errno, socket
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
assert probe.connect_ex(("8.8.8.8", 53)) == errno.ENETUNREACH'
	assert_blocked 'python3 udp 8.8.8.8 53 1'
}

BIND='
import errno, socket, sys
for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
    server = socket.socket(socket.AF_INET, kind)
    print(errno.errorcode.get(server.bind((sys.argv[1], 53)), "bound"))
'

@test 'if a phase runs as root, it can start its own server on port 53' {
	RUN_AS=root audit --net -- /usr/bin/python3 -c "$BIND" 0.0.0.0 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'bound\nbound' && $(record_value "$RECORD" r.names_watched) == 'in part' ]]
	# A socket on another address does not replace the stub server.
	RUN_AS=root audit --net -- sh -c '"$@" && getent hosts after.example' sh /usr/bin/python3 -c "$BIND" 127.0.0.1 >"$AUDIT_DIR/out" || true
	[[ $(<"$AUDIT_DIR/out") == $'bound\nbound' && $(record_value "$RECORD" r.names_watched) == yes ]]
	assert_lookups 'after.example A getent 1' 'after.example AAAA getent 1'
}

@test 'an unprivileged phase cannot replace the DNS server of confine by its own socket on port 53' {
	audit --net -- sh -c '"$@" 2>/dev/null; getent hosts after.example' sh /usr/bin/python3 -c "$BIND" 0.0.0.0 || true
	assert_lookups 'after.example A getent 1' 'after.example AAAA getent 1'
	[[ $(record_value "$RECORD" r.names_watched) == yes ]]
}

@test 'if / is a shared mount, confine does not change /etc/resolv.conf of the host, and its search domains cause no lookups' {
	local conf=$AUDIT_DIR/resolv.conf
	printf 'nameserver 192.0.2.1\nsearch one.example two.example\n' >"$conf"
	RUN_AS=root unshare --mount --propagation shared sh -c '
		mount --bind "$1" /etc/resolv.conf
		cat /proc/self/mountinfo >"$1.before"
		"$2" --net --audit --record "$3" -- sh -c "grep -c 192.0.2.1 /etc/resolv.conf; getent hosts short"
		cat /proc/self/mountinfo >"$1.after"
		cmp "$1.before" "$1.after" && grep -q 192.0.2.1 /etc/resolv.conf' sh "$conf" "$CONFINE" "$RECORD"
	assert_lookups 'short A getent 1' 'short AAAA getent 1'
}

@test 'if /etc/resolv.conf does not exist, the phase runs, and the record states that DNS lookups are not recorded' {
	mkdir -p "$AUDIT_DIR/etc"
	RUN_AS=root run -0 unshare --mount sh -c 'mount --bind "$1" /etc && exec "$2" --net --audit --record "$3" -- "$4" connect' sh \
		"$AUDIT_DIR/etc" "$CONFINE" "$RECORD" "$CLIENT"
	[[ $(record_value "$RECORD" r.names_watched) == no && $(record_value "$RECORD" r.names_watched_why) == 'mounting over /etc/resolv.conf: No such file or directory' ]]
	assert_blocked 'client tcp 198.51.100.7 443 1'
}

@test 'if a phase connects to the nscd socket of the host, the record has host_resolver' {
	RUN_AS=root unshare --mount sh -c 'mount -t tmpfs none /run && exec "$@"' sh /usr/bin/python3 -c '
import os, socket, subprocess, sys, threading
os.mkdir("/run/nscd")
server = socket.socket(socket.AF_UNIX)
server.bind("/run/nscd/socket")
server.listen()
def refuse():
    while True:
        server.accept()[0].close()
threading.Thread(target=refuse, daemon=True).start()
subprocess.run(sys.argv[1:])' "$CONFINE" --net --audit --record "$RECORD" -- getent hosts x.example
	[[ $(record_value "$RECORD" r.host_resolver) == true && $(record_value "$RECORD" r.names_watched) == yes ]]
	: >"$RECORD"
	audit --net -- getent hosts x.example || true
	[[ $(record_value "$RECORD" r.host_resolver) == undefined ]]
}
