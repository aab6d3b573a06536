#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034 # each test has a user of its own, and audit_run reads RUN_AS
# The socket families that a phase can use with confine --net. A network namespace does not isolate AF_VSOCK and some others.

load ../lib/audit
load ../lib/portage_network

# npm run soak sets CONFINE_SOAK, which repeats the race 1,000,000 times.
RACES=${CONFINE_SOAK:+1000000}

setup_file() {
	audit_begin
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/make" "$TOP/test/confine/make_sockets.c"
	install -m 4755 "$TOP/native/build/confine" "$AUDIT_DIR/setuid"
}

teardown() {
	[[ ! -d $GROUP ]] || rmdir "$GROUP"
}

# run_outside: prints which sockets the user RUN_AS can create without confine
run_outside() {
	if [[ ${RUN_AS-user} == user && $EUID == 0 ]]; then
		setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$AUDIT_DIR/make"
	else
		"$AUDIT_DIR/make"
	fi
}

# assert_restricted OPTION...: fails if the command of confine --net with these options can create a socket of another family than UNIX,
# INET, INET6 and NETLINK, or if one of these four has another result than without confine
assert_restricted() {
	local outside
	outside=$(run_outside | sed -E '
		s/^(.* (vsock|alg|packet|inet-packet|can)) .*/\1 EAFNOSUPPORT/
		s/^(x32 [a-z6-]* )EAFNOSUPPORT/\1'"$X32"'/
		s/^(io_uring_setup ring) .*/\1 ENOSYS/')
	run -0 audit_run --net "$@" -- "$AUDIT_DIR/make"
	diff <(echo "$outside") <(echo "$output")
}

setup() {
	audit_setup
	GROUP=$(findmnt -nfo TARGET -t cgroup2)/sockets-forbidden-$$
	# The seccomp filter returns its error before a kernel without x32 would return ENOSYS.
	X32=EAFNOSUPPORT
}

@test 'with confine --net, a process can create UNIX, INET, INET6 and NETLINK sockets, and no others, by each system call that creates sockets' {
	local RUN_AS
	for RUN_AS in user root; do
		assert_restricted --audit
		assert_restricted --audit --allow 192.0.2.1:80
	done
}

@test 'with confine --net and without --audit, socket() through socketcall(2) fails with EAFNOSUPPORT even for AF_INET, and socketpair() works' {
	local RUN_AS
	for RUN_AS in user root; do
		run -0 audit_run --net -- "$AUDIT_DIR/make"
		[[ $(grep -cE '^(socket|x32|i386|socketpair) (vsock|alg|packet|inet-packet|can) EAFNOSUPPORT$' <<<"$output") == 20 ]]
		[[ $output == *$'\nsocketcall inet EAFNOSUPPORT\n'*$'\nsocketcall pair made\n'* ]]
	done
}

@test 'if the init process of confine is stopped, socketcall(2) fails with ENOBUFS instead of hanging, and works again when init continues' {
	local RUN_AS=root
	# PTRACE_SEIZE and PTRACE_INTERRUPT stop init until Python exits. After SIGSTOP, the supervisor would continue init at once.
	# shellcheck disable=SC2016 # for the inner shell
	run -0 audit --net -- bash -c "$(declare -f until_true)"'
		sleeps_or_ended() { [[ ! -e /proc/$1 || $(<"/proc/$1/stat") == *") S "* ]]; }
		coproc /usr/bin/python3 -c "
import ctypes, sys
libc = ctypes.CDLL(None)
for request in 0x4206, 0x4207:
    assert libc.ptrace(request, int(sys.argv[1]), 0, 0) == 0
print(flush=True)
sys.stdin.read()" "$PPID"
		read -ru "${COPROC[0]}" && "$1" one
		kill "$COPROC_PID"
		read -r _ _ _ supervisor _ <"/proc/$PPID/stat"
		# init sleeps after its answer, and then the watcher after it has received the answer.
		for pid in "$PPID" $(pgrep -x -P "$supervisor" confine-watcher); do
			until_true 60 sleeps_or_ended "$pid"
		done
		"$1" one' bash "$AUDIT_DIR/make"
	[[ $output == $'socketcall inet ENOBUFS\nsocketcall inet made' ]]
}

@test 'a set-user-id confine --net, and confine --net in a network namespace that Portage has created, restrict the socket families' {
	local CONFINE=$AUDIT_DIR/setuid option RUN_AS=user
	for option in --audit --best-effort; do
		run -0 audit_run --net --record "$RECORD" "$option" -- "$AUDIT_DIR/make"
		[[ $output == *'socket vsock EAFNOSUPPORT'*'socket packet EAFNOSUPPORT'* && $output == *'socket inet made'* ]]
		[[ $(record_value "$RECORD" r.mode) == setuid && $(record_value "$RECORD" r.setuid_inert) == true ]]
		CONFINE=$AUDIT_DIR/confine
		: >"$RECORD"
		run -0 in_portage_network -- setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- \
			"$CONFINE" --net --record "$RECORD" "$option" -- "$AUDIT_DIR/make"
		[[ $output == *'socket vsock EAFNOSUPPORT'*'socket packet EAFNOSUPPORT'* && $output == *'socket inet made'* ]]
		[[ $(record_value "$RECORD" r.applied.net) == portage && $(record_value "$RECORD" r.setuid_inert) == true ]]
		CONFINE=$AUDIT_DIR/setuid
	done
}

# in_group COMMAND...: runs the command in the cgroup GROUP
in_group() {
	(echo "$BASHPID" >"$GROUP/cgroup.procs" && "$@")
}

@test 'if a BPF program forbids internet sockets in the cgroup of the caller, the command of a set-user-id confine cannot create internet sockets by any system call' {
	local CONFINE=$AUDIT_DIR/setuid option
	gcc -O1 -Wall -Wextra -Werror -o "$AUDIT_DIR/forbid_sockets" "$TOP/test/confine/forbid_sockets.c"
	mkdir "$GROUP"
	"$AUDIT_DIR/forbid_sockets" "$GROUP"
	for option in --best-effort --audit '--allow 192.0.2.1:80'; do
		# shellcheck disable=SC2086 # words
		run -0 in_group audit_run --net --cgroup audit --record "$RECORD" ${option/--allow/--audit --allow} -- \
			sh -c 'sed -n "s/^0::/cgroup /p" /proc/self/cgroup; exec "$1"' sh "$AUDIT_DIR/make"
		[[ $output == "cgroup "*"/${GROUP##*/}"$'\n'* && $output == *$'\nsocket inet EPERM\n'*'socket inet6 EPERM'*$'\nsocket netlink made\n'* ]]
		run -1 grep -E ' inet6? made$' <<<"$output"
		[[ $(record_value "$RECORD" r.mode) == setuid ]]
	done
}

@test 'confine --families NAMES permits further socket families, and --families any permits all families' {
	run -0 audit_run --net --audit --families vsock,packet -- "$AUDIT_DIR/make"
	[[ $output == *'socket alg EAFNOSUPPORT'*'socket can EAFNOSUPPORT'* ]]
	diff <(run_outside | grep -E '^(socket|i386|socketcall|socketpair) (vsock|packet|inet-packet) ') <(grep -E '^(socket|i386|socketcall|socketpair) (vsock|packet|inet-packet) ' <<<"$output")
	run -0 audit_run --net --audit --families any -- "$AUDIT_DIR/make"
	diff <(run_outside) <(echo "$output")
	run -125 audit_run --net --families vsock,token-ring -- true
	[[ $output == *'--families takes'*'token-ring'* ]]
	run -125 audit_run --ipc --families vsock -- true
	[[ $output == *'--families needs --net'* ]]
}

@test 'without the option --net, confine does not restrict the socket families' {
	run -0 audit_run --audit -- "$AUDIT_DIR/make"
	diff <(run_outside) <(echo "$output")
}

@test 'with confine --net, a thread that rewrites the arguments of socketcall(2) during the call cannot create a socket of a forbidden family' {
	run -0 audit_run --net --audit -- "$AUDIT_DIR/make" race "${RACES:-20000}"
}

@test 'with confine --net, socketcall(2) fails for AF_VSOCK if confine cannot inspect the calling process, or if that process has created a network namespace' {
	local RUN_AS
	for RUN_AS in user root; do
		run -0 audit_run --net --audit -- "$AUDIT_DIR/make" hidden
		[[ $output == *'socketcall vsock EAFNOSUPPORT' ]]
		run -0 audit_run --net --audit -- "$AUDIT_DIR/make" nested
		[[ $output == $'socketcall inet EAFNOSUPPORT\nsocketcall vsock EAFNOSUPPORT' ]]
	done
}

@test 'if seccomp(2) fails, confine --net --require does not run the command, and --best-effort prints that socket families are not restricted' {
	gcc -O1 -D_GNU_SOURCE -o "$AUDIT_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	local CONFINE=$AUDIT_DIR/refuse_calls
	run -125 audit_run seccomp=EPERM -- "$AUDIT_DIR/confine" --net -- true
	[[ $output == 'confine: --net: cannot restrict socket families: seccomp: Operation not permitted' ]]
	run -0 audit_run seccomp=EPERM -- "$AUDIT_DIR/confine" --net --best-effort -- echo started
	[[ $output == *'socket families are not restricted: seccomp: Operation not permitted'*started ]]
}
