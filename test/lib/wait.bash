# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# until_true SECONDS COMMAND...: repeats the command every 10 ms until it succeeds. Returns 1 and prints the command if it has not
# succeeded after SECONDS. Changes $! (by a process substitution), so read $! before the call. Another shell gets the function by
# bash -c "$(declare -f until_true)"'...'. The function contains no single quotes, so that a test can put it between single quotes.
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) ended never
	shift
	# Wait 10 ms by a `read` with a timeout from a pipe to which no process writes: unlike sleep, this starts no process in each round.
	exec {ended}< <(:)
	# Wait for the end of file, which comes when the process of `<(:)` has ended. Otherwise confine could record this process as an orphan.
	! read -ru "$ended"
	exec {never}<>"/dev/fd/$ended" {ended}<&-
	until "$@"; do
		((${EPOCHREALTIME/./} < end)) || {
			printf "timeout: %s\\n" "$*"
			exec {never}>&-
			return 1
		}
		read -rt 0.01 -u "$never" || true
	done
	exec {never}>&-
}

# assert_status STATUS COMMAND...: fails if the command exits with another status. Unlike `run` of bats, it runs the command in this
# shell and keeps redirections: `assert_status 137 wait "$pid"`.
assert_status() {
	local status=0
	"${@:2}" || status=$?
	[[ $status == "$1" ]] || {
		printf 'status %s, not %s: %s\n' "$status" "$1" "${*:2}" >&2
		return 1
	}
}
