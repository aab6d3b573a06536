#!/usr/bin/env bats
# Hostile callers of the real set-user-id binary. After each of them: no process, no cgroup, no file of root's, no core.

load helper

setup() {
	work
	ASK=(--net --ipc --cgroup "$ACCOUNT" --best-effort --record record)
	ulimit -c unlimited
}

# A shell of the caller's, with CONFINE, TOOL and ASK as its arguments 1, 2 and from 3 on.
by_caller() {
	caller timeout --kill-after=1 30 bash -c "$1" bash "$CONFINE" "$TOOL" "${ASK[@]}"
}

# in_time COMMAND...: fails if it takes more than 10 s. How it ends is its own business: SIGKILL may be from a limit.
in_time() {
	local status=0
	timeout --verbose --kill-after=1 10 "$@" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	if grep -q '^timeout: sending signal' "$BATS_TEST_TMPDIR/stderr"; then
		echo "hangs: $*"
		return 1
	fi
}

@test 'fds 0, 1 and 2 closed, in every combination: the command finds them closed' {
	local closed
	for closed in ':' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		# The outermost shell would fill the gaps by itself.
		# shellcheck disable=SC2016
		by_caller "exec ${closed#:}"'; "$2" files expected; exec "$1" "${@:3}" -- "$2" files fds'
		diff expected fds
		[[ $(record_value record r.mode) == setuid ]]
		# shellcheck disable=SC2016
		by_caller "exec ${closed#:}"'; exec "$1" --net --ipc -- "$2" files fds'
		diff expected fds
	done
}

@test 'every descriptor of the caller reaches the command, the highest one too, and none of confine' {
	# shellcheck disable=SC2016
	by_caller 'ulimit -n 4096; exec 3</dev/zero 77>/dev/null 4095</etc/passwd; "$2" files expected
		"$1" --net --ipc -- "$2" files alone; exec "$1" "${@:3}" -- "$2" files fds'
	diff expected fds
	diff expected alone
	grep -x 4095 fds
}

@test 'no arguments, not even a name' {
	run -125 caller "$TOOL" no-arguments "$CONFINE"
}

@test '100,000 arguments, and one of a megabyte' {
	run -0 --separate-stderr caller "$TOOL" many 100000 8 "$CONFINE" "${ASK[@]}" -- /usr/bin/env bash -c 'echo $#'
	[[ $output == 99999 || $output == 100000 ]]
	# MAX_ARG_STRLEN is 32 pages: the kernel refuses more.
	# shellcheck disable=SC2016
	run -0 --separate-stderr caller "$TOOL" many 1 131000 "$CONFINE" "${ASK[@]}" -- bash -c 'echo ${#0}'
	[[ $output == 131000 ]]
	run -125 caller "$TOOL" many 1 131000 "$CONFINE"
	run -125 caller "$TOOL" many 100000 8 "$CONFINE" --net
	run caller "$TOOL" many 1 1048576 "$CONFINE" --net -- true
	[[ $status == 1 && $output == *'Argument list too long' ]]
}

@test 'every limit at 0 and at 1: an end, and nothing gained' {
	local limit value
	for limit in nofile fsize nproc as stack core cpu data memlock sigpending msgqueue; do
		for value in 0 1; do
			rm -f record ran
			in_time setpriv --reuid="${ACCOUNT}c" --regid="${ACCOUNT}c" --init-groups --inh-caps=-all -- \
				prlimit --$limit=$value:$value "$CONFINE" "${ASK[@]}" -- bash -c 'ulimit -a >ran'
			# Who got as far as this has the limit.
			caller prlimit --$limit=$value:$value bash -c 'ulimit -a' >"$BATS_TEST_TMPDIR/limits" 2>/dev/null || :
			[[ ! -s ran ]] || diff "$BATS_TEST_TMPDIR/limits" ran || {
				echo "$limit=$value"
				return 1
			}
		done
	done
}

@test 'no process more than the caller may have: what can not be forked is refused with 125' {
	# As many as there are is one too many.
	run -125 --separate-stderr caller prlimit --nproc=1:1 "$CONFINE" "${ASK[@]}" -- true
	[[ ${stderr-} == *'Resource temporarily unavailable'* ]]
}

