#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel refuses one step of the setup: --require runs nothing, --best-effort runs with the remaining isolation.

load confine_helper

setup_file() {
	confine_begin refuse_calls
}

# with_namespace_limit KIND COMMAND...: runs the command as root of a user namespace without namespaces of that kind (namespaces(7))
with_namespace_limit() {
	local kind=$1
	# shellcheck disable=SC2016
	unshare --user --map-root-user -- bash -c 'echo 0 >"/proc/sys/user/max_$1_namespaces" && shift && exec "$@"' - "$kind" "${@:2}"
}

# with_read_only_proc COMMAND...: runs the command with a read-only /proc, as in some containers
with_read_only_proc() {
	# shellcheck disable=SC2016
	unshare --user --map-root-user --mount -- bash -c \
		'mount --bind /proc /proc && mount -o remount,bind,ro /proc && exec setpriv --bounding-set=-sys_admin --inh-caps=-all "$@"' - "$@"
}

# assert_degrades LOST MISSING REASON PREFIX...: runs confine --net --ipc by the command PREFIX, which makes the namespaces LOST (net, ipc) fail.
# MISSING are the namespaces of LOST that nothing replaces: a seccomp filter can replace a network namespace.
assert_degrades() {
	local what=$1 missing=$2 reason=$3 kind
	local -a recorded
	local -A applied
	shift 3
	rm -f "$RECORD"
	if [[ $missing ]]; then
		run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require -- touch "$TEST_DIR/ran"
		[[ ! $output && ! -e $TEST_DIR/ran && ${stderr-} != *$'\n'* && ${stderr-} == "confine: "*": ${reason##*: }" ]] || {
			echo "$*: --require: $output ${stderr-}"
			return 1
		}
		run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require --record "$RECORD" -- touch "$TEST_DIR/ran"
		[[ ! -e $TEST_DIR/ran && ${stderr-} == "confine: ${missing%% *} is not available: $reason" ]] || {
			echo "$*: --require --record: $output ${stderr-}"
			return 1
		}
		[[ $(record_value "$RECORD" r.status.exit) == 125 ]]
	else
		run -0 "$@" "$CONFINE" --net --ipc --require -- echo ran
		[[ $output == ran ]]
	fi
	"$@" bash -c "$(declare -f print_namespaces); print_namespaces" >"$TEST_DIR/before"
	# PREFIX makes new namespaces in each run, so one run prints the namespaces outside and inside of confine.
	run -0 --separate-stderr "$@" bash -c "$(declare -f print_namespaces); print_namespaces; echo; exec \"\$@\"" - "$CONFINE" --net --ipc \
		--best-effort --record "$RECORD" -- bash -c "$(declare -f print_namespaces); print_namespaces"
	[[ ! ${stderr-} ]]
	mapfile -t recorded < <(record_value "$RECORD" '[r.missing.map((m) => m.what).join(" "), r.missing[0]?.why ?? r.filter_why, r.applied.net, r.applied.ipc].join("\n")')
	applied=([net]=${recorded[2]} [ipc]=${recorded[3]})
	[[ ${recorded[0]} == "$missing" && ${recorded[1]} == "$reason" ]] || {
		echo "$*: --best-effort: $(tail -n1 "$RECORD")"
		return 1
	}
	for kind in $what; do
		[[ ${applied[$kind]} == "$([[ " $missing " == *" $kind "* ]] && echo none || echo filter)" ]]
		[[ $(grep -c "^$kind " <<<"$output") == 2 && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 1 ]] || {
			echo "$*: the command has another $kind namespace than the caller"
			return 1
		}
	done
	for kind in net ipc; do
		[[ " $what " == *" $kind "* ]] || [[ ${applied[$kind]} == confine && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 2 ]]
	done
	# confine creates a UTS namespace together with the network namespace. An unprivileged confine also needs a user namespace.
	if [[ " $what " == *' net '* ]]; then
		[[ $(grep '^uts ' <<<"$output" | sort -u | wc -l) == 1 ]]
	fi
	if [[ $what == 'net ipc' ]]; then
		[[ $(sed '/^$/,$d' <<<"$output") == "$(sed '1,/^$/d' <<<"$output")" ]]
	fi
}

