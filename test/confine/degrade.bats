#!/usr/bin/env bats
# The kernel refuses one step of the setup: --require runs nothing, --best-effort runs with the remaining isolation.

load helper

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

# assert_degrades MISSING REASON PREFIX...: runs confine --net --ipc by the command PREFIX, which makes MISSING (net, ipc) fail
assert_degrades() {
	local what=$1 reason=$2 kind
	shift 2
	rm -f "$RECORD"
	run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require -- touch "$TEST_DIR/ran"
	[[ ! $output && ! -e $TEST_DIR/ran && ${stderr-} != *$'\n'* && ${stderr-} == "confine: "*": ${reason##*: }" ]] || {
		echo "$*: --require: $output ${stderr-}"
		return 1
	}
	run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require --record "$RECORD" -- touch "$TEST_DIR/ran"
	[[ ! -e $TEST_DIR/ran && ${stderr-} == "confine: ${what%% *} is not available: $reason" ]] || {
		echo "$*: --require --record: $output ${stderr-}"
		return 1
	}
	[[ $(record_value "$RECORD" r.status.exit) == 125 ]]
	"$@" bash -c "$(declare -f print_namespaces); print_namespaces" >"$TEST_DIR/before"
	# PREFIX makes new namespaces in each run, so the comparison happens inside one run.
	run -0 --separate-stderr "$@" bash -c "$(declare -f print_namespaces); print_namespaces; echo; exec \"\$@\"" - "$CONFINE" --net --ipc \
		--best-effort --record "$RECORD" -- bash -c "$(declare -f print_namespaces); print_namespaces"
	[[ ! ${stderr-} ]]
	[[ $(record_value "$RECORD" 'r.missing.map((m) => m.what).join(" ")') == "$what" && $(record_value "$RECORD" 'r.missing[0].why') == "$reason" ]] || {
		echo "$*: --best-effort: $(tail -n1 "$RECORD")"
		return 1
	}
	for kind in $what; do
		[[ $(record_value "$RECORD" "r.applied.$kind") == none ]]
		[[ $(grep -c "^$kind " <<<"$output") == 2 && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 1 ]] || {
			echo "$*: the command has another $kind namespace than the caller"
			return 1
		}
	done
	for kind in net ipc; do
		[[ " $what " == *" $kind "* ]] || [[ $(record_value "$RECORD" "r.applied.$kind") == confine && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 2 ]]
	done
	# confine creates a UTS namespace together with the network namespace. An unprivileged confine also needs a user namespace.
	if [[ " $what " == *' net '* ]]; then
		[[ $(grep '^uts ' <<<"$output" | sort -u | wc -l) == 1 ]]
	fi
	if [[ $what == 'net ipc' ]]; then
		[[ $(sed '/^$/,$d' <<<"$output") == "$(sed '1,/^$/d' <<<"$output")" ]]
	fi
}

@test 'if a user.max_*_namespaces limit is 0, confine --best-effort runs the command without that isolation, and --require runs nothing' {
	local space='No space left on device'
	assert_degrades net "unshare(CLONE_NEWNET): $space" with_namespace_limit net
	assert_degrades net "unshare(CLONE_NEWUTS): $space" with_namespace_limit uts
	assert_degrades ipc "unshare(CLONE_NEWIPC): $space" with_namespace_limit ipc
	assert_degrades 'net ipc' "unshare(CLONE_NEWUSER): $space" with_namespace_limit user setpriv --bounding-set=-sys_admin --inh-caps=-all --
}

@test 'if a seccomp filter refuses a system call, an unprivileged confine --best-effort runs the command without that isolation' {
	local refused='Operation not permitted'
	assert_degrades 'net ipc' "unshare(CLONE_NEWUSER): $refused" as_user "$TEST_DIR/refuse_calls" unshare=EPERM --
	assert_degrades 'net ipc' "unshare(CLONE_NEWUSER): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newuser=EPERM --
	assert_degrades 'net ipc' "unshare(CLONE_NEWUSER): Function not implemented" as_user "$TEST_DIR/refuse_calls" unshare:newuser=ENOSYS --
	assert_degrades net "unshare(CLONE_NEWNET): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newnet=EPERM --
	assert_degrades net "unshare(CLONE_NEWUTS): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newuts=EPERM --
	assert_degrades net "unshare(CLONE_NEWUTS): $refused" as_user "$TEST_DIR/refuse_calls" sethostname=EPERM --
	assert_degrades net 'setting up lo: No buffer space available' as_user "$TEST_DIR/refuse_calls" ioctl=ENOBUFS --
	assert_degrades ipc "unshare(CLONE_NEWIPC): $refused" as_user "$TEST_DIR/refuse_calls" unshare:newipc=EPERM --
}

@test 'if a seccomp filter refuses a system call, confine --best-effort as root runs the command without that isolation' {
	require_root
	assert_degrades 'net ipc' 'unshare(CLONE_NEWUSER): Operation not permitted' "$TEST_DIR/refuse_calls" unshare=EPERM --
	assert_degrades ipc 'unshare(CLONE_NEWIPC): Invalid argument' "$TEST_DIR/refuse_calls" unshare:newipc=EINVAL --
	assert_degrades net 'unshare(CLONE_NEWNET): Invalid argument' "$TEST_DIR/refuse_calls" unshare:newnet=EINVAL --
	assert_degrades net 'unshare(CLONE_NEWUTS): Function not implemented' "$TEST_DIR/refuse_calls" sethostname=ENOSYS --
}

@test 'if /proc/self/uid_map is read-only, confine --best-effort runs the command without network and IPC isolation' {
	assert_degrades 'net ipc' 'writing /proc/self/uid_map: Read-only file system' with_read_only_proc
}

@test 'if confine cannot create a PID namespace, it becomes a subreaper to find remaining processes; without a new /proc it keeps the PID namespace' {
	local prefix method
	while IFS=: read -r method prefix; do
		# shellcheck disable=SC2086
		run -0 as_user $prefix "$CONFINE" --net --cgroup x --record "$RECORD" -- bash -c 'test -e /proc/self/exe && echo ran'
		[[ $output == ran && $(record_value "$RECORD" r.tracking) == "$method" && $(record_value "$RECORD" r.applied.net) == confine ]] || {
			echo "$prefix: $output $(tail -n1 "$RECORD")"
			return 1
		}
	done <<-EOF
		pidns:
		pidns:$TEST_DIR/refuse_calls mount=EPERM --
		pidns:$TEST_DIR/refuse_calls unshare:newns=EPERM --
		subreaper:$TEST_DIR/refuse_calls unshare:newpid=EPERM --
	EOF
	run -0 as_user "$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --cgroup x --record "$RECORD" -- echo ran
	[[ $output == ran && $(record_value "$RECORD" r.tracking) == subreaper && $(record_value "$RECORD" r.mode) == none ]]
}

@test 'on old kernels without clone3, pidfd_open and close_range, confine isolates the command and finds remaining processes in the same way' {
	local method
	# The tracking method depends on the machine: cgroup needs v2.
	"$CONFINE" --cgroup x --record "$RECORD" -- true
	method=$(record_value "$RECORD" r.tracking)
	run -0 "$TEST_DIR/refuse_calls" clone3=ENOSYS pidfd_open=ENOSYS close_range=ENOSYS -- "$CONFINE" --net --ipc --cgroup x --die-with $$ \
		--record "$RECORD" -- bash -c 'sleep 100 & exec sleep 0'
	[[ $(record_value "$RECORD" r.orphans.length) == 1 && $(record_value "$RECORD" r.missing.length) == 0 && $(record_value "$RECORD" r.tracking) == "$method" ]]
}