@test 'signals blocked and SIGCHLD ignored from the beginning' {
	run -0 caller timeout 20 "$TOOL" deaf "$CONFINE" "${ASK[@]}" -- grep -E '^Sig(Blk|Ign)' /proc/self/status
	# The command has them as the caller had: all blocked, SIGPIPE and SIGCHLD ignored.
	[[ $output == *SigBlk:*fffffffe7ffbfeff*SigIgn:*0000000000011000* ]]
}

@test 'hostile variables reach the command and do nothing to confine' {
	local name
	printf 'int x;\n' >x.c
	cc -shared -o evil.so -x c - <<<'#include <stdio.h>
		__attribute__((constructor)) static void evil(void) { fopen("evil", "w"); }'
	chown "$CALLER" x.c evil.so
	# shellcheck disable=SC2016
	caller env LD_PRELOAD="$WORK/evil.so" LD_LIBRARY_PATH="$WORK" LD_AUDIT="$WORK/evil.so" LD_DEBUG=all LD_DEBUG_OUTPUT="$WORK/debug" \
		GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A:glibc.malloc.check=3 MALLOC_CHECK_=3 MALLOC_PERTURB_=9 \
		GCONV_PATH="$WORK" LOCPATH="$WORK" LC_ALL=evil LANG=evil LANGUAGE=evil NLSPATH="$WORK/%N" TZ=":$WORK/fifo" TZDIR="$WORK" \
		PATH="$WORK" IFS=/ TMPDIR="$WORK" RES_OPTIONS=debug HOSTALIASES="$WORK/x" POSIXLY_CORRECT=1 \
		"$CONFINE" "${ASK[@]}" -- /usr/bin/true
	[[ ! -e evil && ! $(compgen -G 'debug*') ]]
	[[ $(record_value record r.mode) == setuid ]]
	rm evil.so
}

