#!/usr/bin/env bats
# A process that even SIGKILL does not end for now: waited for, reported, and never a hang. The freezer of cgroup v1 holds it.

bats_require_minimum_version 1.5.0
load ../confine/helper

FREEZER=/sys/fs/cgroup/freezer/held

setup_file() {
	confine_begin refuse
	mkdir "$FREEZER"
}

teardown_file() {
	[[ ! -d $FREEZER ]] || echo THAWED >"$FREEZER/freezer.state"
	confine_end
	until_true 5 rmdir "$FREEZER"
}

setup() {
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
}

# Leaves a process that sleeps uninterruptibly, and ends once it does.
# shellcheck disable=SC2016
HOLD='exec >/dev/null 2>&1 3>&- 4>&-
	sleep 1000 &
	echo $! >"$1/cgroup.procs" && echo FROZEN >"$1/freezer.state"
	until read -r state <"$1/freezer.state" && [[ $state == FROZEN ]]; do :; done'

held_by() {
	local took start=$SECONDS
	run -0 "$@" -- bash -c "$HOLD" - "$FREEZER"
	took=$((SECONDS - start))
	[[ $(last r.stuck) == true && $(last r.orphans.length) == 1 ]] || {
		tail -n1 "$RECORD"
		return 1
	}
	((took <= 10)) || {
		echo "it took $took s"
		return 1
	}
	echo "# $(last r.keeper): reported after $took s" >&3
	# Let go, it dies.
	echo THAWED >"$FREEZER/freezer.state"
	until_true 5 eval '[[ ! $(<"$FREEZER/cgroup.procs") ]]'
	# The cgroup it was in goes with the next run.
	"$CONFINE" --cgroup next -- true
	[[ ! $(find /sys/fs/cgroup -type d -name 'portcullis-*') ]]
}

@test 'in a cgroup and a PID namespace' {
	held_by "$CONFINE" --cgroup x --record "$RECORD" --tell "$RECORD.tell"
	[[ -s $RECORD.tell ]]
}

@test 'in a cgroup alone' {
	held_by "$PLACE/refuse" unshare:newpid=EPERM -- "$CONFINE" --cgroup x --record "$RECORD"
}
