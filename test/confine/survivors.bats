#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine records and kills all processes that a command leaves, by each tracking method. The end prints a table of times.

load confine_helper
load tracking_methods

setup_file() {
	confine_begin refuse_calls survivor
	TABLE=$TEST_DIR/table
	export TABLE
}

teardown_file() {
	[[ ! -s ${TABLE-} ]] || table >&3
	confine_end
}

table() {
	printf '# %-34s %-13s %-12s %-12s %-12s\n' 'killed, in milliseconds' 'PID namespace' subreaper cgroup setuid
	awk -F'\t' '
		!($1 in seen) { seen[$1]; order[++n] = $1 }
		{ took[$1, $2] = $3 }
		END { for (i = 1; i <= n; i++) printf "# %-34s %-13s %-12s %-12s %-12s\n", order[i], took[order[i], "pidns"], took[order[i], "subreaper"], took[order[i], "cgroup"], took[order[i], "setuid"] }
	' "$TABLE"
}

METHODS='pidns subreaper'
((UID != 0)) || ! "${CONFINE:-true}" --probe | grep -q "^cgroup=yes" || METHODS+=" cgroup"
((UID != 0)) || METHODS+=' setuid'

# survivors: prints the PIDs of the surviving processes. An unprivileged user has other processes, so TEST_DIR identifies them.
survivors() {
	if ((UID == 0)); then live_processes "$TEST_UID"; else live_processes "$TEST_DIR"; fi
}

no_cgroup() {
	[[ ! $(find /sys/fs/cgroup -type d -name "*-$CGROUP.*" 2>/dev/null) ]]
}

emulated() {
	grep -q 'QEMU TCG' /proc/cpuinfo
}

# nothing_stuck RECORD-LINE: fails if a process has outlasted the 7 s that confine waits. On an emulated CPU such a process is permitted if
# it ends within a minute and the next run removes the cgroup.
nothing_stuck() {
	[[ $1 == *'"stuck":'* ]] || return 0
	emulated && until_true 60 eval '[[ ! $(survivors) ]]' && "$CONFINE" --cgroup next -- true
}

# assert_killed DESCRIPTION COMMAND...: confine kills all processes that the command leaves, by each tracking method, and records at
# least NAMED of them
assert_killed() {
	local what=$1 method start line count
	shift
	for method in $METHODS; do
		start=${EPOCHREALTIME/./} count=0
		run -0 run_tracked "$method" "$@"
		printf '%s\t%s\t%d\n' "$what" "$method" $(((${EPOCHREALTIME/./} - start) / 1000)) >>"$TABLE"
		# record_value would start Node, which takes seconds on an emulated CPU.
		line=$(tail -n1 "$RECORD")
		{ [[ $output == ready ]] && record_names_method "$method" "$line" && nothing_stuck "$line"; } || {
			echo "$what, $method: $output ${line:0:1000}"
			return 1
		}
		[[ ! $(survivors) ]] || {
			echo "$what outlived $method:"
			ps -o pid,ppid,stat,args -p "$(survivors | paste -sd,)"
			return 1
		}
		no_cgroup
		[[ ! $line =~ '"orphan_count":'([0-9]+) ]] || count=${BASH_REMATCH[1]}
		((count >= NAMED)) || {
			echo "$what, $method: not named: ${line:0:1000}"
			return 1
		}
	done
}

# assert_survivor_killed DESCRIPTION KIND [NAMED]: fails unless confine kills the processes that `survivor KIND` (survivor.c) leaves, and records at least NAMED (1) of them
assert_survivor_killed() {
	NAMED=${3-1}
	assert_killed "$1" "$TEST_DIR/survivor" "$2"
}

@test 'when the command exits, confine kills a daemon that a double fork and setsid(2) have detached from the command' {
	assert_survivor_killed 'double fork, setsid' double_fork
}

@test 'when the command exits, confine kills a daemon that has closed all files' {
	assert_survivor_killed 'closed files, chdir /' closed_files
}

@test 'when the command exits, confine kills a remaining process that ignores and blocks all signals' {
	assert_survivor_killed 'ignores every signal' ignores_signals
}

@test 'when the command exits, confine kills a remaining process that is stopped' {
	assert_survivor_killed 'stopped' stopped
}

@test 'when the command exits, confine kills a remaining process that waits in vfork(2) in state D' {
	assert_survivor_killed 'vfork (D, but killable)' in_vfork 2
}

@test 'when the command exits, confine kills a fork bomb of 2,000 processes' {
	assert_survivor_killed 'a bomb of 2,000' bomb 2000
}

@test 'when the command exits, confine kills a fork bomb that never stops forking' {
	# With 300 processes that fork without a pause an emulated kernel frees no memory (RCU) and runs out of it.
	! emulated || export SURVIVOR_BOMB=60
	assert_survivor_killed 'a bomb that goes on' live_bomb 0
}

