#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034 # each test has a list of its own, and audit() reads WHO
# confine --allow: what is on the list is reached as without a sandbox, and nothing else is.

load ../lib/remote_host

# At most so many, unless CONFINE_SOAK asks for the full number.
RACES=${CONFINE_SOAK:+1000000}
CONNECTS=${CONFINE_SOAK:+1000}

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	audit_begin
	there_begin
	there_serve 80 8080
	local program
	for program in client many_clients; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
}

setup() {
	audit_setup
	GO=$AUDIT_DIR/go.$BATS_TEST_NUMBER
	mkfifo "$GO"
	chmod 666 "$GO"
	# 80 is served, 81 is not; 8080 is served, and not on the list.
	LIST=(--allow "$THERE:80" --allow "$THERE:81" --allow "$DEAD:80" --allow "[$THERE6]:80")
}

# through WHAT HOST PORT ARG...: the client, with what is on the list let through
through() {
	run audit --net "${LIST[@]}" -- timeout 60 "$AUDIT_DIR/client" "$@"
	((status == 0)) || {
		printf '%s\n' "status $status" "$output"
		return 1
	}
}

@test 'what is listed is reached: IPv4, IPv6, IPv4 in the clothes of IPv6; errors are the real ones' {
	through plain "$THERE" 80
	[[ $output == connected ]]
	expect_allowed "client $THERE 80 1 0"
	expect_blocked ''
	through plain "$THERE6" 80
	[[ $output == connected ]]
	through plain "::ffff:$THERE" 80
	[[ $output == connected ]]
	expect_allowed "client $THERE 80 1 0"
	through plain "$THERE" 81
	[[ $output == ECONNREFUSED ]]
	# One that is known at once, and one whose count tells of it.
	LIST=(--allow "${THERE%.*}.255:80")
	through plain "${THERE%.*}.255" 80
	[[ $output == ENETUNREACH ]]
	expect_allowed "client ${THERE%.*}.255 80 1 1"
	LIST=(--allow "$THERE:80" --allow "$THERE:81")
	through nonblocking "$THERE" 80
	[[ $output == connected ]]
	through nonblocking "$THERE" 81
	[[ $output == ECONNREFUSED ]]
}

@test 'what is not listed is as cut off as before, the loopback of the host too, and is told apart' {
	local before
	before=$(served 8080)
	through plain "$THERE" 8080
	[[ $output == ECONNREFUSED || $output == ENETUNREACH ]]
	expect_blocked "client tcp $THERE 8080 1"
	expect_allowed ''
	through plain "$THERE6" 8080
	[[ $output == ENETUNREACH ]]
	# A wide entry does not mean loopback; one that names it does.
	listen_here
	LIST=(--allow "0.0.0.0/0:$HERE")
	through plain 127.0.0.1 "$HERE"
	[[ $output == ECONNREFUSED ]]
	LIST=(--allow "127.0.0.1:$HERE")
	run -0 audit --net "${LIST[@]}" -- curl -sS -o /dev/null "http://127.0.0.1:$HERE/"
	expect_allowed 'curl 127.0.0.1 '"$HERE 1 0"
	[[ $(served 8080) == "$before" ]]
}

teardown() {
	[[ ! ${SERVER-} ]] || kill "$SERVER"
}

