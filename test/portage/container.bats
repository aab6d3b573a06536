#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A real emerge in a container with Docker's default seccomp profile, and in a container that only masks parts of /proc.

load ../lib/prefix
load ../confine/container

# container_run PROFILE COMMAND...: runs the command in the environment of emerge, in a container of that profile (container.bash)
container_run() {
	# shellcheck disable=SC2034 # run_in_container reads it
	local TEST_DIR=$PREFIX_HOST
	run_in_container "$1" "$PREFIX_UID" bash -c "$(
		declare -p "${!PREFIX@}"
		declare -f prefix_exec
	); unset PREFIX_LOCK; prefix_exec \"\$@\"" - "${@:2}"
}

# orphan_prefix USER: makes a prefix with two packages whose src_compile leaves a process and a message queue behind
orphan_prefix() {
	prefix_make "$1" 'network-sandbox ipc-sandbox cgroup keepwork'
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	prefix_install_portcullis
	install -m 644 "$TOP/test/confine/net_filter.py" "$PREFIX_ROOT"
	for atom in app-test/one app-test/two; do
		prefix_package "$atom-1" <<-EOF
			src_compile() {
				record_namespaces
				[[ ! -e $PREFIX/host-ports ]] || env \$(<$PREFIX/host-ports) /usr/bin/python3 $PREFIX_ROOT/net_filter.py phase >\${T}/sockets
				curl -sS http://198.51.100.7/ 2>/dev/null
				ipcmk --queue || die
				setsid -f bash -c "trap '' HUP INT TERM; exec -a \${PN}-orphan sleep 1000" </dev/null >/dev/null 2>&1
			}
		EOF
	done
}

# assert_orphans_killed TRACKING: fails unless both packages report their killed orphan and used this tracking method. The report is
# the evidence: the end of the container kills all processes anyway.
assert_orphans_killed() {
	local atom
	for atom in app-test/one app-test/two; do
		[[ $output == *"$atom-1: src_compile: 1 leftover process killed: ${atom#*/}-orphan 1000 (pid "* ]] || {
			echo "$output"
			return 1
		}
	done
	[[ $(record_values "$RECORDS" compile r.tracking) == "$1"$'\n'"$1" ]]
}

# assert_emerge_filters USER MESSAGES: runs emerge as USER in a container with Docker's seccomp profile. Fails unless emerge prints MESSAGES messages about
# missing sandboxes, and also tests orphans, blocked connections and IPC objects
assert_emerge_filters() {
	local messages=$2 sockets
	orphan_prefix "$1"
	# shellcheck disable=SC2016 # for the shell in the container
	run -0 container_run docker /usr/bin/python3 "$PREFIX_ROOT/net_filter.py" host bash -c \
		'echo "HOST_TCP=$HOST_TCP HOST_UDP=$HOST_UDP" >"$1/host-ports" && "${@:2}"' - "$PREFIX" \
		"${PREFIX_EMERGE[@]}" --oneshot app-test/one app-test/two
	assert_orphans_killed subreaper
	sockets=$(<"$PREFIX_TMP/portage/app-test/one-1/temp/sockets")
	[[ $output != *'the phase reached'* && $sockets == $'TCP: connected\n'*$'\nhost TCP: ECONNREFUSED\n'*$'\nhost abstract stream: ECONNREFUSED\n'*$'\noutside TCP: ENETUNREACH\n'* ]]
	[[ $output == *'app-test/one-1: src_compile: '*' attempts blocked ('*'curl → 198.51.100.7:80'* ]]
	[[ $output =~ app-test/one-1:\ src_compile:\ 1\ leftover\ IPC\ object\ removed:\ message\ queue\ 0x[0-9a-f]{8}\ \(ipcmk\)\.\ Details: ]]
	[[ $(grep -c "src_[a-z]*: ipc-sandbox and pid-sandbox are not available, so builds can access the message queues and the shared memory of this host, and without a network namespace, network-sandbox only filters system calls and is weaker: a seccomp filter denies .*(unshare(CLONE_NEWUSER): Operation not permitted). To find the fix, run: $PREFIX/usr/bin/portcullis doctor" <<<"$output") == "$messages" ]]
	[[ $(grep -c 'not available' <<<"$output") == "$messages" && $output != *'conflicts with'* ]]
	[[ $(record_values "$RECORDS" compile 'r.applied.net + r.missing.length') == $'filter2\nfilter2' ]]
}

@test "if root runs emerge in a container with Docker's default seccomp profile, Portcullis reports missing sandboxes and blocked connections, kills orphaned processes and removes leftover IPC objects" {
	# Four messages: one in the phases of user portage, one in those of root, and both again in the summary of emerge.
	assert_emerge_filters root 4
}

