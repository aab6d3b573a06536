#!/usr/bin/env bats
# The watcher of confine --audit: what it may, what the build can't do to it, and how it and the build end.
# shellcheck disable=SC2030,SC2031 # every test has variables of its own

load audit

setup() {
	audit_setup
	MARK=$AUDIT_DIR/mark.$BATS_TEST_NUMBER
	mkfifo -m 666 "$MARK"
}

# Whatever a failed test left.
teardown() {
	local -a left
	mapfile -t left < <(ours)
	[[ ! ${SERVER-} ]] || kill "$SERVER" 2>/dev/null || true
	((${#left[@]} == 0)) || kill -KILL "${left[@]}" 2>/dev/null || true
}

# All living processes of this test, by the environment that it gave them.
ours() {
	local file stat
	grep -lzx "AUDIT_MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ file _; do
		stat=$(<"/proc/$file/stat") || continue
		[[ ${stat##*) } == [ZX]* ]] || printf '%s\n' "$file"
	done 2>/dev/null
}

nobody_left() {
	[[ ! $(ours) ]]
}

# Starts confine in the background, as COMMAND what follows; sets SUPERVISOR and WATCHER once the command has said so.
begin() {
	local word
	: >"$RECORD"
	exec {word}<>"$MARK"
	export AUDIT_MARK=$MARK
	audit_exec "$@" &
	SUPERVISOR=$!
	read -r -u "$word" -t 10
	unset AUDIT_MARK
	exec {word}>&-
	# It may get to its first instruction after the command has.
	until_true 5 is_watched
}

is_watched() {
	WATCHER=$(pgrep -x -P "$SUPERVISOR" confine-audit)
}

# ended STATUS: the supervisor has, so
ended() {
	local status=0
	wait "$SUPERVISOR" || status=$?
	((status == $1))
}

# audit, in the place of this shell.
audit_exec() {
	if [[ ${WHO-user} == user && $EUID == 0 ]]; then
		cd "$AUDIT_DIR" || exit
		exec setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$CONFINE" --audit --record "$RECORD" "$@"
	fi
	exec "$CONFINE" --audit --record "$RECORD" "$@"
}

TRY=(sh -c 'exec 9>"$2"; echo up >&9; exec 9>&-; exec "$1" connect 100000000' sh)

@test 'the supervisor is killed amid a thousand attempts: nothing hangs, nothing is left' {
	local keeper
	for keeper in '' '--cgroup audit'; do
		for _ in 1 2 3; do
			# shellcheck disable=SC2086 # words
			begin --net $keeper -- "${TRY[@]}" "$CLIENT" "$MARK"
			kill -KILL "$SUPERVISOR"
			wait "$SUPERVISOR" || true
			until_true 5 nobody_left
		done
	done
}

@test 'so does what the command has put into the background' {
	begin --net -- sh -c 'setsid -f "$1" connect 100000000; setsid -f sleep 1000; echo up >"$2"; exec "$1" connect 100000000' sh "$CLIENT" "$MARK"
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	until_true 5 nobody_left
}

@test 'the watcher is killed: the build does not go on without, and the record says why' {
	local keeper
	for keeper in '' '--cgroup audit'; do
		# shellcheck disable=SC2086 # words
		begin --net $keeper -- "${TRY[@]}" "$CLIENT" "$MARK"
		kill -KILL "$WATCHER"
		ended 137
		until_true 5 nobody_left
		[[ $(record_value "$RECORD" r.abandoned) == true && $(record_value "$RECORD" r.watched_why) == 'the watcher died, and the phase was ended' ]]
	done
}

@test 'the watcher is slow: the build waits for it, and goes on' {
	mkfifo -m 666 "$MARK.go"
	begin --net -- sh -c 'echo up >"$2"; read -r _ <"$2.go"; exec "$1" connect 20000' sh "$CLIENT" "$MARK"
	# The supervisor would let it go on at once.
	kill -STOP "$SUPERVISOR" "$WATCHER"
	echo >"$MARK.go"
	run ! timeout 0.3 tail --pid="$SUPERVISOR" -f /dev/null
	kill -CONT "$SUPERVISOR" "$WATCHER"
	wait "$SUPERVISOR"
	expect_blocked 'client tcp 198.51.100.7 443 20000'
}

@test 'a command that is over at once was watched all the same, a hundred times' {
	local at_once=$AUDIT_DIR/at-once.jsonl
	for _ in {1..100}; do
		"$CONFINE" --net --audit --record "$at_once" -- true
	done
	[[ $(grep -c '"watched":"yes"' "$at_once") == 100 ]]
}

@test 'what may live on can still make its calls, and takes the watcher along when it ends' {
	local answer
	mkfifo -m 666 "$MARK.end" "$MARK.go" "$MARK.done"
	begin --net -- sh -c '
		setsid -f /usr/bin/python3 -c "
import socket, sys
open(sys.argv[1]).read()
server = socket.create_server((\"127.0.0.1\", 0))
socket.create_connection(server.getsockname())
open(sys.argv[2], \"w\").write(\"connected\")
" "$1.go" "$1.done"; echo up >"$1"; read -r _ <"$1.end"' sh "$MARK" >/dev/null 2>&1
	echo >"$MARK.end"
	wait "$SUPERVISOR"
	[[ -d /proc/$WATCHER ]]
	# Nothing of the caller's is held open by it.
	[[ ! $(find "/proc/$WATCHER/fd" -lname "$AUDIT_DIR/*") ]]
	echo >"$MARK.go"
	read -r -t 10 answer <"$MARK.done" || true
	[[ $answer == connected ]]
	until_true 5 nobody_left
	until_true 5 test ! -d "/proc/$WATCHER"
}

# Prepares for what test/confine/audit/fuse_stall.c does: DEVICE for every user, and the file SEEN in which it says so.
stall_begin() {
	((EUID == 0)) || skip 'needs root to make a node for /dev/fuse'
	STALL=$AUDIT_DIR/stall DEVICE=$AUDIT_DIR/fuse SEEN=$AUDIT_DIR/seen.$BATS_TEST_NUMBER
	[[ -e $STALL ]] || gcc -O1 -Wall -Wextra -Werror -o "$STALL" "$TOP/test/confine/audit/fuse_stall.c"
	[[ -e $DEVICE ]] || mknod -m 666 "$DEVICE" c 10 229
	(: <>"$DEVICE") 2>/dev/null || skip "this kernel has no FUSE"
	: >"$SEEN"
	chmod 666 "$SEEN"
}

# The first is stuck; what comes after it is not.
AFTER=(bash -c '"$1" "$2" "$3" "$4" & until [[ -s $3 ]]; do :; done; exec timeout 1 "$5" connect 3' bash)

@test 'a process whose memory or descriptor a FUSE server holds back delays no other call by a second' {
	local what keeper
	stall_begin
	for what in address descriptor; do
		for keeper in '--cgroup audit' ''; do
			: >"$SEEN"
			# shellcheck disable=SC2086 # words
			AUDIT_MARK=$MARK audit --net $keeper -- "${AFTER[@]}" "$STALL" "$DEVICE" "$SEEN" "$what" "$CLIENT" || {
				echo "$what, $keeper: status $?"
				return 1
			}
			[[ $(record_value "$RECORD" 'r.blocked.find((b) => b.comm === "client").count') == 3 && $(record_value "$RECORD" r.unreadable) == 1 ]]
			# shellcheck disable=SC2046 # numbers
			[[ $keeper ]] || kill -KILL $(ours)
			until_true 5 nobody_left
		done
	done
}

@test 'under a list such a call fails with EFAULT, since nobody knows where it leads' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup audit --allow 198.51.100.7:443 -- bash -c '"$1" "$2" "$3" address & until grep -q efault "$3"; do :; done' bash "$STALL" "$DEVICE" "$SEEN"
	[[ $(record_value "$RECORD" r.unreadable) == 1 && $(record_value "$RECORD" r.allowed) == undefined ]]
}

@test 'a socketcall whose arguments a FUSE server holds back makes no socket' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup audit -- bash -c '"$1" "$2" "$3" socketcall & until grep -q efault "$3"; do :; done' bash "$STALL" "$DEVICE" "$SEEN"
	[[ $(record_value "$RECORD" r.unreadable) == 1 ]]
}

@test 'forty such processes: the watcher goes on, or the phase is ended' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	audit --net --cgroup audit -- bash -c 'for ((i = 0; i < 40; i++)); do "$1" "$2" "$3" address & done; until (($(wc -l <"$3") >= 40)); do :; done; exec "$4" connect 3' \
		bash "$STALL" "$DEVICE" "$SEEN" "$CLIENT" || (($? == 137))
	[[ $(record_value "$RECORD" r.watched_why) == 'the watcher died, and the phase was ended' || $(record_value "$RECORD" r.unreadable) == 40 ]]
}

@test 'the supervisor ends by SIGTERM and at the end of its command, also where a server outside holds the watcher' {
	local end
	stall_begin
	for end in signal exit; do
		: >"$SEEN"
		: >"$RECORD"
		# shellcheck disable=SC2016 # for the inner shell
		AUDIT_MARK=$MARK setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$STALL" "$DEVICE" "$SEEN" serve \
			"$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- bash -c '
				"$1" - "$2" address & until [[ -s $2 ]]; do :; done; [[ $3 == exit ]] || exec sleep 1000' bash "$STALL" "$SEEN" "$end" 3>&- &
		SUPERVISOR=$!
		until_true 5 test -s "$SEEN"
		[[ $end == exit ]] || kill "$SUPERVISOR"
		until_true 5 test ! -e "/proc/$SUPERVISOR/exe"
		if [[ $end == exit ]]; then
			ended 0
		else
			ended 143
		fi
		# shellcheck disable=SC2046 # numbers
		kill -KILL $(ours)
		until_true 5 nobody_left
	done
}

@test 'the supervisor starts the command if a FUSE server delays the exit of a helper process' {
	stall_begin
	# shellcheck disable=SC2016 # for the inner shell
	AUDIT_MARK=$MARK setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$STALL" "$DEVICE" "$SEEN" delay \
		"$CONFINE" --net --cgroup audit -- bash -c '[[ -s $1 ]] && echo started >>"$1"' bash "$SEEN" 3>&- &
	SUPERVISOR=$!
	until_true 10 grep -q started "$SEEN"
	# The supervisor waits 7 s for init, which a stuck parent cannot reap.
	timeout 30 tail --pid="$SUPERVISOR" -f /dev/null
	ended 0
	# shellcheck disable=SC2046 # numbers
	kill -KILL $(ours)
	until_true nobody_left
}

# A field of a process' status, in words: CapPrm 1234
capabilities() {
	awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$2/status"
}

# A confine with counters or sanitizers built in has no filter.
is_filtered() {
	[[ ${CONFINE_BUILD-} ]] || [[ $(capabilities Seccomp "$1") == 2 && $(capabilities NoNewPrivs "$1") == 1 ]]
}

@test 'root: the watcher has ids that nobody else has, CAP_SYS_PTRACE, and a filter for its system calls' {
	local id
	((EUID == 0)) || skip 'needs root'
	WHO=root begin --net -- "${TRY[@]}" "$CLIENT" "$MARK"
	id=$((0x70000000 + WATCHER))
	[[ $(capabilities Uid "$WATCHER") == "$id $id $id $id" && $(capabilities Gid "$WATCHER") == "$id $id $id $id" ]]
	[[ ! $(capabilities Groups "$WATCHER") && ! $(getent passwd "$id") ]]
	is_filtered "$WATCHER"
	[[ $(capabilities CapPrm "$WATCHER") == 0000000000080000 && $(capabilities CapEff "$WATCHER") == 0000000000080000 ]]
	[[ $(capabilities CapInh "$WATCHER") == 0000000000000000 && $(capabilities CapAmb "$WATCHER") == 0000000000000000 ]]
	kill "$SUPERVISOR"
	ended 143
}

# called FILE: the names of all calls that watchers and their helpers made behind their filter, in strace's output
called() {
	awk '
		/prctl\(PR_SET_NAME, "confine-audit"/ { named[$1] = 1 }
		ours[$1] && match($0, /^[0-9]+ +[a-z_0-9]+\(/) { split($0, part, /[ (]+/); print part[2] }
		named[$1] && /seccomp\(SECCOMP_SET_MODE_FILTER/ { ours[$1] = 1 }
		ours[$1] && /clone3?(\(| resumed).* = [0-9]+$/ { ours[$NF] = 1 }' "$1" | sort -u
}

@test 'the watcher makes no system call that is not in its table, whatever it has to do' {
	local WHO port table=$AUDIT_DIR/table trace=$AUDIT_DIR/trace deeds
	((EUID == 0)) || skip 'needs root to trace it'
	grep -oE '\<CALL(_BUT|_NOT)?\(\w+' "$TOP/native/watcher/rights.c" | sed 's/.*(//' | sort -u >"$table"
	/usr/bin/python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], file=open(sys.argv[1], "w"), flush=True)
while True: server.accept()[0].close()' "$AUDIT_DIR/port" 3>&- &
	SERVER=$!
	until_true 5 test -s "$AUDIT_DIR/port"
	port=$(<"$AUDIT_DIR/port")
	deeds='
import asyncio, socket, sys, threading
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
server = socket.socket(socket.AF_UNIX)
server.bind("\0" + str(port))
server.listen()
def near():
    socket.socket(socket.AF_UNIX).connect("\0" + str(port))
thread = threading.Thread(target=near)
thread.start()
thread.join()
'
	for WHO in user root; do
		audit_run --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$deeds" "$port"
		[[ $(record_value "$RECORD" 'r.allowed[0].count') == 6 && $(record_value "$RECORD" 'r.names[0].name') == names.example ]]
		: >"$RECORD"
		if [[ $WHO == user ]]; then
			strace -f -qq -o "$trace" setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- \
				"$CONFINE" --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$deeds" "$port"
		else
			strace -f -qq -o "$trace" "$CONFINE" --audit --record "$RECORD" --net --allow "127.0.0.1:$port" -- /usr/bin/python3 -c "$deeds" "$port"
		fi
		run -0 comm -23 <(called "$trace") "$table"
		[[ ! $output ]] || {
			printf '%s: %s\n' "$WHO" "$output"
			return 1
		}
		[[ ${CONFINE_BUILD-} ]] || (($(called "$trace" | wc -l) > 25))
	done
}

@test 'who has the same uid gets neither at the listener nor at the memory of who holds it' {
	((EUID == 0)) || skip 'needs root to look on'
	begin --net -- "${TRY[@]}" "$CLIENT" "$MARK"
	[[ $(capabilities CapPrm "$WATCHER") == 0000000000000000 ]]
	is_filtered "$WATCHER"
	[[ $(capabilities Uid "$WATCHER") == 12321\ * ]]
	run ! setpriv --reuid=12321 --regid=12321 --clear-groups ls "/proc/$WATCHER/fd"
	run ! setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- strace -p "$WATCHER" -o /dev/null
	# The supervisor, who can be traced by its own user, has no listener.
	[[ ! $(find "/proc/$SUPERVISOR/fd" -lname 'anon_inode:*seccomp*') && $(find "/proc/$WATCHER/fd" -lname 'anon_inode:*seccomp*') ]]
	kill "$SUPERVISOR"
	ended 143
}

@test 'setuid: watched as the caller, under no_new_privs, names and all' {
	((EUID == 0)) || skip 'needs root to make it setuid'
	CONFINE=$AUDIT_DIR/setuid
	install -m 4755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	audit --net -- sh -c '"$1" connect 3; getent hosts x.example.org; grep NoNewPrivs: /proc/self/status' sh "$CLIENT" >"$AUDIT_DIR/out"
	[[ $(record_value "$RECORD" r.mode) == setuid && $(record_value "$RECORD" r.watched) == yes && $(<"$AUDIT_DIR/out") == NoNewPrivs:*1 ]]
	expect_blocked 'client tcp 198.51.100.7 443 3'
	[[ $(record_value "$RECORD" 'r.names.length') == 2 ]]
}

@test 'the command has the descriptors and the processes that it has without' {
	local with without
	without=$("$CONFINE" --net --cgroup audit --record "$RECORD" -- sh -c 'ls -l /proc/self/fd | sed "s/.*[0-9] //; s/[0-9]*//g"')
	without+=$(record_value "$RECORD" r.processes)
	: >"$RECORD"
	with=$("$CONFINE" --net --cgroup audit --audit --record "$RECORD" -- sh -c 'ls -l /proc/self/fd | sed "s/.*[0-9] //; s/[0-9]*//g"')
	with+=$(record_value "$RECORD" r.processes)
	[[ $with == "$without" ]]
}

@test 'io_uring is not seen, and told as more' {
	gcc -O1 -o "$AUDIT_DIR/uring" "$TOP/test/confine/audit/io_uring.c"
	# Attempts that the kernel does not count make up for none that nobody saw.
	run audit --net --families any -- sh -c 'TO=10.1.2.3 "$1" connect 7 && exec "$2" 5' sh "$CLIENT" "$AUDIT_DIR/uring"
	[[ $status != 4 ]] || skip 'no io_uring here'
	[[ $status == 0 && $(record_value "$RECORD" r.unattributed) == 5 && $(record_value "$RECORD" r.unreachable) == 5 && $(blocked) == 'client tcp 10.1.2.3 443 7' ]]
}

@test 'after each file of /proc/TID that it opens the watcher asks whether the call is still there' {
	local trace=$AUDIT_DIR/trace
	((EUID == 0)) || skip 'needs root to trace it'
	mkfifo -m 666 "$MARK.go"
	begin --net --allow 127.0.0.1:1 -- sh -c 'echo up >"$2"; read -r _ <"$2.go"; "$1" connect 3; TO=127.0.0.1 PORT=1 exec "$1" connect 3' \
		sh "$CLIENT" "$MARK"
	strace -f -qq -e trace=open,openat,ioctl -o "$trace" -p "$WATCHER" 3>&- &
	until_true 5 grep -q '^TracerPid:.[1-9]' "/proc/$WATCHER/status"
	echo >"$MARK.go"
	wait "$SUPERVISOR"
	# Of what is opened by number, the answer to the call comes only behind a check.
	awk '
		/open(at)?\((AT_FDCWD, )?"\/proc\/[0-9]+\// { opened++; unchecked = 1 }
		/NOTIF_ID_VALID/ { unchecked = 0 }
		/NOTIF_SEND|NOTIF_ADDFD/ && unchecked { print; bad = 1 }
		END { exit bad || opened < 2 }' "$trace"
}
