#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Signals that arrive while `portcullis run` starts its command.

load ../lib/bats

# shellcheck source=../lib/wait.bash
source "${BATS_TEST_FILENAME%/*}/../lib/wait.bash"

setup() {
	TOP=$(cd -- "${BATS_TEST_FILENAME%/*}/../.." && pwd -P)
	# Node loads this module before the program. It sends the signal immediately after spawn().
	cat >"$BATS_TEST_TMPDIR/signal-at-spawn.cjs" <<-'EOF'
		const processes = require('node:child_process');
		const { spawn } = processes;
		processes.spawn = (...call) => {
			const child = spawn(...call);
			process.stderr.write(`spawned ${child.pid}\n`);
			process.kill(process.pid, process.env.SIGNAL);
			return child;
		};
	EOF
}

is_gone() {
	[[ ! -e /proc/$1 ]]
}

# signal_at_spawn SIGNAL COMMAND...: runs `portcullis run COMMAND...` and sends it the signal immediately after it has spawned confine.
# Sets status, and child to the PID of confine. The output goes to a file, because a remaining child would keep a pipe open.
signal_at_spawn() {
	status=0
	SIGNAL=$1 NODE_OPTIONS="--require=$BATS_TEST_TMPDIR/signal-at-spawn.cjs" timeout --kill-after=1 60 \
		"$TOP/bin/portcullis" run "${@:2}" >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- || status=$?
	child=$(sed -n 's/^spawned //p' "$BATS_TEST_TMPDIR/output")
	[[ $child ]]
}

@test 'portcullis run forwards SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 to confine, even if they arrive immediately after the start of confine' {
	local signal
	for signal in TERM HUP USR1 USR2; do
		signal_at_spawn "SIG$signal" -- sleep 1000
		until_true 60 is_gone "$child" || {
			kill -KILL "$child"
			echo "$signal: the child is still running"
			return 1
		}
		((status == 128 + $(kill -l "$signal")))
	done
}

@test 'portcullis run ignores SIGINT and SIGQUIT, even immediately after the start of confine, and exits with the status of the command' {
	local signal
	for signal in SIGINT SIGQUIT; do
		signal_at_spawn "$signal" -- sh -c 'exit 7'
		((status == 7))
	done
}
