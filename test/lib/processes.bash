# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# is_alive PID: succeeds if the process exists and is no zombie. A zombie with more than one thread is alive: only its first thread has ended.
is_alive() {
	local stat
	local -a fields
	{ read -rd '' stat <"/proc/$1/stat" || [[ $stat ]]; } 2>/dev/null || return
	read -ra fields <<<"${stat##*) }"
	[[ ${fields[0]} != [ZX] ]] || ((fields[17] > 1))
}

# live_pids: reads PIDs, one per line, and prints those of live processes except this shell
live_pids() {
	local pid
	while read -r pid; do
		[[ $pid == "$BASHPID" ]] || ! is_alive "$pid" || printf '%s\n' "$pid"
	done
}

# free_id: prints a user ID that no account and no process uses, so that every process with this ID belongs to this test file
free_id() {
	local id
	while :; do
		id=$((20000 + RANDOM))
		getent passwd "$id" >/dev/null || getent group "$id" >/dev/null || pgrep -U "$id" >/dev/null || break
	done
	echo "$id"
}
