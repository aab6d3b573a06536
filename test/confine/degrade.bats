#!/usr/bin/env bats
# Every step of the way refused, by the kernel itself: --require runs nothing, --best-effort runs in what is whole.

load helper

setup_file() {
	confine_begin refuse_calls
}

# As "root" of a user namespace in which the kernel hands out only so many of a kind (namespaces(7)).
limited() {
	local kind=$1
	# shellcheck disable=SC2016
	unshare --user --map-root-user -- bash -c 'echo 0 >"/proc/sys/user/max_$1_namespaces" && shift && exec "$@"' - "$kind" "${@:2}"
}

# /proc read-only, as some containers have it: no map can be written.
proc_read_only() {
	# shellcheck disable=SC2016
	unshare --user --map-root-user --mount -- bash -c \
		'mount --bind /proc /proc && mount -o remount,bind,ro /proc && exec setpriv --bounding-set=-sys_admin --inh-caps=-all "$@"' - "$@"
}

# stepwise WHAT REASON WAY... : WAY... confine --net --ipc, of which WHAT can't be had for that REASON
stepwise() {
	local what=$1 reason=$2 kind
	shift 2
	rm -f "$RECORD"
	run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require -- touch "$PLACE/ran"
	[[ ! $output && ! -e $PLACE/ran && ${stderr-} != *$'\n'* && ${stderr-} == "confine: "*": ${reason##*: }" ]] || {
		echo "$*: --require: $output ${stderr-}"
		return 1
	}
	run -125 --separate-stderr "$@" "$CONFINE" --net --ipc --require --record "$RECORD" -- touch "$PLACE/ran"
	[[ ! -e $PLACE/ran && ${stderr-} == "confine: ${what%% *} is not available: $reason" ]] || {
		echo "$*: --require --record: $output ${stderr-}"
		return 1
	}
	[[ $(record_value "$RECORD" r.status.exit) == 125 ]]
	"$@" bash -c "$(declare -f namespaces); namespaces" >"$PLACE/before"
	# The same helper makes its own namespaces anew each time: what must be equal is what is compared inside one.
	run -0 --separate-stderr "$@" bash -c "$(declare -f namespaces); namespaces; echo; exec \"\$@\"" - "$CONFINE" --net --ipc \
		--best-effort --record "$RECORD" -- bash -c "$(declare -f namespaces); namespaces"
	[[ ! ${stderr-} ]]
	[[ $(record_value "$RECORD" 'r.missing.map((m) => m.what).join(" ")') == "$what" && $(record_value "$RECORD" 'r.missing[0].why') == "$reason" ]] || {
		echo "$*: --best-effort: $(tail -n1 "$RECORD")"
		return 1
	}
	for kind in $what; do
		[[ $(record_value "$RECORD" "r.applied.$kind") == none ]]
		[[ $(grep -c "^$kind " <<<"$output") == 2 && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 1 ]] || {
			echo "$*: the command has another $kind than we"
			return 1
		}
	done
	for kind in net ipc; do
		[[ " $what " == *" $kind "* ]] || [[ $(record_value "$RECORD" "r.applied.$kind") == confine && $(grep "^$kind " <<<"$output" | sort -u | wc -l) == 2 ]]
	done
	# uts comes with net, and a user namespace with either or not at all.
	if [[ " $what " == *' net '* ]]; then
		[[ $(grep '^uts ' <<<"$output" | sort -u | wc -l) == 1 ]]
	fi
	if [[ $what == 'net ipc' ]]; then
		[[ $(sed '/^$/,$d' <<<"$output") == "$(sed '1,/^$/d' <<<"$output")" ]]
	fi
}

@test 'user.max_*_namespaces: network, UTS, IPC and user namespaces, each at its end' {
	local space='No space left on device'
	stepwise net "unshare(CLONE_NEWNET): $space" limited net
	stepwise net "unshare(CLONE_NEWUTS): $space" limited uts
	stepwise ipc "unshare(CLONE_NEWIPC): $space" limited ipc
	stepwise 'net ipc' "unshare(CLONE_NEWUSER): $space" limited user setpriv --bounding-set=-sys_admin --inh-caps=-all --
}

