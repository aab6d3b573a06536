#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher process of confine --audit on a busy machine. Only `npm run soak` runs this file, because a process with real-time priority
# occupies a processor of this machine.

load ../../lib/audit

@test 'if the watcher process of confine gets no CPU time for 400 ms while it reads memory of the phase, the record still has all messages of the phase' {
	local cpu supervisor watcher listening calls=$AUDIT_DIR/calls
	cpu=$(taskset -pc $$ | grep -o '[0-9]*$')
	# The watcher reads 1,024 addresses for each call, which takes most of its time.
	# shellcheck disable=SC2016 # for the inner shell
	"$CONFINE" --audit --record "$RECORD" --net -- bash -c 'until [[ -e $2.end ]]; do "$1" sendmsg 1100 || exit; echo >>"$2"; done' bash "$CLIENT" "$calls" 3>&- &
	supervisor=$!
	until_true 60 test -s "$calls"
	watcher=$(pgrep -x confine-watcher -P "$supervisor")
	# The second thread handles the calls, and the third one limits their time.
	listening=$(find "/proc/$watcher/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | sed -n 2p)
	taskset -pc "$cpu" "$listening"
	for _ in {1..20}; do
		# The process limits its own time, because it would also keep timeout(1) from running on this processor.
		run -0 taskset -c "$cpu" chrt -f 1 /usr/bin/python3 -c 'import time
while time.process_time() < 0.4: pass'
	done
	touch "$calls.end"
	wait "$supervisor"
	[[ $(record_value "$RECORD" r.unreadable) == undefined ]]
	[[ $(record_value "$RECORD" r.attempts) == $(($(wc -l <"$calls") * 1024)) ]]
}