@test 'when the command exits, confine kills a fork bomb in the process group of the caller of confine' {
	assert_survivor_killed 'a bomb in our own group' near_bomb 0
}

@test 'when the command exits, confine kills a remaining process that has a new session and a new process name' {
	assert_survivor_killed 'another session, renamed' renamed
}

@test 'when the command exits, confine kills a remaining process that is not dumpable and has no parent death signal' {
	assert_survivor_killed 'PR_SET_PDEATHSIG 0' no_death_signal
}

@test 'when the command exits, confine kills a chain of processes that fork and exit without a pause' {
	assert_survivor_killed 're-forks without a pause' chain 0
}

@test 'when the command exits, confine kills a chain of processes that fork into a new session and exit every 2 ms' {
	assert_survivor_killed 're-forks every 2 ms' slow_chain
}

@test 'when the command exits, confine kills a process that the command has created as its sibling by CLONE_PARENT' {
	assert_survivor_killed 're-parented: CLONE_PARENT' sibling
}

@test 'when the command exits, confine kills a remaining process whose subreaper, a process of the command, has exited' {
	assert_survivor_killed 're-parented: own subreaper' adopted
}

@test 'when the command exits, confine kills a remaining process that another process traces' {
	assert_survivor_killed 'ptraced by another' traced 2
}

@test 'when the command exits, confine kills a remaining process that traces and stops confine' {
	assert_survivor_killed 'ptraces and stops confine' tracer
}

@test 'when the command exits, confine kills a remaining process that has created user and PID namespaces' {
	assert_survivor_killed 'own namespaces' namespaced
}

@test 'when the command exits, confine kills a remaining process in state Z whose first thread has exited while another thread runs' {
	assert_survivor_killed 'its first thread ended' leaderless
}

@test 'if a process that the command has started sends SIGKILL to the init process of confine, all processes that the command has started are killed too' {
	local method wanted
	for method in $METHODS; do
		# The command can kill init only as a subreaper: init as process 1 of a PID namespace ignores the signal, and with a cgroup another user runs init.
		[[ $method == subreaper ]] && wanted=137 || wanted=0
		assert_status "$wanted" run_tracked "$method" "$TEST_DIR/survivor" killer >/dev/null
		[[ ! $(survivors) ]]
		no_cgroup
	done
}

@test 'if confine is killed, all processes of the command end, and the next run removes the cgroup' {
	local method kind confined
	for method in $METHODS; do
		for kind in ignores_signals stopped leaderless chain slow_chain traced tracer namespaced; do
			: >"$TEST_DIR/output"
			# shellcheck disable=SC2016
			run_tracked "$method" bash -c '"$@" && exec sleep 1000' - "$TEST_DIR/survivor" "$kind" >"$TEST_DIR/output" 3>&- &
			confined=$!
			until_true 60 grep -q ready "$TEST_DIR/output"
			kill -KILL "$(pgrep -of "^$TEST_DIR/[a-z]* --cgroup $CGROUP ")"
			until_true 60 eval '[[ ! $(survivors) ]]' || {
				echo "$kind outlived $method, whose supervisor was killed:"
				ps -o pid,ppid,stat,args -p "$(survivors | paste -sd,)"
				return 1
			}
			wait "$confined" || true
		done
	done
	[[ $METHODS != *cgroup* ]] || "$CONFINE" --cgroup other -- true
	no_cgroup
}

@test 'when the command exits, confine kills the daemon of redis-server --daemonize yes, and records the name redis-server' {
	local method
	NAMED=1
	# shellcheck disable=SC2016
	assert_killed 'redis-server' bash -c "$(declare -f until_true)"'
		is_up() { [[ $(redis-cli -s "$TEST_DIR/redis" ping 2>/dev/null) == PONG ]]; }
		cd "$TEST_DIR" && redis-server --port 0 --unixsocket "$TEST_DIR/redis" --daemonize yes --save "" \
		--dir "$TEST_DIR" >/dev/null && until_true 60 is_up && echo ready'
	[[ $(record_value "$RECORD" 'r.orphans.map((o) => o.comm).join()') == redis-server && $(record_value "$RECORD" 'r.orphans[0].argv[0]') == redis-server* ]]
}

@test 'when the command exits, confine kills an Xvfb in the background, and records the name Xvfb' {
	NAMED=1
	# shellcheck disable=SC2016
	assert_killed 'Xvfb' bash -c 'coproc X { exec Xvfb -displayfd 1 -nolisten tcp -nolock -screen 0 64x64x8 2>/dev/null; }
		read -r display <&"${X[0]}" && [[ $display =~ ^[0-9]+$ ]] && rm -f "/tmp/.X11-unix/X$display" && echo ready'
	[[ $(record_value "$RECORD" 'r.orphans.map((o) => o.comm).join()') == Xvfb ]]
}
