#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits of confine on a kernel with cgroup v2 controllers, as root and as a user with a delegated cgroup.

load ../confine/confine_helper

# in_delegated_cgroup COMMAND...: runs the command as TEST_UID in a cgroup of that user. The cgroup must be empty afterwards.
in_delegated_cgroup() {
	local group=/sys/fs/cgroup/delegated status=0
	mkdir "$group"
	chown "$TEST_UID" "$group" "$group"/cgroup.{procs,threads,subtree_control}
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		as_user "$@"
	) || status=$?
	rmdir "$group/portcullis.delegated" "$group" || return 99
	return "$status"
}

ALLOCATE='x = bytearray(200 << 20); print(len(x))'
SPIN='import time
end = time.monotonic() + 1
while time.monotonic() < end: pass'

@test 'confine --limit memory.max kills a process that exceeds the limit, and the record contains limit_hit memory.max' {
	local who
	for who in env in_delegated_cgroup; do
		run -137 "$who" "$CONFINE" --cgroup x --limit memory.max=64M --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $(record_value "$RECORD" '[r.limit_hit, r.tracking, r.missing.length, r.accounting.memory, r.memory_peak <= 64 << 20, r.memory_peak > 32 << 20].join()') == memory.max,cgroup+pidns,0,cgroup,true,true ]] || {
			tail -n1 "$RECORD"
			return 1
		}
		run -0 "$who" "$CONFINE" --cgroup x --limit memory.max=1G --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $output == 209715200 && $(record_value "$RECORD" r.limit_hit) == undefined ]]
	done
}

@test 'confine --limit pids.max makes fork fail above the limit, and the record contains limit_hit pids.max' {
	local who
	for who in env in_delegated_cgroup; do
		run -1 "$who" "$CONFINE" --cgroup x --limit pids.max=10 --record "$RECORD" -- python3 -c '
import os, time
for i in range(30):
    if os.fork() == 0: time.sleep(100)'
		[[ $output == *'Resource temporarily unavailable'* && $(record_value "$RECORD" r.limit_hit) == pids.max && $(record_value "$RECORD" 'r.orphans.length < 10') == true ]]
	done
}

@test 'if pids.max=0 prevents the command from joining its cgroup, confine --require exits with 125, and confine --best-effort runs the command and records that pids.max is not applied' {
	run -125 "$CONFINE" --cgroup x --limit pids.max=0 --require --record "$RECORD" -- touch "$BATS_TEST_TMPDIR/ran"
	[[ $output == *'pids.max is not available: joining the cgroup: Resource temporarily unavailable' && ! -e $BATS_TEST_TMPDIR/ran ]]
	run -0 "$CONFINE" --cgroup x --limit pids.max=0 --best-effort --record "$RECORD" -- true
	[[ $(record_value "$RECORD" '[r.tracking, ...r.missing.map((one) => one.what)].join()') == pidns,pids.max ]]
}

@test 'confine --limit cpu.max=30% limits a busy process to about 30 % of a processor' {
	local who used
	for who in env in_delegated_cgroup; do
		run -0 "$who" "$CONFINE" --cgroup x --limit cpu.max=30% --record "$RECORD" -- python3 -c "$SPIN"
		used=$(record_value "$RECORD" 'Math.round(100 * (r.user + r.system) / r.wall)')
		((used > 15 && used < 45)) || {
			echo "$who: $used %"
			return 1
		}
		[[ $(record_value "$RECORD" r.accounting.time) == cgroup ]]
	done
}

@test 'if an ordinary user runs confine in a delegated cgroup, confine removes the cgroup of the command when the command exits' {
	in_delegated_cgroup "$CONFINE" --cgroup x --limit memory.max=1G -- true
	[[ ! $(find /sys/fs/cgroup -type d -name 'portcullis-*') ]]
}

@test 'the record of confine contains the number of all processes that have run, including the command' {
	run -0 "$CONFINE" --cgroup x --record "$RECORD" -- bash -c 'for i in {1..20}; do /bin/true; done'
	[[ $(record_value "$RECORD" r.processes) == 21 ]]
}

@test 'if the cgroup in which confine starts already has the requested limit, this limit applies to the command, and if the command exceeds the limit, the record contains limit_inherited' {
	local who group=/sys/fs/cgroup/limited
	mkdir "$group"
	echo 64M >"$group/memory.max"
	echo '30000 100000' >"$group/cpu.max"
	for who in env as_user; do
		run -137 in_cgroup "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=64M --limit cpu.max=30% --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $(record_value "$RECORD" '[r.limit_hit, r.limit_inherited, r.missing.length].join()') == memory.max,true,0 ]]
		run -0 in_cgroup "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=65536K --record "$RECORD" -- sed -n 's/^0:://p' /proc/self/cgroup
		[[ $output == /limited* && $(record_value "$RECORD" '[r.limit_hit, r.limit_inherited, r.missing.length].join()') == ,,0 ]]
		# Only root can apply a limit that is stricter than that of the outer cgroup.
		in_cgroup "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=64M --limit cpu.max=29% --best-effort --record "$RECORD" -- true
		[[ $(record_value "$RECORD" 'r.missing.map(({ what }) => what).join()') == $([[ $who == env ]] || echo cpu.max) ]]
	done
	rmdir "$group"
}

in_cgroup() {
	(echo "$BASHPID" >"$1/cgroup.procs" && "${@:2}")
}