@test 'if a sysctl user.max_*_namespaces is 0, confine --best-effort runs the command without the forbidden namespaces; --require runs it only if a seccomp filter replaces all of them' {
	local space='No space left on device'
	assert_degrades net '' "unshare(CLONE_NEWNET): $space" with_namespace_limit net
	assert_degrades ipc ipc "unshare(CLONE_NEWIPC): $space" with_namespace_limit ipc
	assert_degrades 'net ipc' ipc "unshare(CLONE_NEWUSER): $space" with_namespace_limit user setpriv --bounding-set=-sys_admin --inh-caps=-all --
}

@test 'if a seccomp filter refuses a system call, an unprivileged confine --best-effort runs the command without the namespaces that need this call' {
	local refused='Operation not permitted'
	assert_degrades 'net ipc' ipc "unshare(CLONE_NEWUSER): $refused" as_user "$TEST_DIR/refuse_calls" unshare=EPERM --
	assert_degrades 'net ipc' ipc "unshare(CLONE_NEWUSER): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newuser=EPERM --
	assert_degrades 'net ipc' ipc "unshare(CLONE_NEWUSER): Function not implemented" as_user "$TEST_DIR/refuse_calls" unshare:newuser=ENOSYS --
	assert_degrades net '' "unshare(CLONE_NEWNET): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newnet=EPERM --
	assert_degrades net net 'setting up lo: No buffer space available' as_user "$TEST_DIR/refuse_calls" sendto=ENOBUFS --
	assert_degrades ipc ipc "unshare(CLONE_NEWIPC): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newipc=EPERM --
}

@test 'if a seccomp filter refuses a system call, confine --best-effort as root runs the command without the namespaces that need this call' {
	assert_degrades 'net ipc' ipc 'unshare(CLONE_NEWUSER): Operation not permitted' "$TEST_DIR/refuse_calls" unshare=EPERM --
	assert_degrades ipc ipc 'unshare(CLONE_NEWIPC): Invalid argument' "$TEST_DIR/refuse_calls" unshare:newipc=EINVAL --
	assert_degrades net '' 'unshare(CLONE_NEWNET): Invalid argument' "$TEST_DIR/refuse_calls" unshare:newnet=EINVAL --
}

@test 'if the kernel refuses a UTS namespace or sethostname(2), confine isolates the network, keeps the host name and records the refused call' {
	local call refused prefix
	while IFS='|' read -r call refused; do
		for prefix in '' as_user; do
			# shellcheck disable=SC2086
			run -0 $prefix "$TEST_DIR/refuse_calls" "$call=EPERM" -- "$CONFINE" --net --require --record "$RECORD" -- uname -n
			[[ $output == "$(uname -n)" && $(record_value "$RECORD" '[r.applied.net, r.missing.length, r.refused_steps].join()') == "confine,0,$refused: Operation not permitted" ]] || {
				echo "$prefix $call: $output $(tail -n1 "$RECORD")"
				return 1
			}
		done
	done <<-'EOF'
		unshare:newuts|unshare(CLONE_NEWUTS)
		sethostname|sethostname
	EOF
}

# System calls of confine's set-up that fail on a kernel without an option, at a limit, in a container or under an emulator
STEPS="unshare unshare:newuser unshare:newnet unshare:newipc unshare:newuts unshare:newpid unshare:newns sethostname mount umount2 ioctl sendto
	socket clone:parent clone:vm clone3 prctl:subreaper prctl:dumpable prctl:pdeathsig prctl:ambient capset setresuid seccomp signalfd4
	socketpair setsockopt epoll_create1 timerfd_create pidfd_open pidfd_getfd process_vm_readv close_range mkdirat flock prlimit64"
# AddressSanitizer ends the process if getrlimit(2) fails.
[[ ${CONFINE_BUILD-} != *sanitized ]] || STEPS=${STEPS/prlimit64/}

