#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# connect.bash blocked|parallel|filter ROUNDS: measures connect(2) in a phase that confine watches, beside a minimal listener (floor.c).
#   blocked    one call to an address without a route
#   parallel   10,000 such calls from 64 processes
#   filter     one call to an own port on loopback, where confine gets no network namespace and filters system calls instead
# The output is that of rounds.bash. BENCH_BIN is a directory with the programs confine, connects, floor and refuse_calls.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"

readonly FLOOR='a minimal listener that reads the address and continues the call'

# Sets KINDS. Each row: command|name
set_kinds() {
	local network='unshare --user --map-root-user --net' refuse="$BENCH_BIN/refuse_calls unshare=EPERM --" calls
	((EUID != 0)) || network='unshare --net'
	case $1 in
	blocked) calls="$BENCH_BIN/connects blocked 20000" ;;
	parallel) calls="$BENCH_BIN/connects parallel 10000 64" ;;
	filter)
		KINDS=(
			"$refuse $BENCH_BIN/floor $BENCH_BIN/connects loopback 20000|$FLOOR"
			"$refuse $BENCH_BIN/confine --net --audit --best-effort -- $BENCH_BIN/connects loopback 20000|confine --net --audit, by a filter"
		)
		return
		;;
	esac
	KINDS=(
		"$network $BENCH_BIN/floor $calls|$FLOOR"
		"$network $calls|no listener"
		"$BENCH_BIN/confine --net --audit -- $calls|confine --net --audit"
	)
}

one() {
	# shellcheck disable=SC2086 # words
	TOOK=$(${KINDS[$1]%|*})
}

main() {
	local -a KINDS
	set_kinds "$1"
	rounds "$2"
}

main "$@"
