#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The content of records and how confine writes them.

load confine_helper

# as_root_and_user COMMAND...: runs the command with the last argument as_user and, if root runs the test, again with the last argument env
as_root_and_user() {
	local who
	for who in as_user env; do
		[[ $who == as_user || $UID == 0 ]] || continue
		"$@" "$who"
	done
}

spin() {
	local user system peak time memory wall accounting spin='import time
x = bytearray(50 << 20)
while time.process_time() < 1.5: sum(range(100000))' before after
	before=${EPOCHREALTIME/./}
	# The command measures its own wall time, so that the load of the machine makes no difference.
	# shellcheck disable=SC2016
	run -0 --separate-stderr "$1" /usr/bin/time -f '%U %S %M' "$CONFINE" --net --cgroup "$CGROUP" --record "$RECORD" -- bash -c '
		begin=${EPOCHREALTIME/./}; python3 -c "$1"; echo $((${EPOCHREALTIME/./} - begin))' - "$spin"
	after=${EPOCHREALTIME/./}
	read -r user system peak <<<"${stderr-}"
	# Add 0.01 s, because time(1) truncates user and system time to hundredths of a second, which loses half a hundredth each on average.
	read -r time memory wall accounting < <(record_value "$RECORD" \
		"[(r.user + r.system) / ($user + $system + 0.01), r.memory_peak / 1024 / $peak, r.wall, r.accounting].join(' ')")
	echo "# accounting: time $time, memory $memory of time(1), from $accounting" >&3
	echo "# accounting: wall $wall s, of $output us inside and $((after - before)) us outside" >&3
	[[ $(record_value "$RECORD" "Math.abs($time - 1) < 0.02 && Math.abs($memory - 1) < 0.02 &&
		$wall > $output / 1e6 - 0.001 && $wall < $((after - before)) / 1e6") == true ]]
}

@test 'CPU time and memory in the record differ from time(1) by at most 2 %; wall time in the record is between the wall times as measured inside the command and by the caller of confine' {
	as_root_and_user spin
}

@test 'confine writes each record with one write(2)' {
	as_root_and_user written_at_once
}

written_at_once() {
	local writes
	"$1" strace -f -qq -e trace=write,writev,pwrite64 -P "$RECORD" -o "$TEST_DIR/trace" \
		"$CONFINE" --net --cgroup "$CGROUP" --record "$RECORD" --label "text=$(printf '%05000d' 0)" -- true
	writes=$(grep -c 'write' "$TEST_DIR/trace")
	rm "$TEST_DIR/trace"
	[[ $writes == 1 && $(record_value "$RECORD" r.text.length) == 5000 ]]
}

@test 'confine writes the record to the --notice-file if the command leaves a process running, and leaves the file empty if the record contains nothing to report' {
	as_root_and_user notice_file_written
}

notice_file_written() {
	local notice=$TEST_DIR/notice
	rm -f "$notice"
	"$1" "$CONFINE" --net --ipc --cgroup "$CGROUP" --record "$RECORD" --notice-file "$notice" -- true
	[[ ! -s $notice ]]
	"$1" "$CONFINE" --net --ipc --cgroup "$CGROUP" --record "$RECORD" --notice-file "$notice" -- bash -c 'sleep 1000 & exec true'
	[[ $(record_value "$RECORD" r.orphan_count) == 1 && $(<"$notice") == "$(tail -n1 "$RECORD")" ]]
}

# bash does not wait for the process of >(...), which reads its output and exits some milliseconds later.
@test 'confine does not record as an orphan a process that exits some milliseconds after the command, such as tee in >(...) of bash' {
	as_root_and_user ends_by_itself
}

ends_by_itself() {
	local spared=0
	# On a busy machine the process may outlast the wait of confine, so three successes of 40 runs are enough.
	for _ in {1..40}; do
		"$1" "$CONFINE" --cgroup "$CGROUP" --record "$RECORD" -- bash -c 'exec > >(cat >/dev/null; for _ in {1..4}; do cat </dev/null; done); echo said'
		[[ $(tail -n1 "$RECORD") == *'"orphan_count"'* ]] || ((++spared))
		((spared < 3)) || return 0
	done
	echo "$1: spared $spared times of 40"
	return 1
}

@test 'while a command runs, the supervisor process of confine uses less than 1 MiB of memory' {
	local pss supervisor
	# shellcheck disable=SC2016
	"$CONFINE" --net --ipc --cgroup "$CGROUP" --record "$RECORD" --die-with $$ -- bash -c 'echo >"$1"; exec sleep 1000' - "$TEST_DIR/pss" 3>&- &
	supervisor=$!
	until_true 60 test -e "$TEST_DIR/pss"
	pss=$(awk '$1 == "Pss:" { print $2 }' "/proc/$supervisor/smaps_rollup")
	kill "$supervisor"
	wait "$supervisor" || true
	echo "# supervisor: Pss $pss kB" >&3
	# The sanitizers need more memory.
	[[ ${CONFINE_BUILD-} ]] || ((pss < 1024))
}

@test 'if the log that the watcher shares with the supervisor process of confine has arbitrary content, confine exits with the status of the command, and its record is valid JSON' {
	local content
	for content in 255 127 1 random random random; do
		run -7 "$CONFINE" --net --audit --record "$RECORD" -- python3 "$TOP/test/confine/audit/overwrite_log.py" "$content" 3>&-
		[[ $(record_value "$RECORD" r.status.exit) == 7 ]]
	done
	[[ $(wc -l <"$RECORD") == 6 ]]
}
