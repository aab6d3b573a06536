#!/usr/bin/env bats
# Mode setuid where user namespaces are off, where every cgroup controller is to be had, and where set-id programs may dump.

load ../setuid/helper

setup() {
	work
	before=$(sysctl -n user.max_user_namespaces)
	sysctl -qw user.max_user_namespaces=0
}

teardown() {
	sysctl -qw "user.max_user_namespaces=$before" fs.suid_dumpable=0
	harmless
}

@test 'no user namespaces: mode setuid has everything, limits too, and leaves nothing in the tree' {
	# shellcheck disable=SC2016
	run -0 caller "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --limit pids.max=50 --limit memory.max=200M --record record -- \
		sh -c 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/pids.max"'
	[[ $output == 50 ]]
	[[ $(last 'r.mode + r.keeper + r.accounting.memory + r.missing.length') == setuidcgroup+pidnscgroup0 ]]
	[[ ! -e /sys/fs/cgroup/portcullis ]]
}

@test 'no user namespaces and no bit: one message, and --best-effort goes on' {
	install -m 755 "$CONFINE" "$PLACE/plain"
	run -125 caller "$PLACE/plain" --net --require -- true
	[[ $output == 'confine: unshare(CLONE_NEWUSER): No space left on device' ]]
	run -0 caller "$PLACE/plain" --net --best-effort --record record -- echo ran
	[[ $output == ran && $(last 'r.mode + r.missing[0].what') == nonenet ]]
	rm "$PLACE/plain"
}

@test 'a caller whom a limit holds is not let out of it, whatever --limit asks for' {
	local cage=/sys/fs/cgroup/cage
	echo '+pids +memory' >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$cage"
	echo 20 >"$cage/pids.max"
	# shellcheck disable=SC2016
	run -0 bash -c 'echo $$ >"$1/cgroup.procs"; shift; "$@"' - "$cage" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" \
		--init-groups --inh-caps=-all "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=50 --best-effort --record record -- \
		sed -n 's/^0:://p' /proc/self/cgroup
	[[ $output == /cage/portcullis-* ]]
	[[ $(last 'r.missing[0].what') == pids.max ]]
	eventually rmdir "$cage"
}

@test 'fs.suid_dumpable 1 and 2: no core of confine, whatever it dies of' {
	local dumpable pid
	echo "$WORK/core.%p" >/proc/sys/kernel/core_pattern
	ulimit -c unlimited
	for dumpable in 1 2; do
		sysctl -qw "fs.suid_dumpable=$dumpable"
		caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sleep 1000 &
		pid=$!
		eventually pgrep -u "${ACCOUNT}c" -x sleep
		pkill -SEGV -u "${ACCOUNT}c" -x confine
		wait "$pid" || (($? > 128))
		eventually nobody_runs
		[[ ! $(compgen -G 'core*') ]]
	done
}