@test 'confine --best-effort runs the command whichever step of the isolation the kernel or an emulator refuses' {
	local step prefix
	for step in $STEPS; do
		for prefix in '' as_user; do
			# shellcheck disable=SC2086
			run -0 --separate-stderr $prefix "$TEST_DIR/refuse_calls" "$step=EINVAL" -- "$CONFINE" --net --ipc --pid --mount --cgroup x --audit \
				--allow 192.0.2.1:1 --best-effort --label "step=$step" --record "$RECORD" -- echo ran
			[[ $output == ran ]] || {
				echo "$prefix $step: $output"
				return 1
			}
		done
	done
	# One Node evaluates all records, because it takes seconds to start on an emulated CPU.
	run -0 record_values "$RECORD" all 'r.step + " " + r.tracking + r.watched_why'
	[[ $output != *exited* ]]
	# The record has no line for three calls: if one of them fails, confine executes the command without isolation and writes no record.
	# shellcheck disable=SC2086
	diff <(cut -d' ' -f1 <<<"$output" | sort -u) <(printf '%s\n' $STEPS | grep -vxE 'signalfd4|socketpair|setsockopt' | sort -u)
}

@test 'confine --best-effort runs the command under qemu-user, and records the refused steps; --require names the refused step' {
	local qemu
	[[ ${CONFINE_BUILD-} != *sanitized ]] || skip 'qemu-user cannot map the shadow memory of AddressSanitizer'
	qemu=$(command -v "qemu-$(uname -m)-static" "qemu-$(uname -m)" | head -n 1)
	run -0 --separate-stderr as_user "$qemu" "$CONFINE" --net --ipc --cgroup x --audit --best-effort --record "$RECORD" -- echo ran
	[[ $output == ran && $(record_value "$RECORD" 'r.missing.map((m) => m.what + " " + m.why).join()') == 'net unshare(CLONE_NEWUSER): Invalid argument,ipc unshare(CLONE_NEWUSER): Invalid argument,cgroup prctl(PR_SET_CHILD_SUBREAPER): Invalid argument' ]]
	run -125 as_user "$qemu" "$CONFINE" --cgroup x --require -- echo ran
	[[ $output == 'confine: cgroup is not available: prctl(PR_SET_CHILD_SUBREAPER): Invalid argument' ]]
}

@test 'if /proc/self/uid_map is read-only, confine --best-effort runs the command without IPC isolation, and with a seccomp filter instead of a network namespace' {
	assert_degrades 'net ipc' ipc 'writing /proc/self/uid_map: Read-only file system' with_read_only_proc
}

# with_masked_proc COMMAND...: runs the command as TEST_UID with a mount over a part of /proc, as in all containers
with_masked_proc() {
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- bash -c 'mount -t tmpfs none /proc/tty && "$@"' - \
		setpriv --reuid="$TEST_UID" --regid="$TEST_UID" --clear-groups --inh-caps=-all -- "$@"
}

@test 'if the kernel refuses a PID namespace or a new /proc, confine tracks processes as a subreaper and records the reason, and ps shows the processes of the phase' {
	local method refused prefix
	while IFS='|' read -r method refused prefix; do
		# shellcheck disable=SC2016,SC2086
		run -0 $prefix "$CONFINE" --net --cgroup x --record "$RECORD" -- bash -c "$(declare -f until_true)"'
			sleep 1000 & pid=$!
			until_true 60 grep -qx sleep "/proc/$pid/comm" && ps -o args= -p "$pid"'
		[[ $output == 'sleep 1000' && $(record_value "$RECORD" '[r.tracking, r.applied.net, r.applied.cgroup, r.missing.length, r.orphan_count].join()') == "$method,confine,confine,0,1" &&
		$(record_value "$RECORD" '(r.refused_steps ?? []).join()') == "$refused" ]] || {
			echo "$prefix: $output $(tail -n1 "$RECORD")"
			return 1
		}
	done <<-EOF
		pidns||as_user
		subreaper|mounting /proc: Operation not permitted|with_masked_proc
		subreaper|unshare(CLONE_NEWNS): Operation not permitted|as_user $TEST_DIR/refuse_calls unshare:newns=EPERM --
		subreaper|unshare(CLONE_NEWPID): Invalid argument|as_user $TEST_DIR/refuse_calls unshare:newpid=EINVAL --
		subreaper|clone(CLONE_PARENT): Invalid argument|as_user $TEST_DIR/refuse_calls clone:parent=EINVAL --
	EOF
	run -0 as_user "$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --cgroup x --record "$RECORD" -- echo ran
	[[ $output == ran && $(record_value "$RECORD" r.tracking) == subreaper && $(record_value "$RECORD" r.mode) == none ]]
}

