#!/usr/bin/env bats
# A real emerge in a container with Docker's default seccomp profile, and in a container that only masks parts of /proc.

load ../lib/prefix
load ../confine/container

# container_emerge docker|unconfined ARG...: runs the emerge of the prefix in a container with Docker's default seccomp profile, or with none
container_emerge() {
	# shellcheck disable=SC2034 # run_in_container reads it
	local TEST_DIR=$PREFIX_HOST
	run_in_container "$1" "$PREFIX_UID" bash -c "$(
		declare -p "${!PREFIX@}"
		declare -f prefix_exec
	); unset PREFIX_LOCK; prefix_exec emerge \"\$@\"" - "${@:2}"
}

# A prefix with two packages whose src_compile leaves a process behind.
orphan_prefix() {
	((EUID == 0)) || skip 'only root can create a container'
	prefix_make user 'network-sandbox ipc-sandbox cgroup'
	prefix_install_portcullis
	for atom in app-test/one app-test/two; do
		prefix_package "$atom-1" <<-'EOF'
			src_compile() {
				record_namespaces
				setsid -f bash -c "trap '' HUP INT TERM; exec -a ${PN}-orphan sleep 1000" </dev/null >/dev/null 2>&1
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

@test "with Docker's default seccomp profile, emerge builds packages, reports the missing sandbox once, and kills orphaned processes" {
	orphan_prefix
	run -0 container_emerge docker --oneshot app-test/one app-test/two
	assert_orphans_killed subreaper
	# Once in the phase and once in the summary of emerge.
	[[ $(grep -c "src_unpack: network-sandbox, ipc-sandbox and cgroup are not available, so builds can reach the network: a seccomp filter denies .*(unshare(CLONE_NEWUSER): Operation not permitted). To find the fix, run: $PREFIX/usr/bin/portcullis doctor" <<<"$output") == 2 ]]
	[[ $(grep -c 'not available' <<<"$output") == 2 && $output != *'conflicts with'* ]]
	[[ $(record_values "$RECORDS" compile r.missing.length) == $'2\n2' ]]
}

@test 'in a container that masks parts of /proc, phases are fully isolated and orphaned processes are killed' {
	orphan_prefix
	run -0 container_emerge unconfined --oneshot app-test/one app-test/two
	assert_orphans_killed subreaper
	[[ $output != *'not available'* ]]
	[[ $(record_values "$RECORDS" compile 'r.applied.net + r.applied.ipc + r.missing.length') == $'confineconfine0\nconfineconfine0' ]]
	[[ $(prefix_phase_value compile net) != "$(prefix_phase_value setup net)" ]]
}
