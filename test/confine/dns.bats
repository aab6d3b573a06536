#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine --net --audit records the names that a command looks up, and answers at once.

load ../lib/audit
load ../lib/portage_network

setup_file() {
	audit_begin
	cp "$TOP"/test/confine/audit/{dns_client,stop_dns}.py "$AUDIT_DIR/"
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

# with_resolv_conf TEXT OPTION... -- COMMAND...: runs confine where this is /etc/resolv.conf, as the user RUN_AS; without TEXT there is no such file
with_resolv_conf() {
	local -a user=(setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --)
	[[ ${RUN_AS-user} == user ]] || user=()
	: >"$RECORD"
	[[ ! $1 ]] || printf '%b' "$1" >"$AUDIT_DIR/resolv.conf"
	# shellcheck disable=SC2016
	unshare --mount sh -c '
		if [ "$1" ]; then mount --bind "$1" /etc/resolv.conf; else mount --bind "$2" /etc; fi
		shift 2
		exec "$@"' sh "${1:+$AUDIT_DIR/resolv.conf}" "$AUDIT_DIR/etc" "${user[@]}" "$CONFINE" --net --audit --record "$RECORD" "${@:2}"
}

# The resolver of glibc waits 5 seconds for an answer.
LOOKUP='
import socket, sys, time
began = time.monotonic()
try:
    socket.getaddrinfo(sys.argv[1], 443)
except socket.gaierror as error:
    print(error.errno == socket.EAI_AGAIN, time.monotonic() - began < 4)
'

@test 'in a phase without network, getaddrinfo() fails at once with EAI_AGAIN, and confine records one A and one AAAA query' {
	audit --net -- /usr/bin/python3 -c "$LOOKUP" Files.Example.org >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'True True' ]]
	assert_lookups 'files.example.org A python3 1' 'files.example.org AAAA python3 1'
	[[ $(record_value "$RECORD" r.names_watched) == yes && $(record_value "$RECORD" r.blocked) == undefined && $(record_value "$RECORD" r.unattributed) == undefined ]]
}

@test 'if a phase runs as root, confine records the DNS lookups of the phase, and the name localhost resolves' {
	RUN_AS=root audit --net -- sh -c 'getent ahosts localhost >/dev/null; exec "$@"' sh /usr/bin/python3 -c "$LOOKUP" files.example.org >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'True True' ]]
	assert_lookups 'files.example.org A python3 1' 'files.example.org AAAA python3 1'
}

@test 'confine records no DNS lookup of localhost or of a name that ends with .localhost' {
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

@test 'the DNS server of confine still answers valid queries after receiving malformed, truncated, looping and oversized queries' {
	audit --net -- sh -c '"$@" malformed; "$@" A after.example' sh "${DNS_CLIENT[@]}" udp >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == 'empty=none short=none truncated=1 loop=1 label=1 long=1 response=none update=4 questions=1 oversized=2'$'\n2' ]]
	assert_lookups 'after.example A python3 1' 'first.example A python3 1' 'oversized.example A python3 1'
	run -0 audit --net -- sh -c '"$@" malformed || true; "$@" A after.example; "$@" idle' sh "${DNS_CLIENT[@]}" tcp
	[[ $(tail -n2 <<<"$output") == $'2\n2 True' ]]
}

@test 'confine answers and counts 100,000 DNS queries, and lists the first 256 names in the record' {
	audit --net -- "${DNS_CLIENT[@]}" udp repeat 100000
	[[ $(record_value "$RECORD" r.lookups) == 100000 && $(record_value "$RECORD" r.names.length) == 256 ]]
	(($(wc -c <"$RECORD") < 64000))
}