@test 'if the kernel refuses a new /proc, confine --pid keeps the PID namespace and records that the command sees the /proc of the host' {
	# shellcheck disable=SC2016
	run -0 with_masked_proc "$CONFINE" --pid --mount --cgroup x --require --record "$RECORD" --notice-file "$RECORD" -- bash -c 'kill "$1" 2>&1; echo $$' - $$
	[[ $output == *'No such process'*$'\n2' ]]
	[[ $(record_value "$RECORD" '[r.applied.pid, r.applied.mount, r.tracking, r.proc, r.refused_steps, r.missing.length].join()') == 'confine,confine,pidns,host,mounting /proc: Operation not permitted,0' ]]
	# Without /proc/loadavg, the number of processes is unknown.
	# shellcheck disable=SC2016
	run -0 unshare --mount bash -c 'mount -t proc -o subset=pid proc /proc && exec "$@"' - "$TEST_DIR/refuse_calls" mount=EPERM -- \
		"$CONFINE" --pid --net --audit --best-effort --record "$RECORD" -- true
	[[ $(record_value "$RECORD" 'r.proc + r.processes') == hostundefined ]]
}

@test 'if the kernel refuses a PID or mount namespace, confine --best-effort runs the command and records the missing isolation, and --require does not run the command' {
	local what refused call
	while IFS='|' read -r what refused call; do
		run -0 as_user "$TEST_DIR/refuse_calls" "$call=EINVAL" -- "$CONFINE" --pid --mount --best-effort --record "$RECORD" -- echo ran
		[[ $output == ran && $(record_value "$RECORD" 'r.missing.map((m) => m.what + " " + m.why).join()') == "$what $refused: Invalid argument" ]] || {
			echo "$call: $output $(tail -n1 "$RECORD")"
			return 1
		}
		run -125 as_user "$TEST_DIR/refuse_calls" "$call=EINVAL" -- "$CONFINE" --pid --mount --require -- echo ran
		[[ $output == "confine: $what is not available: $refused: Invalid argument" ]]
	done <<-'EOF'
		pid|unshare(CLONE_NEWPID)|unshare:newpid
		pid|clone(CLONE_PARENT)|clone:parent
		mount|unshare(CLONE_NEWNS)|unshare:newns
		mount|mount(MS_SLAVE)|mount
	EOF
	# --require does not require a private /dev/shm.
	run -0 as_user "$TEST_DIR/refuse_calls" mount=EINVAL -- "$CONFINE" --ipc --require --record "$RECORD" -- echo ran
	[[ $output == ran && $(record_value "$RECORD" '[r.applied.ipc, r.shm, r.missing.length, r.refused_steps].join()') == 'confine,host,0,mount(MS_SLAVE): Invalid argument' ]]
}

@test 'on old kernels without clone3, pidfd_open and close_range, confine isolates the command and finds remaining processes as on new kernels' {
	local method
	# The tracking method depends on the machine: cgroup needs v2.
	"$CONFINE" --cgroup x --record "$RECORD" -- true
	method=$(record_value "$RECORD" r.tracking)
	run -0 "$TEST_DIR/refuse_calls" clone3=ENOSYS pidfd_open=ENOSYS close_range=ENOSYS -- "$CONFINE" --net --ipc --cgroup x --die-with $$ \
		--record "$RECORD" -- bash -c 'sleep 100 & exec sleep 0'
	[[ $(record_value "$RECORD" r.orphans.length) == 1 && $(record_value "$RECORD" r.missing.length) == 0 && $(record_value "$RECORD" r.tracking) == "$method" ]]
}

@test 'if root without CAP_SYS_ADMIN runs confine --limit in the root of the cgroup v2 tree, confine does not create the cgroup portcullis.delegated there, to which confine would have to move all other processes' {
	local directory
	# Run the test in a PID namespace, so that a wrong confine could move only the processes of this test.
	run -0 unshare -pf --mount-proc setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin \
		"$CONFINE" --cgroup x --limit pids.max=100 --best-effort --record "$RECORD" -- echo started
	[[ $output == started && -s $RECORD ]]
	while read -r directory; do
		[[ -e ${directory%/*}/cgroup.type ]] || {
			echo "created $directory"
			return 1
		}
		rmdir "$directory"
	done < <(find /sys/fs/cgroup -maxdepth 3 -name portcullis.delegated)
}
