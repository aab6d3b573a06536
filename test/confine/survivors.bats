#!/usr/bin/env bats
# Whatever a command leaves behind is named and killed, in each of the four ways. The last test prints the table.

load helper
load tracking_methods

setup_file() {
	confine_begin refuse_calls survivor
	TABLE=$PLACE/table
	export TABLE
}

teardown_file() {
	[[ ! -s ${TABLE-} ]] || table >&3
	confine_end
}

setup() {
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
}

table() {
	printf '# %-34s %-13s %-12s %-12s %-12s\n' 'killed, in milliseconds' 'PID namespace' subreaper cgroup setuid
	awk -F'\t' '
		!($1 in seen) { seen[$1]; order[++n] = $1 }
		{ took[$1, $2] = $3 }
		END { for (i = 1; i <= n; i++) printf "# %-34s %-13s %-12s %-12s %-12s\n", order[i], took[order[i], "pidns"], took[order[i], "subreaper"], took[order[i], "cgroup"], took[order[i], "setuid"] }
	' "$TABLE"
}

KEEPERS='pidns subreaper'
((UID != 0)) || ! "${CONFINE:-true}" --probe | grep -q "^cgroup=yes" || KEEPERS+=" cgroup"
((UID != 0)) || KEEPERS+=' setuid'

# As an ordinary user has processes of his own elsewhere, his survivors are known by what confine's place is called.
survivors() {
	if ((UID == 0)); then marked "$ORDINARY"; else marked "$PLACE"; fi
}

no_cgroup() {
	[[ ! $(find /sys/fs/cgroup -type d -name "*-$NAME.*" 2>/dev/null) ]]
}

emulated() {
	grep -q 'QEMU TCG' /proc/cpuinfo
}

# Nothing outlasted the 7 s that confine waits. In an emulated CPU dying alone may take longer: then it has said so, all are gone in
# the end, and the next run takes the cgroup away.
in_time() {
	[[ $1 == *'"stuck":'* ]] || return 0
	emulated && until_true 60 eval '[[ ! $(survivors) ]]' && "$CONFINE" --cgroup next -- true
}

