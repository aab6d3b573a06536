#!/usr/bin/env bats
# In a real container: /proc masked, as all of them have it; and with what Docker's default seccomp profile refuses.

load helper
load container

setup_file() {
	confine_begin survivor
}

setup() {
	only_root
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
}

KINDS='double_fork closed_files deaf stopped bomb renamed chain slow_chain sibling adopted traced tracer leaderless'

# What is left when it has ended, told in there: with the container everything would go.
# shellcheck disable=SC2016
EACH='for kind in $1; do
	"$2/confine" --cgroup x --record "$3" -- "$2/survivor" "$kind" >/dev/null || echo "$kind: $?"
done
for process in /proc/[0-9]*; do
	! grep -qx "Name:	survivor" "$process/status" 2>/dev/null || grep -qE "^State:	[ZX]" "$process/status" || cat "$process/stat"
done'

# killed_in SECCOMP KEEPER USER [KIND]: every kind of survivor
killed_in() {
	local kinds="$KINDS ${4-}"
	run -0 contained "$1" "$3" bash -c "$EACH" - "$kinds" "$PLACE" "$RECORD"
	[[ ! $output && $(grep -c "\"tracking\":\"$2\"" "$RECORD") == $(wc -w <<<"$kinds") ]] || {
		head -n 20 <<<"$3: $output"
		cut -c1-400 "$RECORD"
		return 1
	}
}

@test 'parts of /proc are masked: it is not mounted anew, and the PID namespace keeps all the same' {
	local user
	for user in 0 "$ORDINARY"; do
		# Its own number and what the container's /proc calls it, which is the one there was and shows nothing of what it shall not.
		# shellcheck disable=SC2016
		run -0 contained unconfined "$user" bash -c 'grep -c " /proc" /proc/self/mounts && "$@"' - "$CONFINE" --cgroup x \
			--record "$RECORD" -- bash -c 'echo "$(grep -c " /proc" /proc/self/mounts) $$ $(readlink /proc/self) $(wc -c </proc/timer_list)"'
		[[ $output =~ ^([0-9]+)$'\n'([0-9]+)\ ([0-9]+)\ ([0-9]+)\ 0$ && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" &&
			${BASH_REMATCH[3]} != "${BASH_REMATCH[4]}" ]] || {
			echo "$user: $output"
			return 1
		}
		[[ $(record_value "$RECORD" '[r.tracking, r.applied.cgroup, r.missing.length].join()') == pidns,confine,0 ]]
	done
	run -0 contained unconfined "$ORDINARY" "$CONFINE" --probe
	[[ $output == *'pid=yes'*'proc=no: mounting /proc: Operation not permitted'* ]]
}

@test 'parts of /proc are masked: no survivor' {
	killed_in unconfined pidns 0
	: >"$RECORD"
	# A bomb that goes on is nothing for uid 0, whom no RLIMIT_NPROC holds.
	killed_in unconfined pidns "$ORDINARY" live_bomb
}

@test "Docker's default profile: no survivor, by the subreaper" {
	killed_in docker subreaper 0
	: >"$RECORD"
	killed_in docker subreaper "$ORDINARY" live_bomb
}

@test "Docker's default profile: what can't be had is told once, in one line, or refused" {
	local user
	for user in 0 "$ORDINARY"; do
		run -0 contained docker "$user" "$CONFINE" --net --ipc --cgroup x --best-effort --record "$RECORD" -- echo ran
		[[ $output == ran && $(record_value "$RECORD" 'r.missing.map((m) => m.what).join()') == net,ipc ]]
		[[ $(record_value "$RECORD" '[...new Set(r.missing.map((m) => m.why))].join()') == 'unshare(CLONE_NEWUSER): Operation not permitted' ]]
		run -125 contained docker "$user" "$CONFINE" --net --ipc --cgroup x --require -- echo ran
		[[ $output == "confine: net is not available: unshare(CLONE_NEWUSER): Operation not permitted" ]]
	done
}

@test "Docker's default profile: the watcher looks into a phase of root, whose capabilities it has" {
	gcc -O1 -pthread -o "$PLACE/client" "$TOP/test/confine/audit/client.c"
	run -0 contained docker 0 "$CONFINE" --audit --record "$RECORD" -- "$PLACE/client" connect 3
	[[ $(record_value "$RECORD" 'r.unreadable') == undefined && $(record_value "$RECORD" 'r.observed.map((t) => t.address + " " + t.count).join()') == '198.51.100.7 3' ]]
}
