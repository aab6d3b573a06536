#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher process of confine --audit on a busy machine. Only `npm run soak` runs this file, because a process with real-time priority
# occupies a processor of this machine.

load ../../lib/audit

# The second thread of the watcher handles the calls, and the third one limits their time.
@test 'if the watcher process of confine gets no CPU time for 400 ms while it reads memory of the phase, the record still counts all datagrams that the phase sends' {
	assert_counts_all_without_cpu confine-watcher 2
}

@test 'if the Yama broker of confine gets no CPU time for 400 ms while it reads memory of the phase, the record still counts all datagrams that the phase sends' {
	[[ $(cat /proc/sys/kernel/yama/ptrace_scope) == 1 ]] || skip 'needs kernel.yama.ptrace_scope=1'
	assert_counts_all_without_cpu confine '2,$'
}

# assert_counts_all_without_cpu NAME LINES: fails unless the record has all messages of a phase during which some threads of confine get no
# CPU time. NAME: name of the process, confine for the supervisor. LINES: address of sed(1) that selects threads from the list of their TIDs.
assert_counts_all_without_cpu() {
	local cpu supervisor process threads thread calls=$AUDIT_DIR/calls
	cpu=$(taskset -pc $$ | grep -o '[0-9]*$')
	install -m 666 /dev/null "$calls"
	rm -f "$calls.end"
	# For each call, the watcher process or the Yama broker reads 1,024 addresses, which takes most of its time. The phase needs no namespace of
	# its own, because without SO_BROADCAST the kernel refuses to send to this address. In a user namespace, Yama would permit the watcher to read.
	# shellcheck disable=SC2016 # for the inner shell
	TO=255.255.255.255 setpriv --reuid=12321 --regid=12321 --clear-groups "$CONFINE" --audit --record "$RECORD" -- bash -c 'until [[ -e $2.end ]]; do "$1" sendmsg 1100 || exit; echo >>"$2"; done' bash "$CLIENT" "$calls" 3>&- &
	supervisor=$!
	until_true 60 test -s "$calls"
	process=$(pgrep -ox "$1" -P "$supervisor,$$")
	threads=$(find "/proc/$process/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | sed -n "$2p")
	[[ $threads ]]
	for thread in $threads; do
		taskset -pc "$cpu" "$thread"
	done
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