# leaves DESCRIPTION COMMAND... : the command leaves something, which is then gone, by each keeper
leaves() {
	local what=$1 keeper start record count
	shift
	NAME=${PLACE##*.}-$BATS_TEST_NUMBER
	export PC_PLACE=$PLACE
	for keeper in $KEEPERS; do
		start=${EPOCHREALTIME/./} count=0
		run -0 kept_by "$keeper" "$@"
		printf '%s\t%s\t%d\n' "$what" "$keeper" $(((${EPOCHREALTIME/./} - start) / 1000)) >>"$TABLE"
		# Not read by Node, whose start takes longer than all the rest: seconds in an emulated CPU.
		record=$(tail -n1 "$RECORD")
		{ [[ $output == ready ]] && shows "$keeper" "$record" && in_time "$record"; } || {
			echo "$what, $keeper: $output ${record:0:1000}"
			return 1
		}
		[[ ! $(survivors) ]] || {
			echo "$what outlived $keeper:"
			ps -o pid,ppid,stat,args -p "$(survivors | paste -sd,)"
			return 1
		}
		no_cgroup
		[[ ! $record =~ '"orphan_count":'([0-9]+) ]] || count=${BASH_REMATCH[1]}
		((count >= NAMED)) || {
			echo "$what, $keeper: not named: ${record:0:1000}"
			return 1
		}
	done
}

# survive DESCRIPTION KIND [NAMED]: a kind of survivor.c, of which at least so many are named
survive() {
	NAMED=${3-1}
	leaves "$1" "$PLACE/survivor" "$2"
}

@test 'double fork and setsid' {
	survive 'double fork, setsid' double_fork
}

@test 'a daemon that closed every file and changed its directory' {
	survive 'closed files, chdir /' closed_files
}

@test 'a process that ignores and blocks every signal' {
	survive 'deaf to every signal' deaf
}

@test 'a stopped process' {
	survive 'stopped' stopped
}

@test 'a parent in vfork, in uninterruptible sleep as ps has it' {
	survive 'vfork (D, but killable)' in_vfork 2
}

@test 'a fork bomb of 2,000' {
	survive 'a bomb of 2,000' bomb 2000
}

@test 'a fork bomb that goes on' {
	# 300 that fork without a pause let an emulated kernel no time to free anything (RCU), and it runs out of memory.
	! emulated || export SURVIVOR_BOMB=60
	survive 'a bomb that goes on' live_bomb 0
}

@test 'a fork bomb that goes on among those who called' {
	survive 'a bomb in our own group' near_bomb 0
}

@test 'in another session, under another name' {
	survive 'another session, renamed' renamed
}

@test 'without a death signal, not dumpable' {
	survive 'PR_SET_PDEATHSIG 0' no_death_signal
}

@test 'a chain that re-forks without a pause' {
	survive 're-forks without a pause' chain 0
}

@test 'a chain that re-forks every 2 ms, in a new session each' {
	survive 're-forks every 2 ms' slow_chain
}

@test 're-parented: a sibling of the command by CLONE_PARENT' {
	survive 're-parented: CLONE_PARENT' sibling
}

@test 're-parented: under a subreaper of its own that then ends' {
	survive 're-parented: own subreaper' adopted
}

@test 'one that is ptraced by another' {
	survive 'ptraced by another' traced 2
}

@test 'one that ptraces and stops what keeps it' {
	survive 'ptraces and stops its keeper' tracer
}

@test 'one in user and PID namespaces of its own' {
	survive 'own namespaces' namespaced
}

@test 'one whose first thread has ended, a zombie as ps has it' {
	survive 'its first thread ended' leaderless
}

@test 'one that kills what keeps it takes the command along, and nothing else survives' {
	local keeper
	NAME=${PLACE##*.}-$BATS_TEST_NUMBER
	for keeper in $KEEPERS; do
		kept_by "$keeper" "$PLACE/survivor" killer >/dev/null || [[ $keeper == subreaper && $? == 137 ]]
		[[ ! $(survivors) ]]
		no_cgroup
	done
}

@test 'the supervisor is killed: none of them is there a second later, and no cgroup after the next run' {
	local keeper kind confined
	NAME=survivors-$BATS_TEST_NUMBER
	for keeper in $KEEPERS; do
		for kind in deaf stopped leaderless chain slow_chain traced tracer namespaced; do
			: >"$PLACE/said"
			# shellcheck disable=SC2016
			kept_by "$keeper" bash -c '"$@" && exec sleep 1000' - "$PLACE/survivor" "$kind" >"$PLACE/said" 3>&- &
			confined=$!
			until_true 20 grep -q ready "$PLACE/said"
			kill -KILL "$(pgrep -of "^$PLACE/[a-z]* --cgroup $NAME ")"
			until_true 1 eval '[[ ! $(survivors) ]]' || {
				echo "$kind outlived $keeper, whose supervisor was killed:"
				ps -o pid,ppid,stat,args -p "$(survivors | paste -sd,)"
				return 1
			}
			wait "$confined" || true
		done
	done
	[[ $KEEPERS != *cgroup* ]] || "$CONFINE" --cgroup other -- true
	no_cgroup
}

@test 'redis-server --daemonize yes, by name' {
	local keeper
	NAMED=1
	# shellcheck disable=SC2016
	leaves 'redis-server' bash -c 'cd "$PC_PLACE" && redis-server --port 0 --unixsocket "$PC_PLACE/redis" --daemonize yes --save "" \
		--dir "$PC_PLACE" >/dev/null && until [[ $(redis-cli -s "$PC_PLACE/redis" ping 2>/dev/null) == PONG ]]; do :; done; echo ready'
	[[ $(record_value "$RECORD" 'r.orphans.map((o) => o.comm).join()') == redis-server && $(record_value "$RECORD" 'r.orphans[0].argv[0]') == redis-server* ]]
}

@test 'Xvfb, by name' {
	NAMED=1
	# shellcheck disable=SC2016
	leaves 'Xvfb' bash -c 'coproc X { exec Xvfb -displayfd 1 -nolisten tcp -nolock -screen 0 64x64x8 2>/dev/null; }
		read -r display <&"${X[0]}" && [[ $display =~ ^[0-9]+$ ]] && rm -f "/tmp/.X11-unix/X$display" && echo ready'
	[[ $(record_value "$RECORD" 'r.orphans.map((o) => o.comm).join()') == Xvfb ]]
}
