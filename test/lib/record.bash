# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Functions that evaluate records, which are lines of JSON. EXPRESSION is JavaScript, in which r is the record.
#
#   record_value FILE EXPRESSION            prints the value of EXPRESSION for the last record in FILE
#   record_values FILE PHASE EXPRESSION     prints the values of EXPRESSION for all records of PHASE in FILE, one per line. PHASE can be `all`
#   record_server_begin DIR                 starts one Node for the record functions of all processes that the caller starts. DIR contains
#                                           the FIFOs of this server. The server ends with the caller.

RECORD_PROGRAM=$TOP/test/lib/record.mjs

record_value() {
	record_values "$1" last "$2"
}

# Sends its arguments to the server that record_server_begin started, because each start of Node needs 50 ms of CPU time. Without a server, starts Node.
record_values() {
	local reply answer fd
	if [[ ! ${RECORD_SERVER-} || ! -f $1 ]]; then
		node "$RECORD_PROGRAM" "$@"
		return
	fi
	reply=$RECORD_SERVER/$BASHPID
	# Open both FIFOs for reading and writing, which does not wait for the server.
	mkfifo "$reply" && exec {fd}<>"$reply" || return
	[[ $1 == /* ]] || set -- "$PWD/$1" "${@:2}"
	printf '%s\0' "$reply" "$@" 1<>"$RECORD_SERVER/requests"
	IFS= read -rd '' -t 60 -u "$fd" answer
	exec {fd}>&-
	rm -f -- "$reply"
	if [[ $answer == ok* ]]; then
		printf %s "${answer#ok}"
	else
		printf 'no value: %s\n' "$answer" >&2
		return 1
	fi
}

# Starts the server. This shell keeps a descriptor of the FIFO open, RECORD_SERVER_OPEN: a request is then kept until the server reads it.
# When this shell ends, the descriptor is closed, and the server reads the end of its input and exits.
record_server_begin() {
	export RECORD_SERVER=$1
	mkfifo "$RECORD_SERVER/requests" && exec {RECORD_SERVER_OPEN}<>"$RECORD_SERVER/requests" || return
	node "$RECORD_PROGRAM" --serve <"$RECORD_SERVER/requests" {RECORD_SERVER_OPEN}>&- &
	# The builtin wait must not wait for the server, which ends after the caller.
	disown
}
