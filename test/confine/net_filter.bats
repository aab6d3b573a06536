#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine --net in a container with Docker's default seccomp profile: the watcher refuses what leaves the phase, because no namespace can be made.

load confine_helper
load container

setup_file() {
	confine_begin refuse_calls
	install -m 644 "$TOP/test/confine/net_filter.py" "$TEST_DIR"
}

# net_filter PROFILE USER OPTION... -- ACTION...: runs net_filter.py ACTION in confine --net --audit with these options, beside services of the host
net_filter() {
	local profile=$1 user=$2
	local -a options=()
	shift 2
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	run_in_container "$profile" "$user" /usr/bin/python3 "$TEST_DIR/net_filter.py" host "$CONFINE" --net --audit --record "$RECORD" \
		"${options[@]}" -- /usr/bin/python3 "$TEST_DIR/net_filter.py" "${@:2}"
}

@test "with Docker's default seccomp profile, socket calls of a phase return the same results as in a network namespace, and no call reaches the host or another machine" {
	local user namespace
	for user in 0 "$TEST_UID"; do
		run -0 net_filter unconfined "$user" -- phase
		namespace=$output
		[[ $(record_value "$RECORD" r.applied.net) == confine ]]
		run -0 net_filter docker "$user" --require -- phase
		diff <(echo "$namespace") <(echo "$output")
		[[ $(record_value "$RECORD" '[r.applied.net, r.filter_why, r.mode, r.watched, r.setuid_inert].join()') == 'filter,unshare(CLONE_NEWUSER): Operation not permitted,none,yes,true' ]]
		# The network namespace and the network filter count the same attempts.
		[[ $(record_values "$RECORD" all 'r.blocked.map((b) => [b.comm, b.address, b.port, b.protocol, b.count].join(" ")).join()' | sort -u | wc -l) == 1 ]]
		: >"$RECORD"
	done
	[[ $(grep -cE ': (connected|answered|sent)$' <<<"$output") == 17 && $output == *$'\nhost TCP: ECONNREFUSED\n'*$'\nhost abstract stream: ECONNREFUSED\n'*$'\noutside TCP: ENETUNREACH\n'*$'\nio_uring: ENOSYS' ]]
}

# The result of each attack. The last one is different outside of a container.
readonly ATTACKS='own datagram socket with the name of a stream socket of the host: ECONNREFUSED
one call to a name of the host and to an own one: ECONNREFUSED
descriptor of another type: ECONNREFUSED
port of the host with SO_REUSEPORT: EADDRINUSE
unspecified address: EADDRINUSE
raw socket: EPERM
SCTP: EPROTONOSUPPORT
descriptor of a process of the host: EPERM'

@test "with Docker's default seccomp profile and without Landlock, a hostile phase cannot reach a service of the host (the test tries no races)" {
	local user
	for user in 0 "$TEST_UID"; do
		run -0 run_in_container docker "$user" /usr/bin/python3 "$TEST_DIR/net_filter.py" host "$TEST_DIR/refuse_calls" landlock=ENOSYS -- \
			"$CONFINE" --net --record "$RECORD" -- /usr/bin/python3 "$TEST_DIR/net_filter.py" attack
		diff <(echo "$ATTACKS") <(echo "$output")
	done
}

@test "with Docker's default seccomp profile, glibc and musl programs for x86-64 and i386 can connect to servers of the phase and to no server of the host, also with socketcall(2)" {
	local user program calls="own connected, host refused"
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TEST_DIR/abis" "$TOP/test/confine/net_filter_abis.c"
	musl-gcc -static -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -Dstrerrorname_np=strerror -o "$TEST_DIR/abis-musl" "$TOP/test/confine/net_filter_abis.c"
	for user in 0 "$TEST_UID"; do
		for program in abis abis-musl; do
			run -0 run_in_container docker "$user" /usr/bin/python3 "$TEST_DIR/net_filter.py" host \
				"$CONFINE" --net --record "$RECORD" -- "$TEST_DIR/$program"
			# The kernel may lack x32.
			diff <(printf '%s\n' "libc: $calls" "i386: $calls" "socketcall: $calls" 'setsockopt -92 -92, raw -1 -1, SCTP -93 -93') \
				<(grep -v '^x32: own [a-z]*, host refused$' <<<"$output")
		done
	done
}

@test "with Docker's default seccomp profile, 64 processes of Python's multiprocessing, each in its own session, can connect to each other" {
	local user
	for user in 0 "$TEST_UID"; do
		run -0 net_filter docker "$user" -- processes 64
		[[ $output == '64 of 64' ]] || {
			tail -n 20 <<<"$output"
			return 1
		}
	done
}

@test 'if confine can create no namespace, a phase can connect to its own servers on an address of the machine and to no other servers, even if the phase forges replies of sock_diag(7)' {
	# shellcheck disable=SC2016 # for the shell in the network namespace
	run -0 unshare --net bash -c 'ip link set lo up && ip address add 192.0.2.5/32 dev lo && "$@"' - /usr/bin/python3 "$TEST_DIR/net_filter.py" host \
		"$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --net --record "$RECORD" -- /usr/bin/python3 "$TEST_DIR/net_filter.py" own 192.0.2.5
	[[ $output == 'connected answered ENETUNREACH ECONNREFUSED' && $(record_value "$RECORD" r.applied.net) == filter ]] || {
		echo "$output"
		return 1
	}
}

