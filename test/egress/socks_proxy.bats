#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Portage as root isolates the network before confine runs. Allowed connections then need Portage's SOCKS5 proxy, which runs outside.

load ../lib/portage_network
load ../lib/remote_host

setup_file() {
	audit_begin
	remote_host_begin
	remote_host_serve 80 90! 8080
	local program
	for program in client attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
	# Portage runs its proxy as the user of the phases, with umask 077. A phase cannot inspect a proxy of another user.
	serve_proxy proxy setpriv --reuid=12321 --regid=12321 --clear-groups --
	serve_proxy others setpriv --reuid=12322 --regid=12322 --clear-groups --
	chmod 777 "$AUDIT_DIR/others/socket"
	export PROXY=$AUDIT_DIR/proxy/socket FOREIGN_PROXY=$AUDIT_DIR/others/socket PROXIES PROXY_PID=${PROXIES%% *}
}

# serve_proxy NAME COMMAND...: starts Portage's proxy by COMMAND, which changes the user. The proxy listens on the socket AUDIT_DIR/NAME/socket
serve_proxy() {
	local portage folder=$AUDIT_DIR/$1
	portage=$("$TOP/scripts/portage")
	mkdir -m 777 "$folder"
	(umask 077 && exec "${@:2}" "$portage/bin/python" "$portage/lib/portage/bin/socks5-server.py" "$folder/socket") 3>&- >"$folder.log" 2>&1 &
	PROXIES+="$! "
	until_true 60 test -S "$folder/socket"
}

teardown_file() {
	# Continue the proxies, because a failed test can leave one stopped.
	# shellcheck disable=SC2086 # numbers
	[[ ! ${PROXIES-} ]] || { kill -CONT $PROXIES && kill $PROXIES; }
	remote_host_end
	audit_end
}

# run_isolated OPTION... -- COMMAND...: runs confine in the namespaces of Portage, where outer processes have no PID, as root, or as the
# user of a phase with FEATURES=userpriv (RUN_AS=user)
run_isolated() {
	local -a user=()
	: >"$RECORD"
	[[ ${RUN_AS-root} == root ]] || user=(setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --)
	(cd "$AUDIT_DIR" && in_portage_network --ipc --pid --fork --mount-proc -- "${user[@]}" "$CONFINE" --record "$RECORD" --net --allow "$REMOTE:80" --allow "[$REMOTE6]:80" --allow "$REMOTE:81" --allow "$REMOTE:90" --allow "$SILENT:80" "$@")
}

@test "through Portage's SOCKS5 proxy, a phase reaches an allowed destination, gets ECONNREFUSED from a closed port, and reaches no other destination" {
	local RUN_AS
	for RUN_AS in root user; do
		run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$REMOTE" 80
		[[ $output == connected && $(record_value "$RECORD" r.route) == socks && $(record_value "$RECORD" r.applied.net) == portage ]]
		assert_allowed "client $REMOTE 80 1 0"
		run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$REMOTE" 81
		[[ $output == ECONNREFUSED && $(record_value "$RECORD" r.allowed_failed) == 1 ]]
		run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$REMOTE" 82
		# lo of the phase has the address 10.0.0.1/8, a network that contains REMOTE, so the kernel sends the packet to lo and returns ECONNREFUSED.
		[[ $output == ECONNREFUSED ]]
		assert_blocked "client tcp $REMOTE 82 1"
		run -0 run_isolated --socks "$PROXY" -- /usr/bin/python3 "$TOP/test/egress/clients/fetch.py" timeout "$REMOTE" 80
		[[ $output == *remote_page* ]]
	done
}

# proxy_socket_available USER: succeeds if the watcher of USER can copy the socket of the proxy. This needs SO_PEERPIDFD (77, Linux 6.5) and,
# except for root, a Yama that permits access to a process that is not a child of the watcher.
proxy_socket_available() {
	[[ $1 == root || $(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null) != [123] ]] &&
		/usr/bin/python3 -c 'import socket; socket.socketpair()[0].getsockopt(socket.SOL_SOCKET, 77)' 2>/dev/null
}

@test 'if confine can copy the TCP socket that the SOCKS5 proxy of Portage has connected, the phase gets it, with the socket options that the phase has set' {
	local RUN_AS how
	for RUN_AS in root user; do
		run run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" options "$REMOTE" 80
		if ! proxy_socket_available "$RUN_AS"; then
			((status == 1))
			continue
		fi
		((status == 0))
		run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$REMOTE6" 80
		for how in blocking timeout asyncio; do
			run -0 run_isolated --socks "$PROXY" -- /usr/bin/python3 "$TOP/test/egress/clients/fetch.py" "$how" "$REMOTE" 80
			[[ $output == *remote_page* ]]
		done
		run -0 run_isolated --socks "$PROXY" -- "$(type -P node)" "$TOP/test/egress/clients/fetch.mjs" "http://$REMOTE/"
		[[ $output == *remote_page* ]]
	done
}

