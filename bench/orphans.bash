#!/usr/bin/env bash
# orphans.bash ROUNDS: how long after their command's end 1,000 orphans live: until the last one is dead and the tool has ended.
# confine, by each keeper in turn, gives them 25 ms to end by themselves, and names them in its record; the others do neither.
# Prints what rounds prints.
# BENCH_BIN holds confine, leave and refuse_calls (test/confine/refuse_calls.c).
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"

readonly COUNT=1000
readonly CONFINE=$BENCH_BIN/confine NO_PIDS="$BENCH_BIN/refuse_calls unshare:newpid=EPERM --"
readonly ORDINARY='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --'

# what the record says was the keeper, command, name
KINDS=(
	"-|bwrap --dev-bind / / --unshare-pid --die-with-parent --|bwrap --unshare-pid --die-with-parent"
	"-|unshare --user --map-root-user --pid --fork --kill-child --mount-proc --|unshare --pid --fork --kill-child"
	"pidns|@user@ $CONFINE|confine --cgroup, by a PID namespace"
	"subreaper|@user@ $NO_PIDS $CONFINE|confine --cgroup, by a subreaper"
)
ROOT_KINDS=(
	"cgroup|$NO_PIDS $CONFINE|confine --cgroup, by a cgroup"
	"cgroup+pidns|$CONFINE|confine --cgroup, by a cgroup and a PID namespace"
)

# Sets TOOK. A keeper that is not what its name says would make a fine number.
one() {
	local keeper command ended end
	IFS='|' read -r keeper command _ <<<"${KINDS[$1]}"
	command=${command/@user@/$USER_PREFIX}
	[[ $keeper == - ]] || command+=" --cgroup bench --record $WORK/record --"
	: >"$WORK/record"
	# shellcheck disable=SC2086 # words
	{
		read -r ended
		# The end of the pipe, which the last one that lives holds open.
		read -r _ || end=${EPOCHREALTIME/./}
	} < <($command "$BENCH_BIN/orphans" "$COUNT")
	[[ $keeper == - || $(<"$WORK/record") == *"\"tracking\":\"$keeper\""*"\"orphan_count\":$COUNT,"* ]] ||
		die "$keeper, not $COUNT orphans: $(<"$WORK/record")"
	TOOK=$(((end - ended) * 1000))
}

main() {
	USER_PREFIX=
	if ((EUID == 0)); then
		USER_PREFIX=$ORDINARY
		KINDS+=("${ROOT_KINDS[@]}")
	fi
	rounds "$1"
}

WORK=$(mktemp -d /var/tmp/pc-orphans.XXXXXX)
trap 'rm -rf -- "$WORK"' EXIT
chmod 777 "$WORK"
touch "$WORK/record"
chmod 666 "$WORK/record"
main "$@"
