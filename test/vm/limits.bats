#!/usr/bin/env bats
# Limits, where the kernel has cgroup v2 with its controllers: as root, and under a cgroup that was delegated to a user.

load ../confine/helper

setup() {
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
}

# As an ordinary user in a cgroup of his own, of which nothing is left but what was moved aside.
lent() {
	local group=/sys/fs/cgroup/lent status=0
	mkdir "$group"
	chown "$ORDINARY" "$group" "$group"/cgroup.{procs,threads,subtree_control}
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		ordinary "$@"
	) || status=$?
	rmdir "$group/portcullis.delegated" "$group" || return 99
	return "$status"
}

ALLOCATE='x = bytearray(200 << 20); print(len(x))'
SPIN='import time
end = time.monotonic() + 1
while time.monotonic() < end: pass'

@test 'memory.max kills what exceeds it, and the record names the limit' {
	local who
	for who in env lent; do
		run -137 "$who" "$CONFINE" --cgroup x --limit memory.max=64M --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $(record_value "$RECORD" '[r.limit_hit, r.tracking, r.missing.length, r.accounting.memory, r.memory_peak <= 64 << 20, r.memory_peak > 32 << 20].join()') == memory.max,cgroup+pidns,0,cgroup,true,true ]] || {
			tail -n1 "$RECORD"
			return 1
		}
		run -0 "$who" "$CONFINE" --cgroup x --limit memory.max=1G --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $output == 209715200 && $(record_value "$RECORD" r.limit_hit) == undefined ]]
	done
}

@test 'pids.max refuses one process too many, and the record names the limit' {
	local who
	for who in env lent; do
		run ! "$who" "$CONFINE" --cgroup x --limit pids.max=10 --record "$RECORD" -- python3 -c '
import os, time
for i in range(30):
    if os.fork() == 0: time.sleep(100)'
		[[ $output == *'Resource temporarily unavailable'* && $(record_value "$RECORD" r.limit_hit) == pids.max && $(record_value "$RECORD" 'r.orphans.length < 10') == true ]]
	done
}

@test 'cpu.max gives so much of one CPU' {
	local who used
	for who in env lent; do
		run -0 "$who" "$CONFINE" --cgroup x --limit cpu.max=30% --record "$RECORD" -- python3 -c "$SPIN"
		used=$(record_value "$RECORD" 'Math.round(100 * (r.user + r.system) / r.wall)')
		((used > 15 && used < 45)) || {
			echo "$who: $used %"
			return 1
		}
		[[ $(record_value "$RECORD" r.accounting.time) == cgroup ]]
	done
}

@test 'a delegated cgroup is left as it was, but for where its processes are' {
	lent "$CONFINE" --cgroup x --limit memory.max=1G -- true
	[[ ! $(find /sys/fs/cgroup -type d -name 'portcullis-*') ]]
}

@test 'processes that are killed with a controller at hand are counted' {
	run -0 "$CONFINE" --cgroup x --record "$RECORD" -- bash -c 'for i in {1..20}; do /bin/true; done'
	[[ $(record_value "$RECORD" r.processes) == 21 ]]
}

@test 'limits of the cgroup that confine is started in are in force, for root and for a user, and are reported as such' {
	local who group=/sys/fs/cgroup/limited
	mkdir "$group"
	echo 64M >"$group/memory.max"
	echo '30000 100000' >"$group/cpu.max"
	for who in env ordinary; do
		run -137 within "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=64M --limit cpu.max=30% --record "$RECORD" -- python3 -c "$ALLOCATE"
		[[ $(record_value "$RECORD" '[r.limit_hit, r.limit_inherited, r.missing.length].join()') == memory.max,true,0 ]]
		run -0 within "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=65536K --record "$RECORD" -- sed -n 's/^0:://p' /proc/self/cgroup
		[[ $output == /limited* && $(record_value "$RECORD" '[r.limit_hit, r.limit_inherited, r.missing.length].join()') == ,,0 ]]
		# A stricter one is not in force.
		within "$group" "$who" "$CONFINE" --cgroup x --limit memory.max=64M --limit cpu.max=29% --best-effort --record "$RECORD" -- true
		[[ $(record_value "$RECORD" 'r.missing.map(({ what }) => what).join()') == $([[ $who == env ]] || echo cpu.max) ]]
	done
	rmdir "$group"
}

within() {
	(echo "$BASHPID" >"$1/cgroup.procs" && "${@:2}")
}
