#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A set-user-id confine --allow: the watcher connects with the rights of the caller, and its sockets reach no other destination.

load setuid_helper
load ../lib/remote_host

setup_file() {
	local program
	setuid_begin
	remote_host_begin
	remote_host_serve 80 8080
	for program in client attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$TEST_DIR/$program" "$TOP/test/egress/$program.c"
	done
}

teardown_file() {
	remote_host_end
	setuid_end
}

setup() {
	work_begin
	# shellcheck disable=SC2034 # allowed() reads it
	RECORD=$WORK/record
}

# run_allowed COMMAND...: runs the command as the caller with ports 80 and 81 of REMOTE and SILENT allowed. Sets status and output
run_allowed() {
	as_caller rm -f record
	run as_caller "$CONFINE" --net --audit --record record --allow "$REMOTE:80" --allow "$REMOTE:81" --allow "$SILENT:80" --allow "$SILENT:81" -- "$@"
}

@test 'with a set-user-id confine --allow, a phase reaches only listed destinations, and a failed connect to a listed destination returns the same errno as without confine' {
	run_allowed "$TEST_DIR/client" plain "$REMOTE" 80
	[[ $status == 0 && $output == connected && $(record_value record r.mode) == setuid && $(record_value record r.route) == direct ]]
	assert_allowed "client $REMOTE 80 1 0"
	run_allowed "$TEST_DIR/client" plain "$REMOTE" 81
	[[ $output == ECONNREFUSED ]]
	run_allowed "$TEST_DIR/client" nonblocking "$REMOTE" 80
	[[ $output == connected ]]
	run_allowed "$TEST_DIR/client" options "$REMOTE" 80
	((status == 0))
	run_allowed "$TEST_DIR/client" plain "$REMOTE" 8080
	[[ $output == ECONNREFUSED && $(connection_count 8080) == 0 ]]
}

@test 'with a set-user-id confine --allow, the watcher process has the ids of the caller, the network of the host and no capabilities' {
	local command watcher network
	as_caller "$CONFINE" --net --audit --record record --allow "$SILENT:80" -- "$TEST_DIR/client" plain "$SILENT" 80 3>&- &
	command=$!
	until_true 60 pgrep -U "$CALLER" -x confine-watcher
	watcher=$(pgrep -U "$CALLER" -x confine-watcher)
	cat "/proc/$watcher/status" >"$TEST_DIR/status"
	network=$(readlink "/proc/$watcher/ns/net")
	until_true 60 pkill -KILL -U "$CALLER" -x client
	wait "$command" || true
	[[ $(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "$TEST_DIR/status") == "$CALLER $CALLER $CALLER $CALLER" ]]
	[[ $(awk '$1 == "Gid:" { print $2 == $3 && $3 == $4 && $4 == $5 ? $2 : "" }' "$TEST_DIR/status") == "$(id -g "${ACCOUNT}c")" ]]
	[[ $(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "$TEST_DIR/status" | sort -u) =~ ^0+$ ]]
	[[ $network == "$(readlink /proc/self/ns/net)" ]]
}

@test 'with a set-user-id confine --allow, a hostile command, which for example changes the address during connect(2) or reuses a connected socket, reaches no unlisted destination' {
	local action
	for action in failed connected undumpable unreadable leaderless tables; do
		run_allowed "$TEST_DIR/attack" "$action" "$REMOTE" 80 8080 81
		[[ $status == 0 && $(connection_count 8080) == 0 ]] || {
			echo "$action: status $status, $(connection_count 8080) got out: $output"
			return 1
		}
	done
	run_allowed "$TEST_DIR/attack" shut "$SILENT" 80 8080 81 "$REMOTE"
	[[ $status == 0 && $(connection_count 8080) == 0 ]]
	for action in threads sharer memory; do
		run_allowed "$TEST_DIR/race" "$action" "$REMOTE" 80 8080 81 500
		[[ $status == 0 && $(connection_count 8080) == 0 ]]
	done
	[[ $(record_value record r.mode) == setuid ]]
}

@test 'if the caller of a set-user-id confine has set no_new_privs, confine --allow uses a user namespace, and a phase reaches the allowed destination' {
	run as_caller setpriv --no-new-privs -- "$CONFINE" --net --audit --record record --allow "$REMOTE:80" -- "$TEST_DIR/client" plain "$REMOTE" 80
	[[ $status == 0 && $output == connected && $(record_value record r.mode) == userns ]]
	assert_allowed "client $REMOTE 80 1 0"
}

@test 'with a set-user-id confine --allow, if confine cannot access the file descriptors of the first process that connects, all connections fail, and the record has the reason' {
	install -m 0711 "$TEST_DIR/client" "$TEST_DIR/closed"
	# shellcheck disable=SC2016 # for the inner shell
	run_allowed sh -c '"$1" plain "$3" 80; "$2" plain "$3" 80' - "$TEST_DIR/closed" "$TEST_DIR/client" "$REMOTE"
	[[ $output == ECONNREFUSED$'\n'ECONNREFUSED && $(record_value record r.route) == none ]]
	[[ $(record_value record r.route_why) == 'confine cannot access the file descriptors of closed' ]]
	assert_allowed ''
}