# Serves pages on this host's loopback, at port HERE, for as long as the test takes.
listen_here() {
	mkdir -p "$AUDIT_DIR/here"
	rm -f "$AUDIT_DIR/here"/*
	/usr/bin/python3 "$TOP/test/lib/remote_server.py" "$AUDIT_DIR/here" 0 3>&- >/dev/null 2>&1 &
	SERVER=$!
	until_true 60 test -s "$AUDIT_DIR/here/ready"
	HERE=$(<"$AUDIT_DIR/here/ready")
}

has_lines() {
	(($(wc -l <"$2") == $1))
}

@test 'a prefix lets through what is in it' {
	LIST=(--allow "${THERE%.*}.0/24:80")
	through plain "$THERE" 80
	[[ $output == connected ]]
	LIST=(--allow "${THERE%.*}.128/25:80" --allow "${THERE%.*}.2/31:81")
	through plain "$THERE" 80
	[[ $output != connected ]]
	LIST=(--allow "[${THERE6%::*}::]/48:80")
	through plain "$THERE6" 80
	[[ $output == connected ]]
}

@test 'root: the same, and no_new_privs is not set' {
	WHO=root through plain "$THERE" 80
	[[ $output == connected ]]
	WHO=root through plain "$THERE" 8080
	[[ $output != connected ]]
	[[ $(record_value "$RECORD" r.mode) == root && $(record_value "$RECORD" r.setuid_inert) == undefined ]]
}

@test 'options that were set are kept, as are close-on-exec and O_NONBLOCK; none is added' {
	through options "$THERE" 80
	through options "$THERE6" 80
}

@test 'who waits with epoll since before the connect waits for what is connected' {
	local WHO
	for WHO in user root; do
		through watched "$THERE" 80
		through watched "$THERE6" 80
	done
}

@test 'a socket that is bound to an address is refused, and the record says why' {
	through bound "$THERE" 80
	[[ $(record_value "$RECORD" 'r.blocked[0].bound') == true ]]
	expect_allowed ''
}

@test 'SO_SNDTIMEO ends a connect in time; a signal interrupts it, and SA_RESTART goes on; a thread closes it meanwhile' {
	through timeout "$DEAD" 80
	through signals "$DEAD" 80
	through closing "$DEAD" 80
}

# revive ADDRESS: the other host has it now
revive() {
	ip neigh del "$1" dev "$THERE_LINK"
	ip -n "$THERE_NETNS" addr add "$1/24" dev eth0
}

@test 'what a signal has interrupted goes on, and connects once there is somebody' {
	local deed dead octet=10 pid
	for deed in interrupted restarted thread; do
		dead=${THERE%.*}.$((octet++))
		ip neigh add "$dead" lladdr 02:00:00:00:00:03 dev "$THERE_LINK" nud permanent
		: >"$AUDIT_DIR/said"
		LIST=(--allow "$dead:80")
		audit --net "${LIST[@]}" -- timeout 60 "$AUDIT_DIR/client" "$deed" "$dead" 80 >"$AUDIT_DIR/said" 3>&- &
		pid=$!
		until_true 60 grep -q interrupted "$AUDIT_DIR/said"
		revive "$dead"
		wait "$pid"
		expect_allowed "client $dead 80 1 0"
	done
}

@test 'a socket that was handed out leads nowhere else: taken apart, after its end, after a failure' {
	local before
	before=$(served 8080)
	through escape "$THERE" 80 "$THERE" 8080 81
	through escape "$THERE" 80 127.0.0.1 22 81
	[[ $(served 8080) == "$before" ]]
}

@test 'a list refuses io_uring and MSG_FASTOPEN, and a duplicate made before stays cut off' {
	through ways "$THERE" 80
	# Without a list MSG_FASTOPEN is not refused.
	run -1 audit --net -- timeout 60 "$AUDIT_DIR/client" ways "$THERE" 80
	[[ $output == 'MSG_FASTOPEN: '* ]]
}

@test 'a thread rewrites the address between the look and the connect: nothing else is ever reached' {
	local before
	before=$(served 8080)
	run -0 audit --net "${LIST[@]}" -- "$AUDIT_DIR/many_clients" race "$THERE" 80 8080 "${RACES:-5000}"
	[[ $(served 8080) == "$before" && $(served 80) -gt 100 ]]
}

# How many sockets the watcher of this test holds.
watchers_sockets() {
	local watcher
	for watcher in $(pgrep -x confine-audit); do
		! grep -qzxF "$RECORD" "/proc/$watcher/cmdline" || find "/proc/$watcher/fd" -lname 'socket:*' | wc -l
	done
}

watches() {
	(($(watchers_sockets) == $1))
}

@test '64 processes connect again and again while 16 hang on one that is dead: all arrive, and no descriptor is left' {
	local before after pid
	audit --net --cgroup test "${LIST[@]}" -- "$BASH" -c '
		"$1" hang "$3" 80 16
		"$1" storm "$2" 80 1 5 && echo begun >&4 && read -r <&5
		"$1" storm "$2" 80 64 "$4" >&4 && read -r <&5
	' bash "$AUDIT_DIR/many_clients" "$THERE" "$DEAD" "${CONNECTS:-20}" 4>"$AUDIT_DIR/out" 5<>"$GO" 3>&- &
	pid=$!
	until_true 60 grep -q begun "$AUDIT_DIR/out"
	before=$(watchers_sockets)
	echo >"$GO"
	until_true 60 has_lines 2 "$AUDIT_DIR/out"
	after=$(watchers_sockets)
	echo >"$GO"
	wait "$pid"
	[[ $(<"$AUDIT_DIR/out") == *'0 failed' ]]
	((before == after && before > 0)) || {
		echo "$before sockets before, $after after"
		return 1
	}
	[[ $(record_value "$RECORD" 'r.allowed.find((a) => a.port === 80 && a.count > 100).count') == $((5 + 64 * ${CONNECTS:-20})) ]]
}

@test 'processes that are killed amid a connect leave nothing behind, and the others go on' {
	local before pid
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup test "${LIST[@]}" -- "$BASH" -c '
		"$1" plain "$2" 80 && echo begun >&4 && read -r <&5
		for _ in {1..16}; do "$1" plain "$3" 80 & done
		read -r <&5
		kill -KILL $(jobs -p)
		read -r <&5
		"$1" plain "$2" 80
	' bash "$AUDIT_DIR/client" "$THERE" "$DEAD" 4>"$AUDIT_DIR/out" 5<>"$GO" 3>&- >"$AUDIT_DIR/said" &
	pid=$!
	until_true 60 grep -q begun "$AUDIT_DIR/out"
	before=$(watchers_sockets)
	echo >"$GO"
	until_true 60 watches $((before + 16)) || {
		cat "$AUDIT_DIR/said"
		return 1
	}
	echo >"$GO"
	until_true 60 watches "$before"
	echo >"$GO"
	wait "$pid"
	[[ $(<"$AUDIT_DIR/said") == connected$'\n'connected ]]
}

@test 'a host has the addresses that it was looked up to have, and no other host has any' {
	audit --net --allow "$THERE:80" --allow "[$THERE6]:80" --resolve "files.example=$THERE" --resolve "files.example=$THERE6" -- \
		/usr/bin/python3 -c '
import socket
print(sorted({a[4][0] for a in socket.getaddrinfo("Files.Example", 80)}))
try:
    socket.getaddrinfo("other.example", 80)
except socket.gaierror as error:
    print(error.errno == socket.EAI_AGAIN)
' >"$AUDIT_DIR/out"
	[[ $(<"$AUDIT_DIR/out") == "['$THERE', '$THERE6']"$'\n'True ]]
	[[ $(record_value "$RECORD" 'r.names.map((n) => n.name).join()') == other.example,other.example ]]
	expect_blocked ''
}

@test 'a bad entry is one clear error that names it' {
	local entry
	for entry in host:80 1.2.3.4 1.2.3.4:0 1.2.3.4:65536 1.2.3.4/33:80 1.2.3:80 '[::1]:' '[::1:80' '[::ffff:1.2.3.4]:80' ::1:80 '[::]/129:1' ''; do
		run -125 "$CONFINE" --net --allow "$entry" -- true
		[[ $output == "confine: --allow takes ADDRESS[/BITS]:PORT"*"not: $entry (see confine --help)" && $output != *$'\n'* ]]
	done
	run -125 "$CONFINE" --net --resolve host -- true
	run -125 "$CONFINE" --allow 1.2.3.4:80 -- true
	[[ $output == *'--allow needs --net'* ]]
}
