#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The supervisor process of confine is killed before each of its system calls. Only `npm run soak` runs this file.

load ../confine_helper
load ../tracking_methods

setup_file() {
	confine_begin refuse_calls
}

# Replaces CONFINE by a script that starts confine under strace with the options in the array TRACE. strace does not follow child processes.
setup() {
	record_begin
	mv "$CONFINE" "$CONFINE.real"
	cat >"$CONFINE" <<-EOF
		#!/bin/bash
		exec strace -qq \$TRACE "$CONFINE.real" --net --ipc --audit "\$@"
	EOF
	chmod 755 "$CONFINE"
}

teardown() {
	mv "$CONFINE.real" "$CONFINE"
}

no_orphan() {
	[[ ! $(live_processes "$TEST_DIR-orphan") ]]
}

# leave_orphan METHOD: runs a command that leaves a process
leave_orphan() {
	# shellcheck disable=SC2016
	run_tracked "$1" bash -c 'setsid -f bash -c "exec -a $0-orphan sleep 1000" "$0" >/dev/null 2>&1 3>&- 4>&-' "$TEST_DIR"
}

# assert_killed_clean_up METHOD: kills the supervisor before each of the system calls that it makes in a whole run
assert_killed_clean_up() {
	local call killed=0
	local -A count=()
	local -a calls
	export TRACE="-o $TEST_DIR/calls"
	: >"$TEST_DIR/calls"
	chmod 666 "$TEST_DIR/calls"
	run -0 leave_orphan "$1"
	record_names_method "$1" "$(tail -n1 "$RECORD")"
	mapfile -t calls < <(sed -nE '2,$s/^([a-z0-9_]+)\(.*/\1/p' "$TEST_DIR/calls")
	for call in "${calls[@]}"; do
		count[$call]=$((count[$call] + 1))
		TRACE="-o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=${count[$call]}"
		run leave_orphan "$1"
		# shellcheck disable=SC2154 # run sets status
		((status != 137)) || killed=$((killed + 1))
		until_true 60 no_orphan || {
			echo "$1: killed before $call, number ${count[$call]}"
			return 1
		}
	done
	echo "# $1: killed before $killed of ${#calls[@]} system calls" >&3
	# A run can need fewer calls than the first one, for example of poll(2).
	((killed > ${#calls[@]} / 2))
	"$CONFINE.real" --cgroup "$CGROUP" -- true
	[[ ! $(find /sys/fs/cgroup -type d -name "*-$CGROUP.*" 2>/dev/null) ]]
}

for method in pidns subreaper cgroup cgroup+pidns; do
	bats_test_function --description "after kill -9 of the supervisor of confine before any of its system calls, all processes of the command end, and no cgroup remains after the next run of confine (tracking method: $method)" \
		-- assert_killed_clean_up "$method"
done
