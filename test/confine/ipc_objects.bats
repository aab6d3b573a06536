#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine --ipc where no IPC namespace can be made: confine removes and records the IPC objects that a phase has created and left.

load confine_helper
load container

setup_file() {
	confine_begin refuse_calls ipc_objects
	cc -O1 -m32 -D_GNU_SOURCE -o "$TEST_DIR/ipc_objects_32" "$TOP/test/confine/ipc_objects.c"
}

setup() {
	record_begin
	cd "$TEST_DIR" || return
	# Every user may write FIFOs and files here.
	umask 0
	PHASE=("$CONFINE" --net --ipc --best-effort --record "$RECORD")
}

# without_namespaces USER COMMAND...: runs the command as that user in an IPC namespace of its own, in which no further namespace can be made
without_namespaces() {
	unshare --ipc setpriv --reuid="$1" --regid="$1" --clear-groups "$TEST_DIR/refuse_calls" unshare=EPERM -- "${@:2}"
}

# assert_record OBJECTS: the last record has a network filter, no IPC namespace, and these removed objects: KIND NAME COMM, one per line
assert_record() {
	diff <(record_value "$RECORD" '[r.applied.net, r.applied.ipc, r.ipc_object_count, ...(r.ipc_objects ?? []).map((o) => "\n" + o.kind + " " + o.name + " " + o.comm)].join(" ")') \
		<(echo "filter none $(wc -l <<<"$1") "$'\n'"${1//$'\n'/ $'\n'}")
}

@test "with Docker's default seccomp profile, calls that create IPC objects return the same results as in an IPC namespace, and confine removes the objects when the phase ends" {
	local user expected
	expected=$(unshare --ipc ./ipc_objects results 0x50430001)
	for user in 0 "$TEST_UID"; do
		# shellcheck disable=SC2016 # for the shell in the container
		run -0 run_in_container docker "$user" bash -c '"$@" && ipcs -a | sed -n /^0x/p && ./ipc_objects list mqueue:/pc-50430001' - "${PHASE[@]}" --cgroup x -- ./ipc_objects results 0x50430001
		diff <(echo "$expected") <(echo "$output")
		assert_record "$(printf '%s ipc_objects\n' 'sem 0x50430001' 'sem private' 'sem private' 'msg 0x50430001' 'shm 0x50430001' 'mqueue /pc-50430001')"
	done
	[[ $(grep -c ': ok$' <<<"$expected") == 10 && $(grep -c ': E[A-Z]*$' <<<"$expected") == 15 ]]
}

@test 'without an IPC namespace and without --cgroup, ipc(2) calls of i386 programs return the same results as in an IPC namespace, and confine removes their IPC objects if no process of the phase remains' {
	local expected
	expected=$(unshare --ipc "$TEST_DIR/ipc_objects_32" results 0x50430001)
	# shellcheck disable=SC2016 # for the shell without namespaces
	run -0 without_namespaces "$TEST_UID" bash -c '"$@" && ipcs -a | sed -n /^0x/p' - "${PHASE[@]}" -- "$TEST_DIR/ipc_objects_32" results 0x50430001
	diff <(echo "$expected") <(echo "$output")
	assert_record "$(printf '%s ipc_objects_32\n' 'sem 0x50430001' 'sem private' 'sem private' 'msg 0x50430001' 'shm 0x50430001' 'mqueue /pc-50430001')"
}

