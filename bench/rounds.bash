# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Measures several kinds of runs side by side. The array KINDS has one element for each kind; the field after its last | is the name.
#
#   rounds COUNT   calls `one NUMBER ROUND` for each kind in each of COUNT rounds, in random order. The caller defines the function
#                  `one`, which sets TOOK to nanoseconds, or to an empty string to skip the round. Prints "kind NUMBER NAME" for each
#                  kind, then "NUMBER TOOK" for each run.

rounds() {
	local round number
	for number in "${!KINDS[@]}"; do
		printf 'kind %d %s\n' "$number" "${KINDS[number]##*|}"
		# Omit the first run of each kind, because it fills caches.
		one "$number" 0
	done
	for ((round = 0; round < $1; round++)); do
		for number in $(shuf -i "0-$((${#KINDS[@]} - 1))"); do
			one "$number" "$round"
			[[ ! $TOOK ]] || printf '%d %d\n' "$number" "$TOOK"
		done
	done
}
