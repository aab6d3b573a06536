#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The setuid confine (mode setuid) on a kernel without user namespaces, with all cgroup controllers, and with fs.suid_dumpable.

load ../setuid/setuid_helper

setup() {
	work_begin
	before=$(sysctl -n user.max_user_namespaces)
	sysctl -qw user.max_user_namespaces=0
}

teardown() {
	sysctl -qw "user.max_user_namespaces=$before" fs.suid_dumpable=0
	assert_clean
}

# in_cgroup PATH COMMAND...: runs the command as the caller in that cgroup
in_cgroup() {
	# shellcheck disable=SC2016
	bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$1" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" \
		--init-groups --inh-caps=-all "${@:2}"
}

@test 'without user namespaces and without a delegated cgroup, the setuid confine isolates the command and records that it cannot apply memory.max and pids.max' {
	run -0 as_caller "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --limit pids.max=50 --limit memory.max=200M --best-effort --record record -- \
		sed -n 's/^0:://p' /proc/self/cgroup
	[[ $output == / ]]
	[[ $(record_value record 'r.mode + r.tracking + r.missing.map(({ what }) => what)') == setuidpidnsmemory.max,pids.max ]]
	[[ ! -e /sys/fs/cgroup/portcullis ]]
}

@test 'without user namespaces, the setuid confine applies limits in a cgroup that is delegated to the caller' {
	local lent=/sys/fs/cgroup/lent
	echo '+pids +memory' >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$lent"
	chown "${ACCOUNT}c" "$lent" "$lent"/cgroup.{procs,threads,subtree_control}
	# shellcheck disable=SC2016
	run -0 in_cgroup "$lent" "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=50 --record record -- \
		sh -c 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/pids.max"'
	[[ $output == 50 ]]
	[[ $(record_value record 'r.mode + r.tracking + r.accounting.memory + r.missing.length') == setuidcgroup+pidnscgroup0 ]]
	until_true 60 rmdir "$lent/portcullis.delegated"
	until_true 60 rmdir "$lent"
}

@test 'without user namespaces and without the setuid bit, confine --ipc --require exits with 125, and confine --ipc --best-effort runs the command without IPC isolation' {
	install -m 755 "$CONFINE" "$TEST_DIR/plain"
	run -125 as_caller "$TEST_DIR/plain" --ipc --require -- true
	[[ $output == 'confine: ipc is not available: unshare(CLONE_NEWUSER): No space left on device' ]]
	run -0 as_caller "$TEST_DIR/plain" --ipc --best-effort --record record -- echo ran
	[[ $output == ran && $(record_value record 'r.mode + r.missing[0].what') == noneipc ]]
	rm "$TEST_DIR/plain"
}

@test 'the setuid confine and its command stay in the cgroup of the caller, so that cgroup.freeze and pids.max of this cgroup apply to them' {
	local cage=/sys/fs/cgroup/cage
	echo '+pids +memory +cpu' >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$cage"
	echo 50 >"$cage/cpu.weight"
	run -0 in_cgroup "$cage" "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=50 --best-effort --record record -- \
		sed -n 's/^0:://p' /proc/self/cgroup
	[[ $output == /cage && $(record_value record 'r.missing[0].what') == pids.max ]]
	in_cgroup "$cage" "$CONFINE" --cgroup "$ACCOUNT" -- sleep 1000 &
	until_true 60 pgrep -u "${ACCOUNT}c" -x sleep
	echo 1 >"$cage/cgroup.freeze"
	until_true 60 grep -q 'frozen 1' "$cage/cgroup.events"
	# The cgroup contains three frozen processes: the command, and the init process and the supervisor of confine.
	[[ $(wc -l <"$cage/cgroup.procs") == 3 ]]
	echo 0 >"$cage/cgroup.freeze"
	kill -KILL "$(pgrep -o -u "${ACCOUNT}c" -x confine)"
	# confine reports no missing limit if the cgroup already has that limit, and refuses to run if a stricter limit is required.
	echo 20 >"$cage/pids.max"
	in_cgroup "$cage" "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=50 --record record -- true
	[[ $(record_value record r.missing.length) == 0 ]]
	run -125 in_cgroup "$cage" "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=10 -- true
	until_true 60 rmdir "$cage"
}

@test 'if fs.suid_dumpable is 1 or 2, the setuid confine writes no core file when SIGSEGV ends it' {
	local dumpable pid
	echo "$WORK/core.%p" >/proc/sys/kernel/core_pattern
	ulimit -c unlimited
	for dumpable in 1 2; do
		sysctl -qw "fs.suid_dumpable=$dumpable"
		as_caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sleep 1000 &
		pid=$!
		until_true 60 pgrep -u "${ACCOUNT}c" -x sleep
		pkill -SEGV -u "${ACCOUNT}c" -x confine
		assert_status 139 wait "$pid"
		until_true 60 no_confine_processes
		[[ ! $(compgen -G 'core*') ]]
	done
}
