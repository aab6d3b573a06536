#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# watcher.bash [ROUNDS]: measures the cost of --audit. Prints medians with and without it, in microseconds, and the difference.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"

readonly CONFINE=$TOP/native/build/confine

# took NAME COMMAND...: runs the command and prints "NAME NANOSECONDS".
took() {
	local name=$1 start=${EPOCHREALTIME/./}
	"${@:2}" >/dev/null
	printf '%s %d\n' "$name" $(((${EPOCHREALTIME/./} - start) * 1000))
}

# Starts many small processes that make no watched system calls, as in a compile phase.
compile() {
	local i
	for i in {1..12}; do
		gcc -O1 -c -o "$WORK/$i.o" "$TOP/bench/watcher.c"
	done
}

one_round() {
	"$CONFINE" --net --ipc --record "$WORK/record" "$@" -- "$WORK/calls"
	took confine-true "$CONFINE" --net --ipc --record "$WORK/record" "$@" -- true
	took confine-true "$CONFINE" --net --ipc --record "$WORK/record" "$@" -- true
	took compile-only-phase "$CONFINE" --net --ipc --record "$WORK/record" "$@" -- bash -c "$(declare -f compile); compile"
}

main() {
	local rounds=${1:-9} round kind
	WORK=$(mktemp -d)
	trap 'rm -rf -- "$WORK"' EXIT
	export WORK TOP
	make --no-print-directory -s -C "$TOP/native"
	gcc -O2 -Wall -Wextra -Werror -o "$WORK/calls" "$TOP/bench/watcher.c"
	for ((round = 0; round < rounds; round++)); do
		one_round | sed 's/^/without /'
		one_round --audit | sed 's/^/with /'
	done >"$WORK/all"
	printf '%-32s %10s %10s %10s\n' '' without with more
	cut -d' ' -f2 "$WORK/all" | awk '!seen[$0]++' | while read -r kind; do
		sort -k3n "$WORK/all" | awk -v kind="$kind" '
			$2 == kind { all[$1, ++count[$1]] = $3 }
			END {
				a = all["without", int((count["without"] + 1) / 2)]; b = all["with", int((count["with"] + 1) / 2)]
				printf "%-32s %10.2f %10.2f %10.2f us (%+.1f%%)\n", kind, a / 1000, b / 1000, (b - a) / 1000, (b - a) * 100 / a
			}'
	done
}

main "$@"
