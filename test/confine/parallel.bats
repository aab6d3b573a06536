#!/usr/bin/env bats
# Many at once, and what a killed one leaves: every record whole, no cgroup left, nobody's neighbour killed.

load helper

setup_file() {
	confine_begin survivor
}

setup() {
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
	NAME=parallel-${PLACE##*.}-$BATS_TEST_NUMBER
}

cgroups() {
	find /sys/fs/cgroup -type d -name "*-$NAME.*" 2>/dev/null
}

has_cgroup() {
	((UID == 0)) && "$CONFINE" --probe | grep -q '^cgroup=yes'
}

gone() {
	[[ ! $(marked "$1") ]]
}

# 64 at once, each of which leaves an orphan and ends with a status of its own, all under one name.
sixty_four() {
	local i
	local -a pids=()
	for i in {1..64}; do
		# shellcheck disable=SC2016
		"$@" "$CONFINE" --net --ipc --cgroup "$NAME" --label number="$i" --record "$RECORD" -- bash -c \
			'exec -a "$1" sleep 1000 >/dev/null 2>&1 3>&- 4>&- & until [[ $(</proc/$!/comm) == sleep ]]; do :; done; exit $2' - "$PLACE-orphan-$i" "$i" &
		pids+=($!)
	done
	for i in {1..64}; do
		wait "${pids[i - 1]}" && return 1
		((PIPESTATUS[0] == i)) || return
	done
}

@test '64 at once under one name: 64 whole records, each with its own orphan; nothing is left' {
	local who
	for who in ordinary env; do
		[[ $who == ordinary || $UID == 0 ]] || continue
		: >"$RECORD"
		sixty_four "$who"
		run -0 node -e '
			const all = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
			const bad = all.filter((r) => r.status.exit !== Number(r.number) || r.missing.length > 0 || r.stuck ||
				r.orphans?.map((o) => o.argv[0]).join() !== `${process.argv[2]}-orphan-${r.number}`);
			console.log(all.length, new Set(all.map((r) => r.number)).size, bad.length);
			if (bad.length) console.log(JSON.stringify(bad[0]));
		' "$RECORD" "$PLACE"
		[[ $output == '64 64 0' ]]
		gone "$PLACE-orphan"
		[[ ! $(cgroups) ]]
	done
}

@test 'a neighbour of the same name lives on when one is killed, and the next run takes away what that one left' {
	local first second
	mkfifo "$PLACE/fifo"
	"$CONFINE" --cgroup "$NAME" --record "$RECORD" -- bash -c 'echo >"$1"; exec sleep 1000' "$PLACE-first" "$PLACE/first" 3>&- &
	first=$!
	"$CONFINE" --cgroup "$NAME" --record "$RECORD" -- bash -c 'echo >"$1"; read -r <"$2"; exit 7' - "$PLACE/second" "$PLACE/fifo" 3>&- &
	second=$!
	until_true 5 test -e "$PLACE/first" -a -e "$PLACE/second"
	kill -KILL "$first"
	until_true 1 gone "$PLACE-first"
	wait "$first" || [[ $? == 137 ]]
	"$CONFINE" --cgroup "$NAME" -- true
	kill -0 "$second"
	if has_cgroup; then
		[[ $(cgroups | wc -l) == 1 ]]
	fi
	echo >"$PLACE/fifo"
	wait "$second" || [[ $? == 7 ]]
	[[ ! $(cgroups) && $(record_value "$RECORD" r.status.exit) == 7 ]]
}

@test '--gc removes what killed runs have left, and nothing that somebody looks after' {
	local dead lives
	only_root
	has_cgroup || skip 'no cgroup v2 here'
	"$CONFINE" --cgroup "$NAME" -- bash -c 'echo >"$1"; exec sleep 1000' - "$PLACE/gc" 3>&- &
	dead=$!
	until_true 5 test -e "$PLACE/gc"
	mkfifo "$PLACE/fifo2"
	"$CONFINE" --cgroup "$NAME" -- bash -c 'echo >"$1"; read -r <"$2"' - "$PLACE/lives" "$PLACE/fifo2" 3>&- &
	lives=$!
	until_true 5 test -e "$PLACE/lives"
	[[ $(cgroups | wc -l) == 2 ]]
	run -0 "$CONFINE" --gc
	[[ $output == '0 cgroups removed' && $(cgroups | wc -l) == 2 ]]
	kill -KILL "$dead"
	wait "$dead" || true
	run -0 "$TOP/bin/portcullis" gc
	# A run of another test file may have swept first: then there was nothing left to remove.
	[[ $output == @('1 cgroup removed'|'0 cgroups removed') && $(cgroups | wc -l) == 1 ]]
	echo >"$PLACE/fifo2"
	wait "$lives"
	[[ ! $(cgroups) ]]
}

@test 'neither --gc nor another run takes away what a run is just making' {
	local neighbour maker
	only_root
	has_cgroup || skip 'no cgroup v2 here'
	# With it the place is there, and the second directory that the next one makes is its own: there it stops.
	"$CONFINE" --cgroup "$NAME" -- sleep 1000 3>&- &
	neighbour=$!
	until_true 5 eval '[[ $(cgroups) ]]'
	strace -qq -o "$PLACE/trace" -e trace=mkdirat -e inject=mkdirat:signal=STOP:when=2 \
		"$CONFINE" --cgroup "$NAME" --record "$RECORD" -- true 3>&- &
	maker=$!
	until_true 5 eval '[[ $(cgroups | wc -l) == 2 ]]'
	"$CONFINE" --gc
	"$CONFINE" --cgroup other -- true
	[[ $(cgroups | wc -l) == 2 ]]
	kill -CONT "$(pgrep -P "$maker")"
	wait "$maker"
	[[ $(record_value "$RECORD" r.tracking) == cgroup+pidns ]]
	kill "$neighbour"
	wait "$neighbour" || [[ $? == 143 ]]
	[[ ! $(cgroups) ]]
}

@test 'a start waits 100 ms for all old cgroups together that cannot be emptied' {
	local tree group i took
	only_root
	has_cgroup || skip 'no cgroup v2 here'
	tree=$(findmnt -nt cgroup2 -o TARGET | head -n1)/portcullis
	mkdir -p "$tree"
	for i in {1..8}; do
		group=$tree/portcullis-$NAME.1.$i
		mkdir "$group"
		# cgroup.kill does not end a process whose first thread has ended (cgroup_kill() in native/cgroup/cgroup.c).
		(echo "$BASHPID" >"$group/cgroup.procs" && exec "$PLACE/survivor" leaderless) >"$PLACE/left.$i" 3>&-
		grep -q ready "$PLACE/left.$i"
	done
	took=${EPOCHREALTIME/./}
	"$CONFINE" --cgroup "$NAME" -- true
	took=$(((${EPOCHREALTIME/./} - took) / 1000))
	[[ $(cgroups | wc -l) == 8 ]]
	for group in $(cgroups); do
		xargs kill -KILL <"$group/cgroup.procs"
	done
	# By now nothing has to be waited for, or a second start does it.
	until_true 5 eval '"$CONFINE" --cgroup "$NAME" -- true && [[ ! $(cgroups) ]]'
	echo "$took ms"
	# One budget for each would be 800 ms.
	((took < 600))
}
