#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# /proc with hidepid=2, as on hardened hosts: an unprivileged user does not see processes that are not dumpable, such as init of confine.

load confine_helper

setup_file() {
	confine_begin refuse_calls survivor
}

# run_with_hidepid COMMAND...: runs the command as TEST_UID with hidepid=2
run_with_hidepid() {
	# shellcheck disable=SC2016
	unshare --mount -- bash -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' - \
		setpriv --reuid="$TEST_UID" --regid="$TEST_UID" --clear-groups --inh-caps=-all -- "$@"
}

@test 'if /proc is mounted with hidepid=2, confine records and kills the processes that the command leaves running, with and without a PID namespace' {
	local method kind
	local -a prefix
	for method in pidns subreaper; do
		prefix=()
		[[ $method == pidns ]] || prefix=("$TEST_DIR/refuse_calls" unshare:newpid=EPERM --)
		for kind in double_fork stopped adopted bomb; do
			run_with_hidepid "${prefix[@]}" "$CONFINE" --cgroup x --record "$RECORD" -- "$TEST_DIR/survivor" "$kind"
			[[ $(record_value "$RECORD" 'r.tracking + (r.orphans?.length > 0) + r.stuck') == "${method}trueundefined" ]] || {
				echo "$method, $kind: $(tail -n1 "$RECORD" | cut -c1-500)"
				return 1
			}
			[[ ! $(live_processes "$TEST_UID") ]]
		done
	done
}

@test 'if /proc is mounted with hidepid=2, confine also kills a process that the command leaves running and that is not dumpable and thus not visible in /proc' {
	run_with_hidepid "$TEST_DIR/refuse_calls" unshare:newpid=EPERM -- "$CONFINE" --cgroup x --record "$RECORD" -- "$TEST_DIR/survivor" no_death_signal
	[[ $(record_value "$RECORD" r.stuck) == undefined && ! $(live_processes "$TEST_UID") ]]
}