@test 'names of cgroups that are paths, or too long, or no names' {
	local name
	for name in '' . .. ../x x/y /x $'x\ny' 'x y' .x $'x\x7f' ü "$(printf 'x%.0s' {1..201})" "$(printf 'x%.0s' {1..255})" "$(printf 'x%.0s' {1..256})"; do
		run -125 caller "$CONFINE" --cgroup "$name" -- true
		[[ ${#lines[@]} == 1 ]]
	done
	name=$ACCOUNT$(printf 'x%.0s' $(seq $((200 - ${#ACCOUNT}))))
	run -0 caller "$CONFINE" --cgroup "$name" --record record -- true
	[[ $(record_value record r.applied.cgroup) == confine ]]
}

@test 'no --limit gets the command out of the cgroup of its caller' {
	local root cage
	root=$(findmnt -no TARGET -t cgroup2 | head -n1)
	cage=$root/cage-$ACCOUNT
	mkdir "$cage"
	# shellcheck disable=SC2016
	run -0 bash -c 'echo $$ >"$1/cgroup.procs"; shift; "$@"' - "$cage" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" \
		--init-groups --inh-caps=-all "$CONFINE" "${ASK[@]}" --limit pids.max=100 -- sed -n 's/^0:://p' /proc/self/cgroup
	[[ $output == "/cage-$ACCOUNT" ]]
	until_true 10 rmdir "$cage"
}

@test 'records that lead to root: links, hard links, FIFOs, devices, directories, places of others' {
	local option path before
	before=$(stat -c '%s %Y %a' /etc/passwd)
	caller ln -s /etc/passwd link
	caller ln -s "/etc/$ACCOUNT" dangling
	caller mkfifo fifo
	caller mkdir directory
	for option in --record --notice-file; do
		for path in link dangling fifo directory /dev/full /dev/null "/etc/$ACCOUNT" /etc/passwd / . '' /proc/self/mem /proc/sysrq-trigger; do
			# Something is missing, so that there is something to tell, and --require says it before the command runs.
			run -125 caller timeout 10 "$CONFINE" --cgroup "$ACCOUNT" --limit memory.max=1 --net --require "$option" "$path" -- touch ran
			run -0 caller timeout 10 "$CONFINE" --cgroup "$ACCOUNT" --limit memory.max=100000000000000 --best-effort "$option" "$path" -- true
		done
	done
	[[ ! -e "/etc/$ACCOUNT" && ! -e ran ]]
	[[ $(stat -c '%s %Y %a' /etc/passwd) == "$before" ]]
}

@test '--die-with and --die-with-lock on what belongs to others tell no more than the caller could see' {
	local pid
	victim sleep 1000 &
	pid=$!
	install -m 600 /dev/null "$PLACE/secret"
	run -0 caller timeout 10 "$CONFINE" --net --die-with 1 --die-with "$pid" --die-with-lock /etc/shadow --die-with-lock "$PLACE/secret" -- true
	kill -0 "$pid"
	run -0 caller timeout 10 "$CONFINE" --net --die-with-lock "$PLACE/nothing" -- true
	kill "$pid"
	rm "$PLACE/secret"
}

@test '--environ with a number that is no file of the caller' {
	local fd
	for fd in 3 4 5 6 7 8 9 10 99 2147483647; do
		run -125 caller timeout 10 "$CONFINE" "${ASK[@]}" --environ "$fd" -- /usr/bin/true 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- 10<&-
		[[ $output == *"no file of that number is open"* ]]
	done
}

@test 'from a user namespace in which the caller is root: root of that, and of nothing else' {
	# shellcheck disable=SC2016
	run -0 caller unshare --user --map-root-user "$CONFINE" "${ASK[@]}" -- sh -c 'id -u; cat /proc/self/uid_map; test -w /etc/passwd || echo safe'
	[[ $output == 0*"$CALLER"*safe ]]
	[[ $(record_value record r.mode) != setuid ]]
	run -0 caller unshare --user --mount --net --pid --fork --map-root-user "$CONFINE" --net --ipc -- sh -c 'grep CapBnd /proc/self/status; test -w /etc/passwd || echo safe'
	[[ $output == *safe ]]
}

@test 'a working directory that is removed, closed or 10,000 deep' {
	# shellcheck disable=SC2016
	by_caller 'mkdir gone; cd gone; rmdir ../gone; exec "$1" --net --ipc --cgroup '"$ACCOUNT"' -- true'
	# shellcheck disable=SC2016
	by_caller 'mkdir closed; cd closed; chmod 0 .; exec "$1" --net --ipc --cgroup '"$ACCOUNT"' -- true'
	run -0 caller timeout 60 "$TOOL" deep 10000 "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --record record -- true
	caller chmod 700 closed
	rm -rf "$WORK/d"
}

@test 'umask 0 and 0777: records are readable, and the command has the umask' {
	local mask
	for mask in 0 0777; do
		rm -f record
		# shellcheck disable=SC2016
		by_caller 'umask '"$mask"'; exec "$1" "${@:3}" -- sh -c umask >out'
		[[ $(stat -c %a record) == 664 ]]
		[[ $(<out) == "$(printf '%04o' $((mask)))" ]]
	done
}

@test 'no way into confine by ptrace, /proc, pidfd or limits, at no moment; none of its processes is root' {
	caller timeout 100 "$TOOL" ptrace "$CONFINE" "$ACCOUNT" "${HOSTILE_PTRACE_RUNS:-60}"
}

@test 'traced from the beginning it has no privilege' {
	run -0 caller strace -f -o /dev/null "$CONFINE" --probe
	[[ $output == *mode=userns* ]]
}

@test 'signals at random moments: an end each time, and nothing left' {
	caller timeout 900 "$TOOL" signals "$CONFINE" "$ACCOUNT" "${HOSTILE_SIGNAL_RUNS:-300}" "${HOSTILE_SEED:-$RANDOM}"
}

@test 'fs.suid_dumpable and core limits: nothing of confine is written, whatever signal ends it' {
	local signal
	for signal in TRAP SEGV ABRT; do
		# shellcheck disable=SC2016
		by_caller '"$1" "${@:3}" -- sleep 1000 & pid=$!
			until (($(pgrep -cP $pid))); do :; done
			kill -'$signal' $pid; wait $pid; (($? > 128))'
		[[ ! $(find . -name 'core*') ]]
	done
}
