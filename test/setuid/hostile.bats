#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hostile callers of a set-user-id confine. No test may leave a process, a cgroup, a file of root or a core.

load setuid_helper

setup() {
	work_begin
	ARGS=(--net --ipc --cgroup "$ACCOUNT" --best-effort --record record)
	ulimit -c unlimited
}

# caller_shell CODE: runs CODE in bash as the caller. In CODE, $1 is CONFINE, $2 is TOOL, and $3 and later are the elements of ARGS
caller_shell() {
	as_caller timeout --kill-after=1 30 bash -c "$1" bash "$CONFINE" "$TOOL" "${ARGS[@]}"
}

@test 'if the caller of a set-user-id confine has closed descriptor 0, 1 or 2, this descriptor is closed for the command too' {
	local closed
	for closed in ':' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		# Close the descriptors inside bash -c, because the shell of this test would reuse closed descriptors.
		# shellcheck disable=SC2016
		caller_shell "exec ${closed#:}"'; "$2" files expected; exec "$1" "${@:3}" -- "$2" files fds'
		diff expected fds
		[[ $(record_value record r.mode) == setuid ]]
		# shellcheck disable=SC2016
		caller_shell "exec ${closed#:}"'; exec "$1" --net --ipc -- "$2" files fds'
		diff expected fds
	done
}

@test 'with a set-user-id confine, the command inherits all file descriptors of the caller, and no descriptor that confine has opened' {
	# shellcheck disable=SC2016
	caller_shell 'ulimit -n 4096; exec 3</dev/zero 77>/dev/null 4095</etc/passwd; "$2" files expected
		"$1" --net --ipc -- "$2" files alone; exec "$1" "${@:3}" -- "$2" files fds'
	diff expected fds
	diff expected alone
	grep -x 4095 fds
}

@test 'a set-user-id confine exits with 125 if argv is empty' {
	run -125 as_caller "$TOOL" no-arguments "$CONFINE"
}

@test 'a set-user-id confine passes 100,000 arguments, and one argument of 131,000 bytes, to the command' {
	run -0 --separate-stderr as_caller "$TOOL" arguments 100000 8 "$CONFINE" "${ARGS[@]}" -- /usr/bin/env bash -c 'echo $#'
	# bash -c uses the first argument as $0, which $# does not count.
	[[ $output == 99999 ]]
	# 131,000 is near the maximum: the kernel refuses an argument that is longer than 32 pages (MAX_ARG_STRLEN).
	# shellcheck disable=SC2016
	run -0 --separate-stderr as_caller "$TOOL" arguments 1 131000 "$CONFINE" "${ARGS[@]}" -- bash -c 'echo ${#0}'
	[[ $output == 131000 ]]
	run -125 as_caller "$TOOL" arguments 1 131000 "$CONFINE"
	run -125 as_caller "$TOOL" arguments 100000 8 "$CONFINE" --net
	run as_caller "$TOOL" arguments 1 1048576 "$CONFINE" --net -- true
	[[ $status == 1 && $output == *'Argument list too long' ]]
}

@test 'if an rlimit of the caller is 0 or 1, a set-user-id confine does not hang, and the command, if the kernel can start it, has the same rlimits' {
	local limit value status sleeper unprivileged=(setpriv --reuid="${ACCOUNT}c" --regid="${ACCOUNT}c" --init-groups --inh-caps=-all --)
	for limit in nofile fsize nproc as stack core cpu data memlock sigpending msgqueue; do
		for value in 0 1; do
			rm -f record
			# Write the output to a pipe, because RLIMIT_FSIZE limits only files.
			{
				status=0
				timeout --verbose --kill-after=1 10 "${unprivileged[@]}" env -i PATH="$PATH" prlimit --$limit=$value:$value \
					"$CONFINE" "${ARGS[@]}" -- cat /proc/self/limits 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
				echo "$status" >"$BATS_TEST_TMPDIR/status"
			} | cat >"$BATS_TEST_TMPDIR/limits"
			status=$(<"$BATS_TEST_TMPDIR/status")
			echo "--$limit=$value: status $status: $(<"$BATS_TEST_TMPDIR/stderr")"
			[[ $(<"$BATS_TEST_TMPDIR/stderr") != *'timeout: sending signal'* ]]
			case $limit in
			nofile | nproc) ((status == 125)) ;;
			# The kernel kills confine (SIGSEGV, 139) when it starts, because it exceeds these limits. With a large environment, execve(2) would fail instead.
			as | stack | data) ((status == 139)) ;;
			# The kernel kills a program that has exceeded its CPU time (137), but only at the next timer tick, before which the command may end (0).
			cpu) ((status == 0 || status == 137)) ;;
			*) ((status == 0)) ;;
			esac
			if ((status)); then
				[[ ! -s $BATS_TEST_TMPDIR/limits ]]
				continue
			fi
			# Read the expected limits from a process that is limited only after its start, because it could not start with some of them.
			"${unprivileged[@]}" sleep infinity &
			sleeper=$!
			until_true 60 grep -q "^State:.S" "/proc/$sleeper/status"
			"${unprivileged[@]}" prlimit --pid "$sleeper" --$limit=$value:$value
			cp "/proc/$sleeper/limits" "$BATS_TEST_TMPDIR/expected"
			kill -KILL "$sleeper"
			assert_status 137 wait "$sleeper"
			diff "$BATS_TEST_TMPDIR"/{expected,limits}
		done
	done
}