@test 'if confine can create no namespace, a phase cannot send a datagram for a loopback address through another network interface' {
	# shellcheck disable=SC2016 # for the shell in the network namespace
	run -0 unshare --net bash -c '
		ip link set lo up && ip link add eth9 type veth peer name eth8 && ip link set eth9 up && "$@"' - \
		"$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --net --record "$RECORD" -- /usr/bin/python3 "$TEST_DIR/net_filter.py" interface eth9
	[[ ${lines[*]} == 'SO_BINDTODEVICE: ENOPROTOOPT IP_UNICAST_IF: ENOPROTOOPT IPV6_RTHDR: ENOPROTOOPT IP_PKTINFO: ENODEV IPV6_PKTINFO: ENODEV IP_PKTINFO of loopback: sent' ]] || {
		echo "$output"
		return 1
	}
}

@test "with Docker's default seccomp profile, confine --allow permits and counts a connection to a service of the host, and a name that --resolve contains resolves without a name server" {
	local user
	for user in 0 "$TEST_UID"; do
		run -0 net_filter docker "$user" --allow 127.0.0.1:@HOST_TCP@ --resolve listed.example=127.0.0.1 -- names HOST_TCP
		[[ $output == $'connected\nnot found\nthe phase reached the TCP socket of the host: '* ]]
		[[ $(record_value "$RECORD" '[r.route, r.allowed_count, r.allowed[0].address, r.attempts, r.names_watched, ...new Set(r.names.map((n) => n.name))].join()') == 'direct,1,127.0.0.1,,yes,unlisted.example' ]]
	done
}

@test "with Docker's default seccomp profile, DNS lookups fail, and the record has the names that the phase looked up, and no attempt to reach a name server" {
	local user
	for user in 0 "$TEST_UID"; do
		# glibc, which sends A and AAAA queries at the same time, and c-ares
		run -0 run_in_container docker "$user" "$CONFINE" --net --audit --record "$RECORD" -- bash -c \
			'getent ahosts libc.example.org || echo "$?"; node -e "$1"' - 'require("dns").resolve4("cares.example.org", (error) => console.log(error.code))'
		[[ $output == $'2\nECONNREFUSED' && $(record_value "$RECORD" '[r.attempts, r.names_watched, [...new Set(r.names.map((n) => n.name + " " + n.comm))]].join()') == ,yes,'libc.example.org getent,cares.example.org node' ]] || {
			echo "$output"
			tail -n 1 "$RECORD"
			return 1
		}
	done
}

@test 'under the network filter, confine records no query that a process outside the phase sends to a query trap, and DNS lookups of the phase still succeed' {
	local port answer
	coproc PHASE {
		exec "$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --net --audit --resolve listed.example=192.0.2.7 --record "$RECORD" -- \
			/usr/bin/python3 "$TEST_DIR/net_filter.py" lookup 3>&-
	}
	read -r port <&"${PHASE[0]}"
	as_user /usr/bin/python3 "$TEST_DIR/net_filter.py" query "$port"
	echo >&"${PHASE[1]}"
	read -r answer <&"${PHASE[0]}"
	wait "$PHASE_PID"
	[[ $answer == 192.0.2.7 && $(record_value "$RECORD" '[r.applied.net, r.names_watched, r.lookups].join()') == filter,yes, ]] || {
		echo "$answer"
		cat "$RECORD"
		return 1
	}
}

@test "with Docker's default seccomp profile, connect fails with EACCES in a process that runs as another user than confine, because confine cannot inspect this process" {
	run -0 run_in_container docker 0 /usr/bin/python3 "$TEST_DIR/net_filter.py" host "$CONFINE" --net --audit --record "$RECORD" -- bash -c \
		'setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}" 2>&1 | tail -n 1' - "$TEST_UID" /usr/bin/python3 "$TEST_DIR/net_filter.py" connect HOST_TCP
	[[ $output == 'PermissionError: [Errno 13] Permission denied' && $(record_value "$RECORD" r.unreadable_why) == "reading the memory of a process: "* ]] || {
		echo "$output"
		return 1
	}
}

@test 'if confine can create no namespace and runs without --cgroup, a process that outlives the phase cannot connect to a service of the host' {
	# shellcheck disable=SC2016 # for the shells inside
	run -0 /usr/bin/python3 "$TEST_DIR/net_filter.py" host bash -c "$(declare -f until_true)"'
		"$1" unshare=EPERM -- "$2" --net --record "$3" -- bash -c "
			supervisor=\$(ps -o ppid= \$PPID)
			(setsid bash -c \"
				while kill -0 \$supervisor; do :; done 2>/dev/null
				/usr/bin/python3 \$1/net_filter.py connect \$HOST_TCP
				echo \\\$? >\$1/ended\" >\"\$1/output\" 2>&1 &)" - "$4"
		until_true 60 test -s "$4/ended"' - "$TEST_DIR/refuse_calls" "$CONFINE" "$RECORD" "$TEST_DIR"
	[[ ! $output && $(<"$TEST_DIR/output") == *ConnectionRefusedError* ]] || {
		echo "$output"
		cat "$TEST_DIR/output"
		return 1
	}
}

@test "with Docker's default seccomp profile, confine kills the phase when the watcher process of confine dies" {
	# shellcheck disable=SC2016 # for the shell in the container
	run -0 run_in_container docker 0 bash -c "$(declare -f until_true)"'
		"$1" --net -- bash -c ": >\"\$1\"; setsid sleep 1000 & exec sleep 1000" - "$2/started" & confine=$!
		until_true 60 test -e "$2/started"
		until_true 60 pgrep -x sleep >/dev/null
		pkill -KILL -x confine-watcher
		wait "$confine"
		echo "$? $(pgrep -cx -r D,R,S,T sleep)"' - "$CONFINE" "$TEST_DIR"
	[[ ${lines[-1]} == '137 0' ]] || {
		echo "$output"
		return 1
	}
}
