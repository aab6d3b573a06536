#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Concurrent and killed runs: records stay whole, cgroups are removed, and no other run is killed.
# shellcheck disable=SC2030,SC2031 # bats runs a test and its teardown in the same shell

load confine_helper

setup_file() {
	confine_begin survivor refuse_calls
}

cgroups() {
	find /sys/fs/cgroup -type d -name "*-$CGROUP.*" 2>/dev/null
}

has_cgroup() {
	((UID == 0)) && "$CONFINE" --probe | grep -q '^cgroup=yes'
}

gone() {
	[[ ! $(live_processes "$1") ]]
}

has_process() {
	[[ $(live_processes "$1") ]]
}

# sixty_four PREFIX: starts 64 runs of confine with one cgroup name. The command of each run leaves an orphan, which waits for input, and has its own exit status
sixty_four() {
	local i
	local -a pids=()
	for i in {1..64}; do
		# shellcheck disable=SC2016
		"$@" "$CONFINE" --net --ipc --cgroup "$CGROUP" --label number="$i" --record "$RECORD" -- bash -c '
			read -r < <(exec -a "$1" bash -c "echo; exec >&-; read -r" <>"$3" 2>&- 3>&- 4>&-) && exit "$2"' - "$TEST_DIR-orphan-$i" "$i" "$TEST_DIR/input" &
		pids+=($!)
	done
	for i in {1..64}; do
		assert_status "$i" wait "${pids[i - 1]}" || return
	done
}

@test 'if 64 runs of confine share one cgroup name, each record lists only the orphan of its own run, and no process or cgroup remains' {
	local who
	mkfifo -m 666 "$TEST_DIR/input"
	for who in as_user env; do
		[[ $who == as_user || $UID == 0 ]] || continue
		: >"$RECORD"
		sixty_four "$who"
		run -0 record_values "$RECORD" all "r.status.exit === Number(r.number) && r.missing.length === 0 && !r.stuck &&
			r.orphans?.map((o) => o.argv[0]).join() === '$TEST_DIR-orphan-' + r.number ? r.number : r"
		diff <(seq 64) <(sort -n <<<"$output")
		gone "$TEST_DIR-orphan"
		[[ ! $(cgroups) ]]
	done
}

@test 'without --cgroup and without --audit, if confine or the init process of confine is killed, the command and the background processes of the command are killed too' {
	local confined name victim
	for victim in supervisor init; do
		# shellcheck disable=SC2016
		"$CONFINE" --net --record "$RECORD" -- bash -c 'exec 3>&-
			(setsid bash -c "exec -a \"\$0-background\" sleep 1000" "$0" &)
			exec -a "$0-command" sleep 1000' "$TEST_DIR" 3>&- &
		confined=$!
		for name in background command; do
			until_true 60 has_process "$TEST_DIR-$name"
		done
		if [[ $victim == init ]]; then
			kill -KILL "$(pgrep -P "$confined")"
		else
			kill -KILL "$confined"
		fi
		assert_status 137 wait "$confined"
		for name in background command; do
			until_true 60 gone "$TEST_DIR-$name"
		done
	done
}

@test 'if one run of confine is killed, another run with the same cgroup name continues, and the next run removes the cgroup of the killed run' {
	local first second
	mkfifo "$TEST_DIR/fifo"
	"$CONFINE" --cgroup "$CGROUP" --record "$RECORD" -- bash -c 'echo >"$1"; exec -a "$0" sleep 1000' "$TEST_DIR-first" "$TEST_DIR/first" 3>&- &
	first=$!
	"$CONFINE" --cgroup "$CGROUP" --record "$RECORD" -- bash -c 'echo >"$1"; read -r <"$2"; exit 7' - "$TEST_DIR/second" "$TEST_DIR/fifo" 3>&- &
	second=$!
	until_true 60 test -e "$TEST_DIR/first" -a -e "$TEST_DIR/second"
	kill -KILL "$first"
	until_true 60 gone "$TEST_DIR-first"
	assert_status 137 wait "$first"
	"$CONFINE" --cgroup "$CGROUP" -- true
	kill -0 "$second"
	if has_cgroup; then
		[[ $(cgroups | wc -l) == 1 ]]
	fi
	echo >"$TEST_DIR/fifo"
	assert_status 7 wait "$second"
	[[ ! $(cgroups) && $(record_value "$RECORD" r.status.exit) == 7 ]]
}