@test 'a set-user-id confine exits with 125 if the caller has reached RLIMIT_NPROC' {
	# The caller already has one process, prlimit, which becomes confine. So confine cannot create another one.
	run -125 --separate-stderr as_caller prlimit --nproc=1:1 "$CONFINE" "${ARGS[@]}" -- true
	[[ ${stderr-} == *'Resource temporarily unavailable'* ]]
}

@test 'with a set-user-id confine, the command inherits blocked signals and an ignored SIGCHLD' {
	run -0 as_caller timeout 20 "$TOOL" blocked-signals "$CONFINE" "${ARGS[@]}" -- grep -E '^Sig(Blk|Ign)' /proc/self/status
	# The masks mean: all signals are blocked, and SIGPIPE and SIGCHLD are ignored.
	[[ $output == *SigBlk:*fffffffe7ffbfeff*SigIgn:*0000000000011000* ]]
}

@test 'hostile values of environment variables such as LD_PRELOAD do not affect a set-user-id confine' {
	local name
	printf 'int x;\n' >x.c
	cc -shared -o evil.so -x c - <<<'#include <stdio.h>
		__attribute__((constructor)) static void evil(void) { fopen("evil", "w"); }'
	chown "$CALLER" x.c evil.so
	# shellcheck disable=SC2016
	as_caller env LD_PRELOAD="$WORK/evil.so" LD_LIBRARY_PATH="$WORK" LD_AUDIT="$WORK/evil.so" LD_DEBUG=all LD_DEBUG_OUTPUT="$WORK/debug" \
		GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A:glibc.malloc.check=3 MALLOC_CHECK_=3 MALLOC_PERTURB_=9 \
		GCONV_PATH="$WORK" LOCPATH="$WORK" LC_ALL=evil LANG=evil LANGUAGE=evil NLSPATH="$WORK/%N" TZ=":$WORK/fifo" TZDIR="$WORK" \
		PATH="$WORK" IFS=/ TMPDIR="$WORK" RES_OPTIONS=debug HOSTALIASES="$WORK/x" POSIXLY_CORRECT=1 \
		"$CONFINE" "${ARGS[@]}" -- /usr/bin/true
	[[ ! -e evil && ! $(compgen -G 'debug*') ]]
	[[ $(record_value record r.mode) == setuid ]]
	rm evil.so
}

