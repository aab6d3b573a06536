# shellcheck shell=bash

# until_true SECONDS COMMAND...: waits for it, by looking; fails when the time is over. Changes $!, as each process substitution does
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < end)) || return
		read -rt 0.01 <> <(:) || true
	done
}
