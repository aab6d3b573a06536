#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher process of confine --audit: its privileges, attacks by the build, and what happens if the watcher or the build ends.
# shellcheck disable=SC2030,SC2031 # every test has variables of its own

load ../lib/audit

setup() {
	audit_setup
	READY=$AUDIT_DIR/mark.$BATS_TEST_NUMBER
	mkfifo -m 666 "$READY"
}

# Kills the processes of a failed test.
teardown() {
	local -a left
	mapfile -t left < <(test_processes)
	[[ ! ${SERVER-} ]] || kill "$SERVER" 2>/dev/null || true
	((${#left[@]} == 0)) || kill -KILL "${left[@]}" 2>/dev/null || true
}

# test_processes: prints the PIDs of the live processes of this test, which have TEST_MARK in their environment
test_processes() {
	grep -lzx "TEST_MARK=$READY" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | live_pids
}

no_test_processes() {
	[[ ! $(test_processes) ]]
}

kill_test_processes() {
	local -a pids
	mapfile -t pids < <(test_processes)
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}"
	until_true 60 no_test_processes
}

# start_watched OPTION... -- COMMAND...: starts confine --audit in the background. Sets SUPERVISOR and WATCHER once the command has
# written a line to READY
start_watched() {
	local word
	: >"$RECORD"
	exec {word}<>"$READY"
	export TEST_MARK=$READY
	audit_exec "$@" &
	SUPERVISOR=$!
	read -r -u "$word" -t 10
	unset TEST_MARK
	exec {word}>&-
	# The watcher may set its process name after the command has started.
	until_true 60 is_watched
}

is_watched() {
	WATCHER=$(pgrep -x -P "$SUPERVISOR" confine-watcher)
}

# assert_exit_status STATUS: waits for the supervisor, which must exit with that status
assert_exit_status() {
	local status=0
	wait "$SUPERVISOR" || status=$?
	((status == $1))
}

# audit_exec ARG...: replaces the shell by confine --audit
audit_exec() {
	if [[ ${RUN_AS-user} == user && $EUID == 0 ]]; then
		cd "$AUDIT_DIR" || exit
		exec setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$CONFINE" --audit --record "$RECORD" "$@"
	fi
	exec "$CONFINE" --audit --record "$RECORD" "$@"
}

CONNECT_FOREVER=(sh -c 'exec 9>"$2"; echo up >&9; exec 9>&-; exec "$1" connect 100000000' sh)

@test 'if the supervisor process of confine --audit is killed while the command connects all the time, no process of the command or of confine remains' {
	local options
	for options in '' '--cgroup audit'; do
		for _ in 1 2 3; do
			# shellcheck disable=SC2086 # words
			start_watched --net $options -- "${CONNECT_FOREVER[@]}" "$CLIENT" "$READY"
			kill -KILL "$SUPERVISOR"
			wait "$SUPERVISOR" || true
			until_true 60 no_test_processes
		done
	done
}

@test 'if the supervisor process of confine --audit is killed, the background processes of the command are killed too, also without --cgroup' {
	start_watched --net -- sh -c 'setsid -f "$1" connect 100000000; setsid -f sleep 1000; echo up >"$2"; exec "$1" connect 100000000' sh "$CLIENT" "$READY"
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	until_true 60 no_test_processes
}

@test 'if the watcher process of confine --audit is killed, confine kills the phase and records the reason' {
	local options
	for options in '' '--cgroup audit'; do
		# shellcheck disable=SC2086 # words
		start_watched --net $options -- "${CONNECT_FOREVER[@]}" "$CLIENT" "$READY"
		kill -KILL "$WATCHER"
		assert_exit_status 137
		until_true 60 no_test_processes
		[[ $(record_value "$RECORD" r.abandoned) == true && $(record_value "$RECORD" r.watched_why) == 'the watcher process of confine has exited, so confine killed the phase' ]]
	done
}

@test 'if the watcher process of confine --audit is stopped, connections wait until the watcher continues' {
	local command
	mkfifo -m 666 "$READY.go"
	start_watched --net -- sh -c 'echo up >"$2"; read -r _ <"$2.go"; exec "$1" connect 20000' sh "$CLIENT" "$READY"
	command=$(pgrep -x sh -P "$(pgrep -d, -P "$SUPERVISOR"),$SUPERVISOR")
	# The test stops the supervisor too, because the supervisor would continue the watcher at once.
	kill -STOP "$SUPERVISOR" "$WATCHER"
	echo >"$READY.go"
	# The stopped supervisor reaps no process, but a process that has ended has no executable file.
	run -1 until_true 1 test ! -e "/proc/$command/exe"
	kill -CONT "$SUPERVISOR" "$WATCHER"
	wait "$SUPERVISOR"
	assert_blocked 'client tcp 198.51.100.7 443 20000'
}

# used_memory: prints the anonymous memory of the watcher in kB. The peak (VmHWM) would include program code that the watcher executes later for the
# first time. It is also inexact, because each CPU counts pages separately (get_mm_rss() in include/linux/mm.h).
used_memory() {
	sed -n 's/^Anonymous:[[:space:]]*\([0-9]*\) kB$/\1/p' "/proc/$WATCHER/smaps_rollup"
}

@test 'the watcher process of confine needs no more memory for 20,000 destinations than for 1,000, with and without confine --allow' {
	local options fd few
	# shellcheck disable=SC2016 # for the inner shell
	local connect='for count in 10 200; do
		read -r _ <"$2"
		for i in {0..99}; do "$1" ports $((1000 + i * count)) "$count" || exit; done
		echo done >"$3"
	done
	read -r _ <"$2"'
	mkfifo -m 666 "$READY.go"
	for options in '' '--allow 198.51.100.7:1'; do
		# shellcheck disable=SC2086 # words
		start_watched --net $options -- bash -c "echo up >\"\$3\"; $connect" bash "$CLIENT" "$READY.go" "$READY"
		exec {fd}<>"$READY"
		echo >"$READY.go"
		read -r -u "$fd" -t 300
		few=$(used_memory)
		echo >"$READY.go"
		read -r -u "$fd" -t 300
		# Permit 64 kB, because a thread that replaces a slow one needs 20 kB (with AddressSanitizer more, so that there is no check).
		[[ ${CONFINE_BUILD-} ]] || (($(used_memory) <= few + 64))
		echo >"$READY.go"
		assert_exit_status 0
		[[ $(record_value "$RECORD" r.blocked.length) == 256 ]]
	done
}

@test 'in each of 100 runs, confine --audit records that it has watched the command (watched=yes), even if the command exits at once' {
	local at_once=$AUDIT_DIR/at-once.jsonl
	for _ in {1..100}; do
		"$CONFINE" --net --audit --record "$at_once" -- true
	done
	[[ $(grep -c '"watched":"yes"' "$at_once") == 100 ]]
}

@test 'without confine --cgroup, a background process can still connect after the command has exited, and the watcher exits when that process exits' {
	local answer
	mkfifo -m 666 "$READY.end" "$READY.go" "$READY.done"
	start_watched --net -- sh -c '
		setsid -f /usr/bin/python3 -c "
import socket, sys
open(sys.argv[1]).read()
server = socket.create_server((\"127.0.0.1\", 0))
socket.create_connection(server.getsockname())
open(sys.argv[2], \"w\").write(\"connected\")
" "$1.go" "$1.done"; echo up >"$1"; read -r _ <"$1.end"' sh "$READY" >/dev/null 2>&1
	echo >"$READY.end"
	wait "$SUPERVISOR"
	[[ -d /proc/$WATCHER ]]
	# The watcher keeps no file of the caller open.
	[[ ! $(find "/proc/$WATCHER/fd" -lname "$AUDIT_DIR/*") ]]
	echo >"$READY.go"
	read -r -t 10 answer <"$READY.done" || true
	[[ $answer == connected ]]
	until_true 60 no_test_processes
	until_true 60 test ! -d "/proc/$WATCHER"
}

# stall_begin: builds fuse_stall.c as STALL, with DEVICE, a node for /dev/fuse, and STALL_LOG, its log
stall_begin() {
	STALL=$AUDIT_DIR/stall DEVICE=$AUDIT_DIR/fuse STALL_LOG=$AUDIT_DIR/seen.$BATS_TEST_NUMBER
	[[ -e $STALL ]] || gcc -O1 -Wall -Wextra -Werror -o "$STALL" "$TOP/test/confine/audit/fuse_stall.c"
	[[ -e $DEVICE ]] || mknod -m 666 "$DEVICE" c 10 229
	(: <>"$DEVICE") 2>/dev/null || skip "this kernel has no FUSE"
	: >"$STALL_LOG"
	chmod 666 "$STALL_LOG"
}

# Starts a process that stalls a thread of the watcher (fuse_stall.c), and then another process that connects.
CONNECT_AFTER_STALL=(bash -c "$(declare -f until_true)"'
	"$1" "$2" "$3" "$4" &
	until_true 60 test -s "$3" && exec timeout 1 "$5" connect 3' bash)

@test 'if a FUSE server stalls access to the memory or descriptors of one process, connect calls of other processes in the phase take less than one second' {
	local what options
	stall_begin
	for what in address descriptor; do
		for options in '--cgroup audit' ''; do
			: >"$STALL_LOG"
			# shellcheck disable=SC2086 # words
			TEST_MARK=$READY audit --net $options -- "${CONNECT_AFTER_STALL[@]}" "$STALL" "$DEVICE" "$STALL_LOG" "$what" "$CLIENT" || {
				echo "$what, $options: status $?"
				return 1
			}
			[[ $(record_value "$RECORD" 'r.blocked.find((b) => b.comm === "client").count') == 3 && $(record_value "$RECORD" r.unreadable) == 1 ]]
			kill_test_processes
		done
	done
}

@test 'with confine --allow, connect fails with EFAULT if the address argument is in a mapped file whose FUSE server does not answer' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup audit --allow 198.51.100.7:443 -- bash -c "$(declare -f until_true)"'
		"$1" "$2" "$3" address &
		until_true 60 grep -q efault "$3"' bash "$STALL" "$DEVICE" "$STALL_LOG"
	[[ $(record_value "$RECORD" r.unreadable) == 1 && $(record_value "$RECORD" r.allowed) == undefined ]]
}

@test 'with confine --audit, socketcall(2) fails with EFAULT if the arguments are in a mapped file whose FUSE server does not answer' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup audit -- bash -c "$(declare -f until_true)"'
		"$1" "$2" "$3" socketcall &
		until_true 60 grep -q efault "$3"' bash "$STALL" "$DEVICE" "$STALL_LOG"
	[[ $(record_value "$RECORD" r.unreadable) == 1 ]]
}

@test 'if a FUSE server stalls access to the memory of more than 32 processes, confine kills the phase and records the reason' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	run -137 audit --net --cgroup audit -- timeout 60 bash -c 'for ((i = 0; i < 40; i++)); do "$1" "$2" "$3" address & done; wait' bash "$STALL" "$DEVICE" "$STALL_LOG"
	[[ $(record_value "$RECORD" r.watched_why) == 'the watcher process of confine has exited, so confine killed the phase' ]]
	[[ $(record_value "$RECORD" r.unreadable) == 32 ]]
}

# start_served MODE COMMAND...: runs the command in the background as the user, with descriptor 9 on a file of a FUSE server outside the
# phase (fuse_stall.c). Sets SUPERVISOR
start_served() {
	TEST_MARK=$READY setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$STALL" "$DEVICE" "$STALL_LOG" "$@" 3>&- &
	SUPERVISOR=$!
}

@test 'if a FUSE server outside the phase stalls the watcher process, confine still exits after SIGTERM and when the command exits' {
	local end
	stall_begin
	for end in signal exit; do
		: >"$STALL_LOG"
		: >"$RECORD"
		# shellcheck disable=SC2016 # for the inner shell
		start_served serve "$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- bash -c "$(declare -f until_true)"'
			"$1" - "$2" address &
			until_true 60 test -s "$2" || exit
			[[ $3 == exit ]] || exec sleep 1000' bash "$STALL" "$STALL_LOG" "$end"
		until_true 60 test -s "$STALL_LOG"
		[[ $end == exit ]] || kill "$SUPERVISOR"
		until_true 60 test ! -e "/proc/$SUPERVISOR/exe"
		assert_exit_status "$([[ $end == exit ]] && echo 0 || echo 143)"
		kill_test_processes
	done
}

@test 'if a FUSE server blocks close(2) in processes of confine, confine still starts the command, records connections and lookups, forwards SIGTERM and exits with the status of the command' {
	local exiting
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	start_served hold "$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- bash -c '
		timeout 10 "$2" connect 3 || exit 1
		timeout 10 getent ahostsv4 names.example
		(exec -a "orphan-$1" sleep 1000) & exit 7' bash "$STALL_LOG" "$CLIENT"
	exiting=$SUPERVISOR
	# shellcheck disable=SC2016 # for the inner shell
	start_served hold "$CONFINE" --net --cgroup audit -- bash -c 'echo waiting >>"$1"; exec sleep 1000' bash "$STALL_LOG"
	until_true 60 grep -q waiting "$STALL_LOG"
	kill "$SUPERVISOR"
	# Each supervisor waits 7 s for its init.
	until_true 60 test ! -e "/proc/$exiting/exe"
	until_true 60 test ! -e "/proc/$SUPERVISOR/exe"
	assert_exit_status 143
	SUPERVISOR=$exiting
	assert_exit_status 7
	run -1 pgrep -f "orphan-$STALL_LOG"
	[[ $(record_value "$RECORD" 'r.blocked.find((b) => b.comm === "client").count') == 3 && $(record_value "$RECORD" 'r.names[0].name') == names.example ]]
	# At least six processes have closed descriptor 9: init and its parent in both runs of confine, the watcher and the DNS server.
	(($(grep -c flush "$STALL_LOG") >= 6))
	kill_test_processes
}

@test 'if the watcher process is killed while a FUSE server stalls a thread of that process, confine kills the phase and records the reason' {
	local mode
	stall_begin
	for mode in hold serve; do
		: >"$STALL_LOG"
		: >"$RECORD"
		# In mode hold, a thread of the watcher closes a file of the caller. In mode serve, a thread reads memory of the phase.
		# shellcheck disable=SC2016 # for the inner shell
		start_served "$mode" "$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- bash -c "$(declare -f until_true)"'
			[[ $3 == hold ]] || { "$1" - "$2" address & until_true 60 test -s "$2"; }
			timeout 10 "$4" connect 1 && echo waiting >>"$2"; exec sleep 1000' bash "$STALL" "$STALL_LOG" "$mode" "$CLIENT"
		until_true 60 grep -q waiting "$STALL_LOG"
		pkill -KILL -x -P "$SUPERVISOR" confine-watcher
		until_true 60 test ! -e "/proc/$SUPERVISOR/exe"
		assert_exit_status 137
		[[ $(record_value "$RECORD" r.watched_why) == 'the watcher process of confine has exited, so confine killed the phase' ]]
		kill_test_processes
	done
}

# status_field NAME PID: prints a field of /proc/PID/status
status_field() {
	awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$2/status"
}

# has_net_filter PID: succeeds if the watcher PID has its seccomp filter, or if confine, with coverage counters or sanitizers, installs none
has_net_filter() {
	[[ ${CONFINE_BUILD-} ]] || [[ $(status_field Seccomp "$1") == 2 && $(status_field NoNewPrivs "$1") == 1 ]]
}

@test 'if root runs confine --audit, the watcher process has a user and group id that no account uses, only CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, and a seccomp filter' {
	local id
	RUN_AS=root start_watched --net -- "${CONNECT_FOREVER[@]}" "$CLIENT" "$READY"
	id=$((0x70000000 + WATCHER))
	[[ $(status_field Uid "$WATCHER") == "$id $id $id $id" && $(status_field Gid "$WATCHER") == "$id $id $id $id" ]]
	[[ ! $(status_field Groups "$WATCHER") && ! $(getent passwd "$id") ]]
	has_net_filter "$WATCHER"
	[[ $(status_field CapPrm "$WATCHER") == 0000000000080004 && $(status_field CapEff "$WATCHER") == 0000000000080004 ]]
	[[ $(status_field CapInh "$WATCHER") == 0000000000000000 && $(status_field CapAmb "$WATCHER") == 0000000000000000 ]]
	kill "$SUPERVISOR"
	assert_exit_status 143
}

# calls_in_trace FILE: prints the system calls of the watcher and its helpers after they installed their filter, from strace's output
calls_in_trace() {
	awk '
		/prctl\(PR_SET_NAME, "confine-watcher"/ { named[$1] = 1 }
		filtered[$1] && match($0, /^[0-9]+ +[a-z_0-9]+\(/) { split($0, part, /[ (]+/); print part[2] }
		named[$1] && /seccomp\(SECCOMP_SET_MODE_FILTER/ { filtered[$1] = 1 }
		filtered[$1] && /clone3?(\(| resumed).* = [0-9]+$/ { filtered[$NF] = 1 }' "$1" | sort -u
}

@test 'the watcher process of confine makes only the system calls that its seccomp filter permits' {
	local RUN_AS port table=$AUDIT_DIR/table trace=$AUDIT_DIR/trace actions
	grep -oE '\<CALL\(\w+' "$TOP/native/watcher/rights.c" | sed 's/.*(//' | sort -u >"$table"
	/usr/bin/python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], file=open(sys.argv[1], "w"), flush=True)
while True: server.accept()[0].close()' "$AUDIT_DIR/port" 3>&- &
	SERVER=$!
	until_true 60 test -s "$AUDIT_DIR/port"
	port=$(<"$AUDIT_DIR/port")
	actions='
import asyncio, socket, sys, tempfile, threading
port = int(sys.argv[1])
def connect():
    socket.create_connection(("127.0.0.1", port)).close()
async def later():
    await asyncio.open_connection("127.0.0.1", port)
connect()
asyncio.run(later())
for where in "names.example", "203.0.113.9":
    try: socket.create_connection((where, 80))
    except OSError: pass
threads = [threading.Thread(target=connect) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.TemporaryDirectory() as folder:
    server = socket.socket(socket.AF_UNIX)
    server.bind(folder + "/socket")
    server.listen()
    socket.socket(socket.AF_UNIX).connect("/proc/self/root" + folder + "/socket")
server = socket.socket(socket.AF_UNIX)
server.bind("\0" + str(port))
server.listen()
def near():
    socket.socket(socket.AF_UNIX).connect("\0" + str(port))
thread = threading.Thread(target=near)
thread.start()
thread.join()
'
	for RUN_AS in user root; do
		audit_run --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$actions" "$port"
		[[ $(record_value "$RECORD" 'r.allowed[0].count') == 6 && $(record_value "$RECORD" 'r.names[0].name') == names.example ]]
		: >"$RECORD"
		if [[ $RUN_AS == user ]]; then
			strace -f -qq -o "$trace" setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- \
				"$CONFINE" --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$actions" "$port"
		else
			strace -f -qq -o "$trace" "$CONFINE" --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$actions" "$port"
		fi
		run -0 comm -23 <(calls_in_trace "$trace") "$table"
		[[ ! $output ]] || {
			printf '%s: %s\n' "$RUN_AS" "$output"
			return 1
		}
		[[ ${CONFINE_BUILD-} ]] || (($(calls_in_trace "$trace" | wc -l) > 25))
	done
}

@test 'a process of the same user cannot copy the seccomp listener or the memory of the watcher process of confine' {
	start_watched --net -- "${CONNECT_FOREVER[@]}" "$CLIENT" "$READY"
	[[ $(status_field CapPrm "$WATCHER") == 0000000000000000 ]]
	has_net_filter "$WATCHER"
	[[ $(status_field Uid "$WATCHER") == 12321\ * ]]
	run -2 setpriv --reuid=12321 --regid=12321 --clear-groups ls "/proc/$WATCHER/fd"
	[[ $output == *'Permission denied' ]]
	run -1 timeout 10 setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- strace -p "$WATCHER" -o /dev/null
	[[ $output == *'Operation not permitted'* ]]
	# The user can trace the supervisor, so the supervisor must not have the seccomp listener.
	[[ ! $(find "/proc/$SUPERVISOR/fd" -lname 'anon_inode:*seccomp*') && $(find "/proc/$WATCHER/fd" -lname 'anon_inode:*seccomp*') ]]
	kill "$SUPERVISOR"
	assert_exit_status 143
}

@test 'after opening a file in /proc/TID, the watcher process of confine checks that the thread still waits in the same system call' {
	local trace=$AUDIT_DIR/trace
	mkfifo -m 666 "$READY.go"
	start_watched --net --allow 127.0.0.1:1 -- sh -c 'echo up >"$2"; read -r _ <"$2.go"; "$1" connect 3; TO=127.0.0.1 PORT=1 exec "$1" connect 3' \
		sh "$CLIENT" "$READY"
	strace -f -qq -e trace=open,openat,ioctl -o "$trace" -p "$WATCHER" 3>&- &
	until_true 60 grep -q '^TracerPid:.[1-9]' "/proc/$WATCHER/status"
	echo >"$READY.go"
	wait "$SUPERVISOR"
	# In the trace, the watcher must check the notification (NOTIF_ID_VALID) between each open of a file in /proc/PID and its next answer.
	awk '
		/open(at)?\((AT_FDCWD, )?"\/proc\/[0-9]+\// { opened++; unchecked = 1 }
		/NOTIF_ID_VALID/ { unchecked = 0 }
		/NOTIF_SEND|NOTIF_ADDFD/ && unchecked { print; wrong = 1 }
		END { exit wrong || opened < 2 }' "$trace"
}

# Stops the watcher between the arrival of a notification and its first access to the thread. Kills the thread, and starts `impostor`
# with its number. Runs in a PID namespace of its own, where no other process is started. Arguments: TOP, CONFINE, CLIENT, RECORD, READY,
# IMPOSTOR.
REUSE_NUMBER=$(
	cat <<-'END'
		source "$1/test/lib/wait.bash"
		"$2" --audit --net --record "$4" -- bash -c '
			bash -c "echo \$\$ >\"\$2\"; read -r _ <\"\$2.go\"; exec \"\$1\" listener" bash "$1" "$2"
			echo reaped >"$2"
			read -r _ <"$2.end"' bash "$3" "$5" &
		supervisor=$!
		read -rt 10 thread <"$5"
		is_watched() { watcher=$(pgrep -x -P "$supervisor" confine-watcher); }
		until_true 60 is_watched
		# The supervisor would continue the stopped watcher.
		kill -STOP "$supervisor"
		strace -f -qq -e trace=ioctl -e inject=ioctl:signal=SIGSTOP:when=1 -o "$5.trace" -p "$watcher" &
		until_true 60 grep -q '^TracerPid:.[1-9]' "/proc/$watcher/status"
		echo >"$5.go"
		until_true 60 grep -q 'stopped by SIGSTOP' "$5.trace"
		kill -KILL "$thread"
		read -rt 10 _ <"$5"
		echo $((thread - 1)) >/proc/sys/kernel/ns_last_pid
		"$6" 1000 &
		[[ $! == "$thread" ]]
		until_true 60 grep -qx impostor "/proc/$thread/comm"
		kill -CONT "$watcher" "$supervisor"
		echo >"$5.end"
		wait "$supervisor"
	END
)

@test 'if a new process gets the TID of a killed thread, the watcher process of confine does not record the new process as the caller' {
	[[ -e /proc/sys/kernel/ns_last_pid ]] || skip 'this kernel cannot choose a process number (CONFIG_CHECKPOINT_RESTORE)'
	mkfifo "$READY.go" "$READY.end"
	cp "$(type -P sleep)" "$AUDIT_DIR/impostor"
	run -0 timeout 60 unshare --pid --fork --kill-child --mount-proc bash -euc "$REUSE_NUMBER" bash "$TOP" "$CONFINE" "$CLIENT" "$RECORD" "$READY" "$AUDIT_DIR/impostor"
	grep -q NOTIF_RECV "$READY.trace"
	[[ $(record_value "$RECORD" r.listener_refused.comm) == '' ]]
}