# in_own_root COMMAND...: executes the command with LEAF as the root of the cgroup hierarchy, so that other tests do not change its cgroups
in_own_root() {
	echo "$BASHPID" >"$LEAF/cgroup.procs"
	# shellcheck disable=SC2016
	exec unshare --mount --cgroup bash -c 'umount --lazy "$0" && mount -t cgroup2 none "$0" && exec "$@"' "$MOUNT" "$@"
}

@test 'without a PID namespace, if confine is killed while its DNS server process makes a network namespace, the command and the watcher process end, and the next run removes the cgroup' {
	local confined tracer command watcher pid
	has_cgroup || skip 'no cgroup v2 here'
	mkfifo "$TEST_DIR/lookup"
	# shellcheck disable=SC2016
	"$TEST_DIR/refuse_calls" unshare:newpid=EPERM -- "$CONFINE" --net --audit --cgroup "$CGROUP" -- bash -c '
		read -r <>"$0"
		getent hosts a.example &
		exec sleep 1000' "$TEST_DIR/lookup" 3>&- &
	confined=$!
	until_true 60 eval 'command=$(pgrep -f "^bash -c .*$TEST_DIR/lookup")'
	# strace follows only processes that the supervisor starts from now on: the DNS server process, whose unshare(2) strace delays.
	strace -qq -f -o "$TEST_DIR/dns" -e trace=unshare -e inject=unshare:delay_enter=600000000 -p "$confined" 3>&- &
	tracer=$!
	until_true 60 grep -q "^TracerPid:.$tracer\$" "/proc/$confined/status"
	echo >"$TEST_DIR/lookup"
	until_true 60 grep -q unshare "$TEST_DIR/dns"
	watcher=$(pgrep -x -P "$confined" confine-watcher)
	kill -KILL "$confined"
	for pid in "$command" "$watcher"; do
		until_true 60 test ! -e "/proc/$pid/exe"
	done
	assert_status 137 wait "$confined"
	"$CONFINE" --cgroup "$CGROUP" -- true
	[[ ! $(cgroups) ]]
	kill "$tracer"
	assert_status 143 wait "$tracer"
}

@test 'confine --gc removes the cgroups of killed runs of confine, and no cgroup of a live run' {
	local dead lives
	has_cgroup || skip 'no cgroup v2 here'
	MOUNT=$(findmnt -nt cgroup2 -o TARGET | head -n1) LEAF=$MOUNT/test-$CGROUP
	mkdir "$LEAF"
	in_own_root "$CONFINE" --cgroup "$CGROUP" -- bash -c 'echo >"$1"; exec sleep 1000' - "$TEST_DIR/gc" 3>&- &
	dead=$!
	until_true 60 test -e "$TEST_DIR/gc"
	mkfifo "$TEST_DIR/fifo2"
	in_own_root "$CONFINE" --cgroup "$CGROUP" -- bash -c 'echo >"$1"; read -r <"$2"' - "$TEST_DIR/lives" "$TEST_DIR/fifo2" 3>&- &
	lives=$!
	until_true 60 test -e "$TEST_DIR/lives"
	[[ $(cgroups | wc -l) == 2 ]]
	run -0 in_own_root "$CONFINE" --gc
	[[ $output == '0 cgroups removed' && $(cgroups | wc -l) == 2 ]]
	kill -KILL "$dead"
	assert_status 137 wait "$dead"
	run -0 in_own_root "$TOP/bin/portcullis" gc
	[[ $output == '1 cgroup removed' && $(cgroups | wc -l) == 1 ]]
	echo >"$TEST_DIR/fifo2"
	wait "$lives"
	[[ ! $(cgroups) ]]
}

