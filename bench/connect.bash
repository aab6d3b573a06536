#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# connect.bash blocked|parallel|filter|socket ROUNDS: measures connect(2) in a phase that confine watches, and for comparison under a minimal seccomp listener (floor.c).
#   blocked    one call to an address without a route
#   parallel   10,000 such calls from 64 processes
#   filter     one call to a port of the same process on loopback, where confine cannot make a network namespace and filters system calls instead
#   socket     one call to a UNIX socket of the host and of the phase, beside one to an address without a route
# The output is that of rounds.bash. BENCH_BIN is a directory with the programs confine, connects, floor and refuse_calls.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"

readonly HOST_SOCKET=$BENCH_BIN/host-socket OWN_SOCKET=$BENCH_BIN/own-socket
readonly FLOOR='a minimal listener that reads the address and continues the call'

# Sets KINDS. Each row: command|name
set_kinds() {
	local watched="$BENCH_BIN/confine --net --audit -- $BENCH_BIN/connects" network='unshare --user --map-root-user --net' refuse="$BENCH_BIN/refuse_calls unshare=EPERM --" calls
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
	socket)
		KINDS=(
			"$watched blocked 20000|an address without a route"
			"$watched socket 20000 $HOST_SOCKET|a socket of the host"
			"$watched socket 20000 $OWN_SOCKET|a socket of the phase"
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
	rm -f "$OWN_SOCKET"
	# shellcheck disable=SC2086 # the command is a list of words
	TOOK=$(${KINDS[$1]%|*})
}

main() {
	local -a KINDS
	set_kinds "$1"
	if [[ $1 == socket ]]; then
		# Keep a socket of the host bound during the measurement. The Python process ends when its standard input, a pipe from this shell,
		# is closed.
		coproc HOST { exec /usr/bin/python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print(flush=True); sys.stdin.read()' "$HOST_SOCKET"; }
		read -r <&"${HOST[0]}"
	fi
	rounds "$2"
}

main "$@"