@test "if an ordinary user runs emerge with Docker's default seccomp profile, Portcullis reports missing sandboxes and blocked connections, kills orphans, removes IPC objects, and portcullis shell works" {
	# Two messages: one in the phase and one in the summary of emerge.
	assert_emerge_filters user 2
	run -0 container_run docker portcullis shell =app-test/one-1 src_compile -- declare -F src_compile
	[[ $output == *$'\nportcullis: the command runs without the missing sandboxes, as src_compile of a build does on this machine.\nsrc_compile '* ]] || {
		echo "$output"
		return 1
	}
}

# assert_doctor PROFILE FINDING...: fails unless doctor, in a container with PROFILE, prints exactly these findings about sandboxes, with fixes. The
# comparison omits words in parentheses, effects and the version number.
assert_doctor() {
	local expected found
	expected=$(printf '%s\n' "${@:2}")
	found=$(container_run "$1" portcullis doctor |
		sed -nE 's/^(ERROR|warning|ok) +(Portage|network-sandbox|ipc-sandbox|pid-sandbox|cgroup|Audit) +/\1 \2 /p; s/^ +(Fix: )/\1/p' |
		sed -E 's/ \(unshare.*//; s/ [0-9.]+; / /')
	[[ $found == "$expected" ]] || {
		echo "$found"
		return 1
	}
}

# assert_doctor_names_profiles USER PORTAGE: fails unless doctor, run by USER, describes each container. PORTAGE: what doctor prints about Portage for USER
assert_doctor_names_profiles() {
	local profile denied="a seccomp filter denies the creation of namespaces, as Docker's default profile does"
	local applied='applied with a user namespace; Portage alone would ignore it'
	local common=('ok cgroup a subreaper: confine kills the leftover processes of a phase'
		'ok Audit network access of phases is recorded and reported')
	prefix_make "$1" 'network-sandbox ipc-sandbox cgroup'
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	prefix_install_portcullis
	assert_doctor docker "ok Portage $2" "warning network-sandbox a weaker seccomp filter replaces the network namespace: $denied" \
		'Fix: Start the container with `--security-opt seccomp=FILE`, where FILE is a profile that permits clone, unshare and mount, such as /usr/share/containers/seccomp.json of Podman, or with `--security-opt seccomp=unconfined`.' \
		"ERROR ipc-sandbox $denied" 'Fix: see above.' "ERROR pid-sandbox $denied" 'Fix: see above.' "${common[@]}"
	for profile in podman unconfined; do
		assert_doctor "$profile" "ok Portage $2" "ok network-sandbox $applied" "ok ipc-sandbox $applied" \
			'warning pid-sandbox applied, but a phase sees the /proc of the host, so that ps, gdb and /proc/PID show wrong processes (mounting /proc: Operation not permitted).' \
			'Fix: Start the container with `--security-opt systempaths=unconfined` (Docker) or `--security-opt unmask=ALL` (Podman), or add to make.conf: FEATURES="${FEATURES} -pid-sandbox"' \
			'ok cgroup a PID namespace: no process outlives a phase' "${common[@]:1}"
	done
}

@test "for an ordinary user in a container, portcullis doctor reports missing sandboxes with Docker's default seccomp profile, and available sandboxes with Podman's profile or without a profile" {
	assert_doctor_names_profiles user 'does not isolate phases, because you are not root'
}

@test "for root in a container, portcullis doctor reports missing sandboxes with Docker's default seccomp profile, and available sandboxes with Podman's profile or without a profile" {
	assert_doctor_names_profiles root 'does not isolate phases, because root lacks CAP_SYS_ADMIN here'
}

@test 'in a container that masks parts of /proc, phases are isolated and orphaned processes are killed, and emerge prints one message that phases see the /proc of the container' {
	orphan_prefix user
	run -0 container_run unconfined emerge --oneshot app-test/one app-test/two
	assert_orphans_killed pidns
	[[ $output != *'not available'* && $output != *'IPC object'* ]]
	# Once in the phase and once in the summary of emerge.
	[[ $(grep -c 'src_unpack: pid-sandbox has no /proc of its own here: ' <<<"$output") == 2 && $(grep -c 'no /proc of its own' <<<"$output") == 2 ]]
	[[ $(record_values "$RECORDS" compile 'r.applied.net + r.applied.ipc + r.applied.pid + r.missing.length') == $'confineconfineconfine0\nconfineconfineconfine0' ]]
	[[ $(prefix_phase_value compile net) != "$(prefix_phase_value setup net)" ]]
}