@test 'an ordinary user: a seccomp filter refuses one call after the other' {
	local refused='Operation not permitted'
	stepwise 'net ipc' "unshare(CLONE_NEWUSER): $refused" ordinary "$PLACE/refuse_calls" unshare=EPERM --
	stepwise 'net ipc' "unshare(CLONE_NEWUSER): $refused" ordinary "$PLACE/refuse_calls" unshare:newuser=EPERM --
	stepwise 'net ipc' "unshare(CLONE_NEWUSER): Function not implemented" ordinary "$PLACE/refuse_calls" unshare:newuser=ENOSYS --
	stepwise net "unshare(CLONE_NEWNET): $refused" ordinary "$PLACE/refuse_calls" unshare:newnet=EPERM --
	stepwise net "unshare(CLONE_NEWUTS): $refused" ordinary "$PLACE/refuse_calls" unshare:newuts=EPERM --
	stepwise net "unshare(CLONE_NEWUTS): $refused" ordinary "$PLACE/refuse_calls" sethostname=EPERM --
	stepwise net 'setting up lo: No buffer space available' ordinary "$PLACE/refuse_calls" ioctl=ENOBUFS --
	stepwise ipc "unshare(CLONE_NEWIPC): $refused" ordinary "$PLACE/refuse_calls" unshare:newipc=EPERM --
}

@test 'root: a seccomp filter refuses; what a user namespace still gives is taken' {
	only_root
	stepwise 'net ipc' 'unshare(CLONE_NEWUSER): Operation not permitted' "$PLACE/refuse_calls" unshare=EPERM --
	stepwise ipc 'unshare(CLONE_NEWIPC): Invalid argument' "$PLACE/refuse_calls" unshare:newipc=EINVAL --
	stepwise net 'unshare(CLONE_NEWNET): Invalid argument' "$PLACE/refuse_calls" unshare:newnet=EINVAL --
	stepwise net 'unshare(CLONE_NEWUTS): Function not implemented' "$PLACE/refuse_calls" sethostname=ENOSYS --
}

@test 'a map that can not be written: no user namespace, nothing of what it would have given' {
	stepwise 'net ipc' 'writing /proc/self/uid_map: Read-only file system' proc_read_only
}

@test 'a PID namespace or a /proc that is refused costs the keeper, not the command' {
	local way keeper
	while IFS=: read -r keeper way; do
		# shellcheck disable=SC2086
		run -0 ordinary $way "$CONFINE" --net --cgroup x --record "$RECORD" -- bash -c 'test -e /proc/self/exe && echo ran'
		[[ $output == ran && $(record_value "$RECORD" r.tracking) == "$keeper" && $(record_value "$RECORD" r.applied.net) == confine ]] || {
			echo "$way: $output $(tail -n1 "$RECORD")"
			return 1
		}
	done <<-EOF
		pidns:
		pidns:$PLACE/refuse_calls mount=EPERM --
		pidns:$PLACE/refuse_calls unshare:newns=EPERM --
		subreaper:$PLACE/refuse_calls unshare:newpid=EPERM --
	EOF
	run -0 ordinary "$PLACE/refuse_calls" unshare=EPERM -- "$CONFINE" --cgroup x --record "$RECORD" -- echo ran
	[[ $output == ran && $(record_value "$RECORD" r.tracking) == subreaper && $(record_value "$RECORD" r.mode) == none ]]
}

@test 'an old kernel: without clone3, pidfd_open and close_range all is as before' {
	local keeper
	# Which it is depends on the machine: there is no cgroup under v1 alone.
	"$CONFINE" --cgroup x --record "$RECORD" -- true
	keeper=$(record_value "$RECORD" r.tracking)
	run -0 "$PLACE/refuse_calls" clone3=ENOSYS pidfd_open=ENOSYS close_range=ENOSYS -- "$CONFINE" --net --ipc --cgroup x --die-with $$ \
		--record "$RECORD" -- bash -c 'sleep 100 & exec sleep 0'
	[[ $(record_value "$RECORD" r.orphans.length) == 1 && $(record_value "$RECORD" r.missing.length) == 0 && $(record_value "$RECORD" r.tracking) == "$keeper" ]]
}
