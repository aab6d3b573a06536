#!/usr/bin/env bats
# confine in a container: with parts of /proc masked, as in all containers, and with the default seccomp profile of Docker.

load helper
load container

setup_file() {
	confine_begin survivor
}

setup() {
	require_root
	record_begin
}

KINDS='double_fork closed_files ignores_signals stopped bomb renamed chain slow_chain sibling adopted traced tracer leaderless'

# Prints the survivors from inside the container, because the end of the container kills them.
# shellcheck disable=SC2016
RUN_EACH_KIND='for kind in $1; do
	"$2/confine" --cgroup x --record "$3" -- "$2/survivor" "$kind" >/dev/null || echo "$kind: $?"
done
for process in /proc/[0-9]*; do
	! grep -qx "Name:	survivor" "$process/status" 2>/dev/null || grep -qE "^State:	[ZX]" "$process/status" || cat "$process/stat"
done'

# assert_survivors_killed SECCOMP METHOD USER [KIND]: confine kills every kind of survivor by that tracking method
assert_survivors_killed() {
	local kinds="$KINDS ${4-}"
	run -0 run_in_container "$1" "$3" bash -c "$RUN_EACH_KIND" - "$kinds" "$TEST_DIR" "$RECORD"
	[[ ! $output && $(grep -c "\"tracking\":\"$2\"" "$RECORD") == $(wc -w <<<"$kinds") ]] || {
		head -n 20 <<<"$3: $output"
		cut -c1-400 "$RECORD"
		return 1
	}
}

@test 'if parts of /proc are masked, confine --cgroup keeps the PID namespace and the /proc of the container, and is a subreaper' {
	local user
	for user in 0 "$TEST_UID"; do
		# shellcheck disable=SC2016
		run -0 run_in_container unconfined "$user" bash -c 'grep -c " /proc" /proc/self/mounts && "$@"' - "$CONFINE" --cgroup x \
			--record "$RECORD" -- bash -c 'echo "$(grep -c " /proc" /proc/self/mounts) $(ps -o comm= -p $$) $(wc -c </proc/timer_list)"'
		[[ $output =~ ^([0-9]+)$'\n'([0-9]+)\ bash\ 0$ && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]] || {
			echo "$user: $output"
			return 1
		}
		[[ $(record_value "$RECORD" '[r.tracking, r.applied.cgroup, r.missing.length, r.refused_steps].join()') == 'subreaper,confine,0,mounting /proc: Operation not permitted' ]]
	done
	run -0 run_in_container unconfined "$TEST_UID" "$CONFINE" --probe
	[[ $output == *'pid=yes'*'proc=no: mounting /proc: Operation not permitted'* ]]
}

@test 'if parts of /proc are masked, confine kills all processes that the command leaves' {
	assert_survivors_killed unconfined subreaper 0
	: >"$RECORD"
	# RLIMIT_NPROC does not stop a fork bomb of root.
	assert_survivors_killed unconfined subreaper "$TEST_UID" live_bomb
}

@test "with Docker's default seccomp profile, confine as subreaper kills all processes that the command leaves" {
	assert_survivors_killed docker subreaper 0
	: >"$RECORD"
	assert_survivors_killed docker subreaper "$TEST_UID" live_bomb
}

@test "with Docker's default seccomp profile, --best-effort records which isolation is missing, and --require prints one line and runs nothing" {
	local user
	for user in 0 "$TEST_UID"; do
		run -0 run_in_container docker "$user" "$CONFINE" --net --ipc --cgroup x --best-effort --record "$RECORD" -- echo ran
		[[ $output == ran && $(record_value "$RECORD" 'r.missing.map((m) => m.what).join()') == net,ipc ]]
		[[ $(record_value "$RECORD" '[...new Set(r.missing.map((m) => m.why))].join()') == 'unshare(CLONE_NEWUSER): Operation not permitted' ]]
		run -125 run_in_container docker "$user" "$CONFINE" --net --ipc --cgroup x --require -- echo ran
		[[ $output == "confine: net is not available: unshare(CLONE_NEWUSER): Operation not permitted" ]]
	done
}

@test "with Docker's default seccomp profile, confine --audit records the connections of a phase that runs as root" {
	gcc -O1 -pthread -o "$TEST_DIR/client" "$TOP/test/confine/audit/client.c"
	run -0 run_in_container docker 0 "$CONFINE" --audit --record "$RECORD" -- "$TEST_DIR/client" connect 3
	[[ $(record_value "$RECORD" 'r.unreadable') == undefined && $(record_value "$RECORD" 'r.observed.map((t) => t.address + " " + t.count).join()') == '198.51.100.7 3' ]]
}
