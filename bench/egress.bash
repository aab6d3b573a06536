#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/egress.bash [ROUNDS] [CONNECTS] [MBYTES]: measures allowed connections and their data. Run it as root: the other
# host is a network namespace. Each round measures without a sandbox (outside) and with confine --net --allow (through). Prints for each the median of all rounds.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# Define this function of bats, because remote_host.bash calls it.
bats_require_minimum_version() { :; }
# shellcheck source=../test/lib/remote_host.bash
source "$TOP/test/lib/remote_host.bash"

median() {
	sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

main() {
	local rounds=${1:-11} connects=${2:-2000} megabytes=${3:-400} program round kind
	local -A commands
	trap 'remote_host_end; audit_end' EXIT
	audit_begin
	remote_host_begin
	program=$AUDIT_DIR/allow
	gcc -O2 -Wall -Wextra -Werror -o "$program" "$TOP/bench/egress.c"
	ip netns exec "$REMOTE_NETNS" "$program" serve 80 &
	until (: <"/dev/tcp/$REMOTE/80") 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
	commands=(
		[outside]="setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --"
		[through]="setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- $CONFINE --net --allow $REMOTE:80 --"
	)
	cd "$AUDIT_DIR"
	for ((round = 0; round < rounds; round++)); do
		for kind in outside through; do
			# shellcheck disable=SC2086 # the command is a list of words
			${commands[$kind]} "$program" connect "$REMOTE" 80 "$connects" >>"connect-$kind"
			# shellcheck disable=SC2086
			${commands[$kind]} "$program" send "$REMOTE" 80 "$megabytes" >>"send-$kind"
		done
	done
	printf '%-28s %10s %10s\n' '' outside through
	printf '%-28s %10s %10s\n' 'connect, microseconds' "$(median <connect-outside)" "$(median <connect-through)"
	printf '%-28s %10s %10s\n' 'data, megabytes a second' "$(median <send-outside)" "$(median <send-through)"
}

main "$@"
