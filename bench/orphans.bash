#!/usr/bin/env bash
# orphans.bash [ROUNDS]: how long after its command's end confine takes to name and kill 1,000 orphans and to end, by each keeper in turn.
# Prints the median of each in milliseconds, with the time that orphans are given to end by themselves (25 ms) in it.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"

readonly CONFINE=$TOP/native/build/confine

# shellcheck disable=SC2016
readonly LEAVE='exec >/dev/null 2>&1; for i in {1..1000}; do sleep 1000 & done; echo "${EPOCHREALTIME/./}" >"$1"'

# Prints "KEEPER MILLISECONDS" for one run.
took() {
	local end
	"$@" --cgroup bench --record "$WORK/record" -- bash -c "$LEAVE" - "$WORK/ended"
	end=${EPOCHREALTIME/./}
	[[ $(tail -n1 "$WORK/record") =~ '"keeper":"'([a-z+]*)'"'.*'"orphan_count":'([0-9]+) && ${BASH_REMATCH[2]} == 1000 ]] ||
		die "not 1,000 orphans: $(tail -n1 "$WORK/record")"
	echo "${BASH_REMATCH[1]} $(((end - $(<"$WORK/ended")) / 1000))"
}

main() {
	local round rounds=${1:-5}
	local -a without_pids=("$WORK/refuse" unshare:newpid=EPERM -- "$CONFINE")
	cc -O1 -D_GNU_SOURCE -o "$WORK/refuse" "$TOP/test/confine/refuse.c"
	cp "$CONFINE" "$WORK/confine"
	for ((round = 0; round < rounds; round++)); do
		took "$CONFINE"
		took "${without_pids[@]}"
		if ((EUID == 0)); then
			took setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$WORK/confine"
			took setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$WORK/refuse" unshare:newpid=EPERM -- "$WORK/confine"
		fi
	done | sort -k1,1 -k2,2n | awk '
		$1 != keeper { if (n) print keeper, took[int((n + 1) / 2)] " ms"; keeper = $1; n = 0 }
		{ took[++n] = $2 }
		END { print keeper, took[int((n + 1) / 2)] " ms" }'
}

WORK=$(mktemp -d /var/tmp/pc-orphans.XXXXXX)
trap 'rm -rf -- "$WORK"' EXIT
chmod 777 "$WORK"
touch "$WORK/record" "$WORK/ended"
chmod 666 "$WORK/record" "$WORK/ended"
main "$@"
