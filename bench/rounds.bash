# shellcheck shell=bash
# Kinds of a thing, measured side by side. KINDS has a line a kind, whose last field, behind a |, is its name.
#
#   rounds COUNT   calls one NUMBER ROUND for each kind in each round, in an order of its own, which sets TOOK: nanoseconds, or
#                  nothing where the kind sits this round out. Prints "kind NUMBER NAME" for each kind, then "NUMBER TOOK" for each.

rounds() {
	local round number
	for number in "${!KINDS[@]}"; do
		printf 'kind %d %s\n' "$number" "${KINDS[number]##*|}"
		# The first of a kind fills caches that the others find full.
		one "$number" 0
	done
	for ((round = 0; round < $1; round++)); do
		for number in $(shuf -i "0-$((${#KINDS[@]} - 1))"); do
			one "$number" "$round"
			[[ ! $TOOK ]] || printf '%d %d\n' "$number" "$TOOK"
		done
	done
}
