#!/usr/bin/env bats
# --allow in mode setuid: the watcher, who makes the connections, is the caller and nothing more, and what it hands out leads no further.

load helper
load ../lib/remote_host

setup_file() {
	local program
	((EUID == 0)) || return 0
	setuid_begin
	there_begin
	there_serve 80 8080
	for program in client attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$PLACE/$program" "$TOP/test/egress/$program.c"
	done
}

teardown_file() {
	there_end
	setuid_end
}

setup() {
	work
	# shellcheck disable=SC2034 # allowed() reads it
	RECORD=$WORK/record
}

# allowing COMMAND...: the caller's phase, with a list
allowing() {
	caller rm -f record
	run caller "$CONFINE" --net --audit --record record --allow "$THERE:80" --allow "$THERE:81" --allow "$DEAD:80" --allow "$DEAD:81" -- "$@"
}

@test 'what is listed is reached, errors are the real ones, and nothing else is reached' {
	allowing "$PLACE/client" plain "$THERE" 80
	[[ $status == 0 && $output == connected && $(record_value record r.mode) == setuid && $(record_value record r.route) == direct ]]
	expect_allowed "client $THERE 80 1 0"
	allowing "$PLACE/client" plain "$THERE" 81
	[[ $output == ECONNREFUSED ]]
	allowing "$PLACE/client" nonblocking "$THERE" 80
	[[ $output == connected ]]
	allowing "$PLACE/client" options "$THERE" 80
	((status == 0))
	allowing "$PLACE/client" plain "$THERE" 8080
	[[ $output == ECONNREFUSED && $(served 8080) == 0 ]]
}

@test 'the watcher has the ids of the caller, in the network of the host, and no capability' {
	local command watcher network
	caller "$CONFINE" --net --audit --record record --allow "$DEAD:80" -- "$PLACE/client" plain "$DEAD" 80 3>&- &
	command=$!
	until_true 10 pgrep -U "$CALLER" -x confine-audit
	watcher=$(pgrep -U "$CALLER" -x confine-audit)
	cat "/proc/$watcher/status" >"$PLACE/status"
	network=$(readlink "/proc/$watcher/ns/net")
	until_true 10 pkill -KILL -U "$CALLER" -x client
	wait "$command" || true
	[[ $(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "$PLACE/status") == "$CALLER $CALLER $CALLER $CALLER" ]]
	[[ $(awk '$1 == "Gid:" { print $2 == $3 && $3 == $4 && $4 == $5 ? $2 : "" }' "$PLACE/status") == "$(id -g "${ACCOUNT}c")" ]]
	[[ $(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "$PLACE/status" | sort -u) =~ ^0+$ ]]
	[[ $network == "$(readlink /proc/self/ns/net)" ]]
}

@test 'a socket that was handed out leads nowhere else' {
	local deed
	for deed in failed connected undumpable unreadable leaderless tables; do
		allowing "$PLACE/attack" "$deed" "$THERE" 80 8080 81
		[[ $status == 0 && $(served 8080) == 0 ]] || {
			echo "$deed: status $status, $(served 8080) got out: $output"
			return 1
		}
	done
	allowing "$PLACE/attack" shut "$DEAD" 80 8080 81 "$THERE"
	[[ $status == 0 && $(served 8080) == 0 ]]
	for deed in threads sharer memory; do
		allowing "$PLACE/race" "$deed" "$THERE" 80 8080 81 500
		[[ $status == 0 && $(served 8080) == 0 ]]
	done
	[[ $(record_value record r.mode) == setuid ]]
}

@test 'under no_new_privs, where the bit means nothing, a user namespace does for it' {
	run caller setpriv --no-new-privs -- "$CONFINE" --net --audit --record record --allow "$THERE:80" -- "$PLACE/client" plain "$THERE" 80
	[[ $status == 0 && $output == connected && $(record_value record r.mode) == userns ]]
	expect_allowed "client $THERE 80 1 0"
}

@test 'where somebody comes first who may not be looked into, nothing is let through, and why is said' {
	install -m 0711 "$PLACE/client" "$PLACE/closed"
	# shellcheck disable=SC2016 # for the inner shell
	allowing sh -c '"$1" plain "$3" 80; "$2" plain "$3" 80' - "$PLACE/closed" "$PLACE/client" "$THERE"
	[[ $output == ECONNREFUSED$'\n'ECONNREFUSED && $(record_value record r.route) == none ]]
	[[ $(record_value record r.route_why) == 'closed, which was the first to connect or to listen, may not be looked into' ]]
	expect_allowed ''
}