# The phase asks another build of the same user, which reads the FIFO, to run ipc_objects.
# shellcheck disable=SC2016
BESIDE_ANOTHER_BUILD='
	other() {
		echo "$*" >requests
		read -r reply <replies && [[ $reply == done ]]
	}
	set -e
	# Open objects that a daemon has made.
	./ipc_objects open sem:0x1 msg:0x2 shm:0x3 mqueue:/daemon
	# The other build makes objects while the phase has its own, and then objects with the keys of those that the phase has removed.
	./ipc_objects make sem:0x11 msg:0x12 shm:0x13 mqueue:/replaced
	other make sem:0 msg:0 shm:0 mqueue:/other
	./ipc_objects remove sem:0x11 msg:0x12 shm:0x13
	other make sem:0x11 msg:0x12 shm:0x13
	# The other build replaces a message queue of the phase by its own.
	other remove mqueue:/replaced
	other make mqueue:/replaced
	./ipc_objects churn 1200
	# Objects with the ids of those that the phase has removed. Only root can choose an id.
	if ((EUID == 0)); then
		for object in sem:0x21 msg:0x22; do
			./ipc_objects make "$object"
			id=$(./ipc_objects id "$object")
			./ipc_objects remove "$object"
			other reuse "${object}0" "$id"
		done
	fi
	./ipc_objects make shm:0 sem:0 msg:0 mqueue:/own >own'

@test 'without an IPC namespace, confine removes no IPC object of a daemon or another build of the same user, even if the phase has used the same key or name, or has created thousands of objects' {
	local user rest
	for user in 0 "$TEST_UID"; do
		rm -f requests replies others own
		# shellcheck disable=SC2016 # for the shells without namespaces
		run -0 without_namespaces "$user" bash -c '
			before=$(./ipc_objects make sem:0x1 msg:0x2 shm:0x3 mqueue:/daemon && ipcs -a)
			mkfifo requests replies
			exec 3<>requests 4<>replies
			while read -ru 3 line; do
				./ipc_objects $line >>others && echo done >&4 || echo failed >&4
			done &
			"${@:2}" -- bash -c "$1"
			status=$?
			kill $!
			./ipc_objects list $(<others) sem:0x1 msg:0x2 shm:0x3 mqueue:/daemon sem:0x11 msg:0x12 shm:0x13 mqueue:/other mqueue:/replaced mqueue:/own sem:0x210 msg:0x220 $(<own) &&
				ipcs -a | grep -c ^0x && exit "$status"' - "$BESIDE_ANOTHER_BUILD" "${PHASE[@]}" --cgroup x
		rest=$'\n9'
		((user != 0)) || rest=$'\nsem:0x210\nmsg:0x220\n11'
		[[ $output == "$(<others)"$'\nsem:0x1\nmsg:0x2\nshm:0x3\nmqueue:/daemon\nsem:0x11\nmsg:0x12\nshm:0x13\nmqueue:/other\nmqueue:/replaced'"$rest" ]]
		assert_record $'shm private ipc_objects\nsem private ipc_objects\nmsg private ipc_objects\nmqueue /own ipc_objects'
		: >"$RECORD"
	done
}

@test 'without an IPC namespace, confine removes the IPC objects of a phase even if SIGKILL ends the supervisor, but, without --cgroup, leaves them if a process outlives the command' {
	# shellcheck disable=SC2016 # for the shells without namespaces
	run -0 without_namespaces "$TEST_UID" bash -c "$(declare -f until_true)"'
		make="./ipc_objects make sem:0x1 msg:0x2 shm:0x3 mqueue:/phase"
		is_removed() {
			[[ ! $(ipcs -a | sed -n /^0x/p; ./ipc_objects list mqueue:/phase) ]]
		}
		"$@" -- bash -c "$make && : >made && exec sleep 1000" & supervisor=$!
		disown
		until_true 60 test -e made
		kill -KILL "$supervisor"
		until_true 60 is_removed
		"$@" -- bash -c "$make && { setsid sleep 1000 >/dev/null 2>&1 & echo \$!; }" >pid
		./ipc_objects list sem:0x1 msg:0x2 shm:0x3 mqueue:/phase
		kill "$(<pid)"' - "${PHASE[@]}"
	[[ $output == $'sem:0x1\nmsg:0x2\nshm:0x3\nmqueue:/phase' && $(record_value "$RECORD" r.ipc_object_count) == undefined ]] || {
		echo "$output"
		return 1
	}
}