@test 'through the SOCKS5 proxy of Portage, a phase receives every byte of a server that sends data before the client does' {
	local RUN_AS
	for RUN_AS in root user; do
		for _ in {1..20}; do
			# shellcheck disable=SC2016 # for the inner shell
			run -0 run_isolated --socks "$PROXY" -- bash -c 'exec 3<>"/dev/tcp/$1/90" && read -r line <&3 && echo "$line"' - "$REMOTE"
			[[ $output == hello ]]
		done
	done
}

@test 'if confine cannot copy the TCP socket that the SOCKS5 proxy of Portage has connected, the phase gets a UNIX socket to the proxy, which relays the data' {
	RUN_AS=user run -0 run_isolated --socks "$FOREIGN_PROXY" -- curl -sS --max-time 20 "http://$REMOTE/"
	[[ $output == remote_page && $(record_value "$RECORD" r.route) == socks ]]
	RUN_AS=user run run_isolated --socks "$FOREIGN_PROXY" -- "$AUDIT_DIR/client" options "$REMOTE" 80
	((status == 1))
}

@test 'through the SOCKS5 proxy of Portage, a pending connect ends on a timeout, on a signal and when the connecting process ends' {
	local RUN_AS action
	for RUN_AS in root user; do
		for action in timeout signals; do
			run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/client" "$action" "$SILENT" 80
		done
		run -137 run_isolated --socks "$PROXY" -- timeout --signal=KILL 0.5 "$AUDIT_DIR/client" plain "$SILENT" 80
	done
}

# Succeeds if a connection waits to be accepted by the proxy.
has_request() { [[ $(ss -Hxl src "$PROXY") =~ ' LISTEN 1 ' ]]; }

@test 'through the SOCKS5 proxy of Portage, a pending connect succeeds and leaves the descriptors unchanged if another thread has closed the socket meanwhile' {
	local RUN_AS action client
	for RUN_AS in root user; do
		for action in closed reused; do
			kill -STOP "$PROXY_PID"
			run_isolated --socks "$PROXY" -- timeout 60 "$AUDIT_DIR/client" "$action" "$REMOTE" 80 3>&- >"$AUDIT_DIR/output" &
			client=$!
			until_true 60 has_request
			pkill -ALRM -f "^$AUDIT_DIR/client "
			until_true 60 grep -q interrupted "$AUDIT_DIR/output"
			kill -CONT "$PROXY_PID"
			wait "$client"
		done
	done
}

@test 'if confine gives a phase a socket that is connected through the SOCKS5 proxy of Portage, this socket can reach only the destination of that connection' {
	local RUN_AS
	for RUN_AS in root user; do
		run -0 run_isolated --socks "$PROXY" -- "$AUDIT_DIR/attack" connected "$REMOTE" 80 8080 81
		[[ $(connection_count 8080) == 0 ]]
	done
}

@test "with confine --resolve inside Portage's network namespace, a phase reaches the host with the given name through the SOCKS5 proxy" {
	local RUN_AS
	for RUN_AS in root user; do
		run -0 run_isolated --socks "$PROXY" --resolve "remote.example=$REMOTE" -- curl -sS --max-time 20 http://remote.example/
		[[ $output == remote_page && $(record_value "$RECORD" r.applied.net) == portage && $(record_value "$RECORD" r.route) == socks ]]
	done
}

@test "without a SOCKS5 proxy, PORTCULLIS_ALLOW has no effect in Portage's network namespace, and a message reports that" {
	run -0 run_isolated --notice-file "$AUDIT_DIR/notice" -- "$AUDIT_DIR/client" plain "$REMOTE" 80
	[[ $output == ECONNREFUSED && $(record_value "$RECORD" r.route) == none ]]
	assert_blocked "client tcp $REMOTE 80 1"
	run -0 node "$TOP/dist/portcullis.js" messages "$AUDIT_DIR/notice"
	[[ $output == *'PORTCULLIS_ALLOW had no effect, '*'permits every destination'*'FEATURES="${FEATURES} network-sandbox-proxy"'* ]]
	run -0 run_isolated --socks "$AUDIT_DIR/none" -- "$AUDIT_DIR/client" plain "$REMOTE" 80
	[[ $output == ENETUNREACH ]]
}
