#!/usr/bin/env bats
# A whole emerge in a real container, under what Docker's default seccomp profile refuses; and where only parts of /proc are masked.

load ../lib/prefix
load ../confine/container

# emerge_contained SECCOMP WHO ARG...: emerge of the prefix, in a container
emerge_contained() {
	# shellcheck disable=SC2034 # run_in_container reads it
	local TEST_DIR=$PREFIX_HOST
	run_in_container "$1" "$PREFIX_UID" bash -c "$(
		declare -p "${!PREFIX@}"
		declare -f prefix_exec
	); unset PREFIX_LOCK; prefix_exec emerge \"\$@\"" - "${@:2}"
}

# Two packages of which each leaves a process; what the phases saw of the network, and of whoever is process 1.
leaving() {
	((EUID == 0)) || skip 'only root can make a container'
	prefix_make user
	prefix_conf 'FEATURES="network-sandbox ipc-sandbox cgroup"'
	prefix_install_portcullis
	for atom in app-test/one app-test/two; do
		prefix_package "$atom-1" <<-'EOF'
			src_compile() {
				note_namespaces
				setsid -f bash -c "trap '' HUP INT TERM; exec -a ${PN}-orphan sleep 1000" </dev/null >/dev/null 2>&1
			}
		EOF
	done
}

# What is left is killed in every case: that it is told says so, as with the container all of it goes.
told_and_killed() {
	local atom
	for atom in app-test/one app-test/two; do
		[[ $output == *"$atom-1: src_compile left a process behind, and it was killed: ${atom#*/}-orphan 1000 (pid "* ]] || {
			echo "$output"
			return 1
		}
	done
	[[ $(record_values "$RECORDS" compile r.tracking) == "$1"$'\n'"$1" ]]
}

@test "Docker's default profile: built all the same, told once in one plain message, and what is left behind is killed" {
	leaving
	run -0 emerge_contained docker --oneshot app-test/one app-test/two
	told_and_killed subreaper
	# As it is said, and again at the end.
	[[ $(grep -c 'src_unpack runs without ipc-sandbox: unshare(CLONE_NEWUSER): Operation not permitted. Other packages are affected too' <<<"$output") == 2 ]]
	[[ $(grep -c 'runs without' <<<"$output") == 2 ]]
	[[ $(record_values "$RECORDS" compile r.missing.length) == $'2\n2' ]]
}

@test 'parts of /proc masked: everything is isolated, nothing is missing, and what is left behind is killed' {
	leaving
	run -0 emerge_contained unconfined --oneshot app-test/one app-test/two
	told_and_killed pidns
	[[ $output != *'runs without'* ]]
	[[ $(record_values "$RECORDS" compile 'r.applied.net + r.applied.ipc + r.missing.length') == $'confineconfine0\nconfineconfine0' ]]
	[[ $(prefix_seen compile net) != "$(prefix_seen setup net)" ]]
}
