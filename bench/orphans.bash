#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# orphans.bash ROUNDS: measures, under confine, bwrap and unshare, the time from the end of a command that leaves 1,000 processes (orphans) to the end of the last orphan.
# confine waits 25 ms for orphans that exit by themselves, and records their names; bwrap and unshare do neither. The output is that of
# rounds.bash.
# BENCH_BIN is a directory with the programs confine, orphans and refuse_calls (test/confine/refuse_calls.c).
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"

readonly COUNT=1000
readonly CONFINE=$BENCH_BIN/confine NO_PIDS="$BENCH_BIN/refuse_calls unshare:newpid=EPERM --"
readonly ORDINARY='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --'

# Each row: tracking method in the record (- for none)|command|name
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

# one NUMBER: measures one run of row NUMBER of KINDS and sets TOOK to nanoseconds. Fails if confine used another tracking method than the row requires.
one() {
	local method command ended end
	IFS='|' read -r method command _ <<<"${KINDS[$1]}"
	command=${command/@user@/$USER_PREFIX}
	[[ $method == - ]] || command+=" --cgroup bench --record $WORK/record --"
	: >"$WORK/record"
	# shellcheck disable=SC2086 # the command is a list of words
	{
		read -r ended
		# This read fails when the last orphan has ended and closed the pipe. The time of this end minus `ended` is the result.
		read -r _ || end=${EPOCHREALTIME/./}
	} < <($command "$BENCH_BIN/orphans" "$COUNT")
	[[ $method == - || $(<"$WORK/record") == *"\"tracking\":\"$method\""*"\"orphan_count\":$COUNT,"* ]] ||
		die "$method, not $COUNT orphans: $(<"$WORK/record")"
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