@test 'a set-user-id confine --cgroup refuses paths, empty names and names of more than 200 bytes' {
	local name
	for name in '' . .. ../x x/y /x $'x\ny' 'x y' .x $'x\x7f' ü "$(printf 'x%.0s' {1..201})" "$(printf 'x%.0s' {1..255})" "$(printf 'x%.0s' {1..256})"; do
		run -125 as_caller "$CONFINE" --cgroup "$name" -- true
		[[ ${#lines[@]} == 1 ]]
	done
	name=$ACCOUNT$(printf 'x%.0s' $(seq $((200 - ${#ACCOUNT}))))
	run -0 as_caller "$CONFINE" --cgroup "$name" --record record -- true
	[[ $(record_value record r.applied.cgroup) == confine ]]
}

@test 'a set-user-id confine --limit does not move the command out of the cgroup of the caller' {
	local root cage
	root=$(findmnt -no TARGET -t cgroup2 | head -n1)
	cage=$root/cage-$ACCOUNT
	mkdir "$cage"
	# shellcheck disable=SC2016
	run -0 bash -c 'echo $$ >"$1/cgroup.procs"; shift; "$@"' - "$cage" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" \
		--init-groups --inh-caps=-all "$CONFINE" "${ARGS[@]}" --limit pids.max=100 -- sed -n 's/^0:://p' /proc/self/cgroup
	[[ $output == "/cage-$ACCOUNT" ]]
	until_true 60 rmdir "$cage"
}

@test 'a set-user-id confine does not write to a --record or --notice-file that is a link, a FIFO, a device, a directory or a file of another user' {
	local option path before root_file=$TEST_DIR/root
	install -m 644 /etc/passwd "$root_file"
	before=$(stat -c '%s %y %a' "$root_file")
	as_caller ln -s "$root_file" link
	as_caller ln -s "/etc/$ACCOUNT" dangling
	as_caller mkfifo fifo
	as_caller mkdir directory
	for option in --record --notice-file; do
		for path in link dangling fifo directory /dev/full /dev/null "/etc/$ACCOUNT" "$root_file" / . '' /proc/self/mem /proc/sysrq-trigger; do
			# memory.max cannot be applied, so there is a message to write. --require fails before the command runs.
			run -125 as_caller timeout 10 "$CONFINE" --cgroup "$ACCOUNT" --limit memory.max=1 --net --require "$option" "$path" -- touch ran
			run -0 as_caller timeout 10 "$CONFINE" --cgroup "$ACCOUNT" --limit memory.max=100000000000000 --best-effort "$option" "$path" -- true
		done
	done
	[[ ! -e "/etc/$ACCOUNT" && ! -e ran ]]
	[[ $(stat -c '%s %y %a' "$root_file") == "$before" ]]
	rm "$root_file"
}

@test 'a set-user-id confine runs the command whether --die-with and --die-with-lock name a process or file of another user or a missing file, and so discloses nothing about other users' {
	local pid
	as_victim sleep 1000 &
	pid=$!
	install -m 600 /dev/null "$TEST_DIR/secret"
	run -0 as_caller timeout 10 "$CONFINE" --net --die-with 1 --die-with "$pid" --die-with-lock /etc/shadow --die-with-lock "$TEST_DIR/secret" -- true
	kill -0 "$pid"
	run -0 as_caller timeout 10 "$CONFINE" --net --die-with-lock "$TEST_DIR/nothing" -- true
	kill "$pid"
	rm "$TEST_DIR/secret"
}

@test 'a set-user-id confine exits with 125 if --environ names a descriptor that the caller has not opened' {
	local fd
	for fd in 3 4 5 6 7 8 9 10 99 2147483647; do
		run -125 as_caller timeout 10 "$CONFINE" "${ARGS[@]}" --environ "$fd" -- /usr/bin/true 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- 10<&-
		[[ $output == *"this file descriptor is not open"* ]]
	done
}

@test 'if root of a user namespace starts a set-user-id confine, the caller gets no privileges outside that namespace' {
	# shellcheck disable=SC2016
	run -0 as_caller unshare --user --map-root-user "$CONFINE" "${ARGS[@]}" -- sh -c 'id -u; cat /proc/self/uid_map; test -w /etc/passwd || echo safe'
	[[ $output == 0*"$CALLER"*safe ]]
	[[ $(record_value record r.mode) != setuid ]]
	run -0 as_caller unshare --user --mount --net --pid --fork --map-root-user "$CONFINE" --net --ipc -- sh -c 'grep CapBnd /proc/self/status; test -w /etc/passwd || echo safe'
	[[ $output == *safe ]]
}

@test 'a set-user-id confine runs the command in a removed, inaccessible or 10,000 levels deep working directory' {
	# shellcheck disable=SC2016
	caller_shell 'mkdir gone; cd gone; rmdir ../gone; exec "$1" --net --ipc --cgroup '"$ACCOUNT"' -- true'
	# shellcheck disable=SC2016
	caller_shell 'mkdir closed; cd closed; chmod 0 .; exec "$1" --net --ipc --cgroup '"$ACCOUNT"' -- true'
	run -0 as_caller timeout 60 "$TOOL" deep 10000 "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --record record -- true
	as_caller chmod 700 closed
	rm -rf "$WORK/d"
}

@test 'with umask 0 or 0777, a set-user-id confine creates the record file with mode 664, and the command inherits the umask' {
	local mask
	for mask in 0 0777; do
		rm -f record
		# shellcheck disable=SC2016
		caller_shell 'umask '"$mask"'; exec "$1" "${@:3}" -- sh -c umask >out'
		[[ $(stat -c %a record) == 664 ]]
		[[ $(<out) == "$(printf '%04o' $((mask)))" ]]
	done
}

@test 'the caller of a set-user-id confine cannot take over a process of confine by ptrace, /proc, pidfd_getfd or prlimit, and no process of confine has 0 as real, effective and saved user id at once' {
	as_caller timeout 100 "$TOOL" ptrace "$CONFINE" "$ACCOUNT" "${HOSTILE_PTRACE_RUNS:-60}"
}

@test 'if a debugger traces confine from the start, the set-user-id bit gives confine no privileges' {
	run -0 as_caller strace -f -o /dev/null "$CONFINE" --probe
	[[ $output == *mode=userns* ]]
}

@test 'if a signal kills a set-user-id confine at a random moment, no process of confine or of the command remains' {
	local seed=${HOSTILE_SEED:-$RANDOM}
	echo "To repeat, set HOSTILE_SEED=$seed"
	as_caller timeout 900 "$TOOL" signals "$CONFINE" "$ACCOUNT" "${HOSTILE_SIGNAL_RUNS:-300}" "$seed"
}

@test 'a set-user-id confine writes no core file if a signal kills confine' {
	local signal
	for signal in TRAP SEGV ABRT; do
		# shellcheck disable=SC2016
		caller_shell "$(declare -f until_true)"'
			"$1" "${@:3}" -- sleep 1000 & pid=$!
			until_true 60 pgrep -P "$pid"
			kill -'$signal' $pid; wait $pid; (($? > 128))'
		[[ ! $(find . -name 'core*') ]]
	done
}