@test 'if two processes look up names at the same time, the record lists each name with the process that looked up this name' {
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

@test 'in a phase without network, connect of a UDP socket to 8.8.8.8 port 53 fails with ENETUNREACH, and confine records this as a blocked connection' {
	run -0 audit --net -- /usr/bin/python3 -c '
import errno, socket
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
assert probe.connect_ex(("8.8.8.8", 53)) == errno.ENETUNREACH'
	assert_blocked 'python3 udp 8.8.8.8 53 1'
}

@test 'in a network namespace that Portage has created, confine records the DNS lookups of root and of an unprivileged user' {
	local -a user
	for user in '' 'setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --'; do
		: >"$RECORD"
		# shellcheck disable=SC2128,SC2086 # words
		in_portage_network --ipc -- $user "$CONFINE" --net --ipc --audit --record "$RECORD" -- /usr/bin/python3 -c "$LOOKUP" files.example.org >"$AUDIT_DIR/out"
		[[ $(<"$AUDIT_DIR/out") == 'True True' && $(record_value "$RECORD" 'r.applied.net + r.names_watched + r.blocked') == portageyesundefined ]]
		assert_lookups 'files.example.org A python3 1' 'files.example.org AAAA python3 1'
	done
}

@test 'if the kernel refuses a namespace or socket to the DNS server of confine, the record has the reason, and lists DNS queries as connection attempts' {
	gcc -O1 -D_GNU_SOURCE -o "$AUDIT_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	: >"$RECORD"
	run -2 in_portage_network --ipc -- setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$AUDIT_DIR/refuse_calls" unshare=EPERM -- \
		"$CONFINE" --net --ipc --audit --record "$RECORD" -- getent hosts files.example.org
	[[ $(record_value "$RECORD" 'r.names_watched + " " + r.names_watched_why') == 'no unshare(CLONE_NEWUSER): Operation not permitted' ]]
	[[ $(blocked) == *"getent udp $(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf) 53 "* ]]
	# The phase inherits a socket as descriptor 9, and every later socket() call fails, so that the DNS server cannot make a socket.
	run -0 in_portage_network -- /usr/bin/python3 -c '
import os, socket, sys
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.dup2(made.fileno(), 9)
os.execv(sys.argv[1], sys.argv[1:])' "$AUDIT_DIR/refuse_calls" socket:inet=ENOBUFS -- "$CONFINE" --net --audit --record "$RECORD" -- \
		/usr/bin/python3 -c 'import socket, sys; socket.socket(fileno=9).connect((sys.argv[1], 53))' "$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)"
	[[ $(record_value "$RECORD" r.names_watched_why) == *': No buffer space available' ]]
}

@test 'confine records DNS lookups if /etc/resolv.conf lists IPv4, IPv6, loopback or several name servers, and if this file is missing' {
	local conf
	mkdir -p "$AUDIT_DIR/etc"
	for conf in 'nameserver 192.0.2.1\nsearch one.example two.example\n' 'nameserver 127.0.0.53\n' 'nameserver 127.0.0.11\noptions ndots:0\n' 'nameserver ::1\n' \
		'nameserver 2001:db8::53\noptions use-vc\n' 'options rotate\nnameserver 192.0.2.1\nnameserver 2001:db8::53\nnameserver 10.1.2.3\n' '# none\n' ''; do
		with_resolv_conf "$conf" -- /usr/bin/python3 -c "$LOOKUP" files >"$AUDIT_DIR/out"
		[[ $(<"$AUDIT_DIR/out") == 'True True' && $(record_value "$RECORD" 'r.names_watched + r.blocked + r.unattributed') == yesundefinedundefined ]]
		assert_lookups 'files A python3 1' 'files AAAA python3 1'
	done
}

# musl_error: prints the error of a lookup over TCP that fails temporarily, or that of musl before 1.2.4, which uses no TCP
musl_error() {
	local version
	version=$(/lib/ld-musl-x86_64.so.1 2>&1 | sed -n 's/^Version //p')
	[[ $(printf '%s\n' 1.2.4 "$version" | sort -V | head -n1) == 1.2.4 ]] && echo EAI_AGAIN || echo 'Name does not resolve'
}

@test 'confine records lookups by musl, getent under fakeroot, c-ares, asyncio and a resolver that uses sendmmsg, and each answer comes from the address of the queried name server' {
	[[ -x $AUDIT_DIR/musl ]] || musl-gcc -static -o "$AUDIT_DIR/musl" "$TOP/test/confine/audit/lookup.c"
	cp "$TOP/test/confine/audit/dns_sendmmsg.py" "$AUDIT_DIR/"
	# Without an answer that it accepts, musl would wait for 60 s.
	# shellcheck disable=SC2016
	with_resolv_conf 'nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:60 attempts:1\n' -- sh -c '
		timeout 30 "$1/musl" musl.example
		fakeroot getent hosts fakeroot.example
		/usr/bin/python3 "$1/dns_sendmmsg.py"
		/usr/bin/python3 -c "
import asyncio
async def query():
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            transport.sendto(bytes([0, 9, 1, 0, 0, 1]) + bytes(6) + b\"\\x07asyncio\\0\\0\\1\\0\\1\")
        def datagram_received(self, data, address):
            answer.set_result((data[3] & 15, address))
    await loop.create_datagram_endpoint(Protocol, remote_addr=(\"192.0.2.2\", 53))
    print(await answer)
asyncio.run(query())"
		node -e "require(\"dns\").resolve4(\"cares.example\", ({ code }) => console.log(code))"' sh "$AUDIT_DIR" >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == "$(musl_error)"$'\n2 True 192.0.2.1=2 192.0.2.2=2\n(2, (\'192.0.2.2\', 53))\nESERVFAIL' ]]
	assert_lookups 'asyncio A python3 1' 'cares.example A node 1' 'fakeroot.example A getent 1' 'fakeroot.example AAAA getent 1' 'musl.example A musl 1' 'musl.example AAAA musl 1' 'one.example A python3 1' 'two.example A python3 1'
}

@test 'confine starts the DNS server process on the first query of a phase; if the phase kills this process, the record states why lookups are missing' {
	# shellcheck disable=SC2016
	audit --net -- bash -c '
		init=$(sed "s/.*) . //" /proc/$PPID/stat) supervisor=${init%% *}
		servers() { cat /proc/[0-9]*/stat 2>/dev/null | grep -c "(confine-dns) . $supervisor "; }
		servers; getent hosts first.example; servers' >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'0\n1' ]]
	assert_lookups 'first.example A getent 1' 'first.example AAAA getent 1'
	# shellcheck disable=SC2016
	audit --net -- bash -c '
		init=$(sed "s/.*) . //" /proc/$PPID/stat) supervisor=${init%% *}
		getent hosts first.example
		kill -KILL $(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/ (confine-dns) . $supervisor .*//p")
		getent hosts second.example' || true
	assert_lookups 'first.example A getent 1' 'first.example AAAA getent 1'
	[[ $(record_value "$RECORD" 'r.names_watched + " " + r.names_watched_why') == 'no the DNS server process of confine has exited' ]]
	[[ $(blocked) == 'getent udp '*' 53 '* ]]
}

@test 'while the DNS server process of confine is stopped, a connection of the phase fails without waiting for an earlier lookup' {
	audit --net -- /usr/bin/python3 "$AUDIT_DIR/stop_dns.py" continue >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'SOCK_STREAM\nSOCK_DGRAM' && $(record_value "$RECORD" r.names_watched) == yes ]]
	assert_blocked 'python3 tcp 198.51.100.7 443 1'
	# Only npm run soak tests a DNS server that never responds, because confine then waits 10 s.
	[[ ${CONFINE_SOAK-} ]] || return 0
	audit --net -- /usr/bin/python3 "$AUDIT_DIR/stop_dns.py" wait >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'SOCK_STREAM\nSOCK_DGRAM' ]]
	[[ $(record_value "$RECORD" 'r.names_watched + " " + r.names_watched_why') == 'no the DNS server process of confine does not respond' ]]
	[[ $(blocked) == *'python3 udp '*' 53 1' ]]
}

# Prints the result of a bind, and whether a lookup sends a query to that server.
SERVE='
import errno, socket, subprocess, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(errno.errorcode.get(server.bind((sys.argv[1], 53)), "bound"))
subprocess.Popen(["getent", "hosts", "own.example"])
server.settimeout(3)
try:
    print("received", len(server.recv(512)) > 0)
except TimeoutError:
    print("nothing received")
'

@test 'if /etc/resolv.conf lists 127.0.0.1 and a phase of root starts a name server there, that server receives the DNS queries instead of the DNS server of confine; an ordinary user cannot bind port 53' {
	RUN_AS=root with_resolv_conf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' -- /usr/bin/python3 -c "$SERVE" 127.0.0.1 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'bound\nreceived True' && $(record_value "$RECORD" 'r.names_watched + r.lookups') == 'in partundefined' ]]
	run -1 with_resolv_conf 'nameserver 127.0.0.1\n' -- /usr/bin/python3 -c "$SERVE" 127.0.0.1
	[[ $output == *PermissionError* && $(record_value "$RECORD" r.names_watched) == yes ]]
	RUN_AS=root with_resolv_conf 'nameserver 192.0.2.1\n' -- /usr/bin/python3 -c "$SERVE" 0.0.0.0 >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == $'bound\nnothing received' && $(record_value "$RECORD" 'r.names_watched + r.lookups') == yes2 ]]
}

@test 'if a phase connects to the nscd socket of the host, the record has the path of that socket' {
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
	[[ $(record_value "$RECORD" 'r.sockets[0].path') == /run/nscd/socket && $(record_value "$RECORD" r.names_watched) == yes ]]
	: >"$RECORD"
	audit --net -- getent hosts x.example || true
	[[ $(record_value "$RECORD" r.sockets) == undefined ]]
}
