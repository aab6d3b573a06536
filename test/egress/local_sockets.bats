#!/usr/bin/env bats
# What a phase does in a network of its own is with a list as it is without, also where the watcher makes the call in its stead.
# shellcheck disable=SC2034 # audit() reads WHO

load ../lib/remote_host

setup_file() {
	audit_begin
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/local_sockets" "$TOP/test/egress/local_sockets.c"
	gcc -m32 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/local_sockets32" "$TOP/test/egress/local_sockets.c"
}

# Says how everything ends for PROGRAM [threads], with confine OPTION...
inside() {
	local folder program=$1 how=$2 status=0
	folder=$(mktemp -d "$AUDIT_DIR/local_sockets.XXXXXX")
	chmod 777 "$folder"
	audit --net "${@:3}" -- timeout 60 "$AUDIT_DIR/$program" "$folder" ${how:+"$how"} || status=$?
	echo "status $status"
}

@test 'streams, datagrams and paths, by one thread and by two, by x86-64 and through socketcall: the same with a list' {
	local program how WHO
	for WHO in user root; do
		for program in local_sockets local_sockets32; do
			for how in '' threads; do
				inside "$program" "$how" >"$AUDIT_DIR/without"
				inside "$program" "$how" --allow 192.0.2.1:80 >"$AUDIT_DIR/with"
				diff "$AUDIT_DIR/without" "$AUDIT_DIR/with"
				[[ $(tail -n1 "$AUDIT_DIR/with") == 'status 0' ]]
			done
		done
	done
}

@test 'who waits in the stead of a caller is no orphan of the phase' {
	cat >"$AUDIT_DIR/waits.py" <<-'EOF'
		import socket, threading, time
		server = socket.create_server(("127.0.0.1", 0), backlog=0)
		for _ in range(4):
		    threading.Thread(target=socket.socket().connect, args=(server.getsockname(),), daemon=True).start()
		# SYN_SENT: the queue takes no more.
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

@test 'where the network could not be isolated a list changes nothing' {
	local server
	/usr/bin/python3 "$TOP/test/lib/remote_server.py" "$AUDIT_DIR" 0 3>&- >/dev/null 2>&1 &
	server=$!
	until_true 60 test -s "$AUDIT_DIR/ready"
	# shellcheck disable=SC2016
	run unshare --user --map-root-user -- bash -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' - \
		"$CONFINE" --net --best-effort --audit --record "$RECORD" --allow 127.0.0.1:1 -- \
		bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && echo COUNT >&3 && cat <&3' - "$(<"$AUDIT_DIR/ready")"
	kill "$server"
	[[ $status == 0 && $output == 0 && $(record_value "$RECORD" r.applied.net) == none && $(record_value "$RECORD" r.route) == undefined ]]
}