@test 'a cgroup that confine has just created is not removed by confine --gc or another run of confine that starts at the same time' {
	local neighbour maker
	has_cgroup || skip 'no cgroup v2 here'
	# This run makes the parent cgroup. So the second mkdirat of the next run makes a cgroup for the run itself, and strace stops the run there.
	"$CONFINE" --cgroup "$CGROUP" -- sleep 1000 3>&- &
	neighbour=$!
	until_true 60 eval '[[ $(cgroups) ]]'
	strace -qq -o "$TEST_DIR/trace" -e trace=mkdirat -e inject=mkdirat:signal=STOP:when=2 \
		"$CONFINE" --cgroup "$CGROUP" --record "$RECORD" -- true 3>&- &
	maker=$!
	until_true 60 eval '[[ $(cgroups | wc -l) == 2 ]]'
	"$CONFINE" --gc
	"$CONFINE" --cgroup other -- true
	[[ $(cgroups | wc -l) == 2 ]]
	kill -CONT "$(pgrep -P "$maker")"
	wait "$maker"
	[[ $(record_value "$RECORD" r.tracking) == cgroup+pidns ]]
	kill "$neighbour"
	assert_status 143 wait "$neighbour"
	[[ ! $(cgroups) ]]
}

# A failed test may have left processes, also one that cgroup.kill misses, and cgroups below the directory test-* of LEAF.
teardown() {
	local group
	for group in $(cgroups) ${LEAF-}; do
		[[ ! -e $group ]] || xargs -r kill -KILL <"$group/cgroup.procs"
	done
	[[ ! ${LEAF-} ]] || until_true 60 remove_cgroups "${LEAF%/emerge-*}"
}

# remove_cgroups DIRECTORY: removes this cgroup and all cgroups below it
remove_cgroups() {
	find "$1" -depth -type d -exec rmdir {} + && [[ ! -e $1 ]]
}

# left_cgroups N: creates N cgroups as killed runs of confine leave them, each with a process whose first thread has exited. They are
# in LEAF, a cgroup like Portage's for a package, so that other tests do not remove them.
left_cgroups() {
	local group i
	LEAF=$(findmnt -nt cgroup2 -o TARGET | head -n1)/test-$$/emerge-$$/$CGROUP
	mkdir -p "$LEAF"
	for ((i = 0; i < $1; i++)); do
		group=$LEAF/portcullis-$CGROUP.1.$i
		mkdir "$group"
		(echo "$BASHPID" >"$group/cgroup.procs" && exec "$TEST_DIR/survivor" leaderless) >"$TEST_DIR/left.$i" 3>&-
		grep -q ready "$TEST_DIR/left.$i"
	done
}

# in_leaf COMMAND...: runs the command in LEAF
in_leaf() (
	echo "$BASHPID" >"$LEAF/cgroup.procs" && exec "$@"
)

# leaf_is_empty: runs confine in LEAF, which removes the cgroups of killed runs. Fails if a cgroup is left in LEAF
leaf_is_empty() {
	in_leaf "$CONFINE" --cgroup "$CGROUP" -- true && [[ ! $(cgroups) ]]
}

# kills_frozen: runs confine in LEAF. Fails unless confine sends SIGKILL directly after it has read that the cgroup is frozen
kills_frozen() {
	in_leaf strace -qq -f -o "$TEST_DIR/calls" -e trace=read,kill "$CONFINE" --cgroup "$CGROUP" -- true
	[[ $(grep -e 'frozen' -e SIGKILL "$TEST_DIR/calls" | grep -m 1 -B 1 SIGKILL) == *'frozen 1'*SIGKILL* ]]
}

@test 'the next start of confine freezes the cgroup of a killed run, kills all processes in this cgroup, even if their first thread has exited, and removes the cgroup' {
	has_cgroup || skip 'no cgroup v2 here'
	left_cgroups 2
	# Repeat: on a busy machine, the time limit of confine can end before confine kills a process.
	until_true 60 kills_frozen
	# Repeat: a killed process may not have ended yet when confine ends.
	until_true 60 leaf_is_empty
}

@test 'if processes in the cgroups of killed runs do not end, confine waits at most 100 ms in total before it runs the command' {
	has_cgroup || skip 'no cgroup v2 here'
	left_cgroups 8
	# In another PID namespace, confine cannot kill the processes one by one, and cgroup.kill misses them.
	in_leaf strace -qq -f -o "$TEST_DIR/waits" -e trace=clock_nanosleep \
		unshare --pid --fork --mount-proc "$CONFINE" --cgroup "$CGROUP" -- true
	[[ $(cgroups | wc -l) == 8 ]]
	until_true 60 leaf_is_empty
	# confine waits 1 ms at a time. A wait of 100 ms for each cgroup would need up to 800 calls.
	(($(wc -l <"$TEST_DIR/waits") <= 100))
}
