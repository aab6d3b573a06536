#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Sockets inside the network of a phase behave the same with and without --allow, also if the watcher emulates a system call.
# shellcheck disable=SC2034 # audit() reads RUN_AS

load ../lib/remote_host

setup_file() {
	audit_begin
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/local_sockets" "$TOP/test/egress/local_sockets.c"
	gcc -m32 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/local_sockets32" "$TOP/test/egress/local_sockets.c"
}

# run_local_sockets PROGRAM THREADS OPTION...: prints the result of each action of local_sockets.c. THREADS is empty or `threads`
run_local_sockets() {
	local folder program=$1 how=$2 status=0
	folder=$(mktemp -d "$AUDIT_DIR/local_sockets.XXXXXX")
	chmod 777 "$folder"
	audit --net "${@:3}" -- timeout 60 "$AUDIT_DIR/$program" "$folder" ${how:+"$how"} || status=$?
	echo "status $status"
}

@test 'confine --allow does not change the results of calls on local stream, datagram and path sockets, with one and two threads, on x86-64 and i386' {
	local program how RUN_AS
	for RUN_AS in user root; do
		for program in local_sockets local_sockets32; do
			for how in '' threads; do
				run_local_sockets "$program" "$how" >"$AUDIT_DIR/without"
				run_local_sockets "$program" "$how" --allow 192.0.2.1:80 >"$AUDIT_DIR/with"
				diff "$AUDIT_DIR/without" "$AUDIT_DIR/with"
				[[ $(tail -n1 "$AUDIT_DIR/with") == 'status 0' ]]
			done
		done
	done
}

@test 'with confine --allow, while a socketcall(2) of an i386 process waits to send 6 MiB, the watcher and its helper process use less than 2 MiB each' {
	local line memory phase
	mkdir -m 777 "$AUDIT_DIR/large"
	coproc PHASE { audit --net --allow 192.0.2.1:80 -- "$AUDIT_DIR/local_sockets32" "$AUDIT_DIR/large" threads wait 3>&-; }
	phase=$PHASE_PID
	read -r line <&"${PHASE[0]}"
	# Get the memory use of the watcher, and of its helper process, which sends data for the phase.
	memory=$(ps -o comm=,rss= -p "$(pgrep -d, -f -- "$RECORD")" | sed -n 's/^confine-watcher *//p')
	echo >&"${PHASE[1]}"
	wait "$phase"
	[[ $line == full && $(wc -l <<<"$memory") == 2 && (${CONFINE_BUILD-} || $(sort -n <<<"$memory" | tail -n 1) -lt 2048) ]] || {
		echo "$line" "$memory"
		return 1
	}
}

@test 'with confine --allow, if a connect to a local server is pending when the command exits, the record lists only the connecting process as an orphan, and no process of confine' {
	cat >"$AUDIT_DIR/waits.py" <<-'EOF'
		import socket, threading, time
		server = socket.create_server(("127.0.0.1", 0), backlog=0)
		for _ in range(4):
		    threading.Thread(target=socket.socket().connect, args=(server.getsockname(),), daemon=True).start()
		# Wait until a connection is in state 02 (SYN_SENT), because the accept queue is then full.
		while " 02 " not in open("/proc/self/net/tcp").read():
		    time.sleep(0.01)
		print("waiting", flush=True)
		threading.Event().wait()
	EOF
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup test --allow 192.0.2.1:80 -- bash -c '
		exec 9< <(exec setsid /usr/bin/python3 "$1")
		read -r <&9
	' - "$AUDIT_DIR/waits.py"
	[[ $(record_value "$RECORD" 'r.orphans.map((o) => o.comm).join()') == python3 ]]
}

@test 'if confine --best-effort can isolate the network neither by a namespace nor by a filter, confine --allow has no effect, and the command can reach all destinations' {
	local server
	/usr/bin/python3 "$TOP/test/lib/remote_server.py" "$AUDIT_DIR" 0 3>&- >/dev/null 2>&1 &
	server=$!
	until_true 60 test -s "$AUDIT_DIR/ready"
	gcc -O1 -D_GNU_SOURCE -o "$AUDIT_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	# shellcheck disable=SC2016
	run "$AUDIT_DIR/refuse_calls" sendto=ENOBUFS -- "$CONFINE" --net --best-effort --audit --record "$RECORD" --allow 127.0.0.1:1 -- \
		bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && echo COUNT >&3 && cat <&3' - "$(<"$AUDIT_DIR/ready")"
	kill "$server"
	[[ $status == 0 && $output == 0 && $(record_value "$RECORD" r.applied.net) == none && $(record_value "$RECORD" r.route) == undefined ]]
}
