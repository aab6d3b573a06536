#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Resource limits that cannot be set, in real emerges. test/vm/limits.bats and test/vm/portage.bats test limits that can be set, because
# they need cgroup controllers.

load ../lib/prefix

limits_group() {
	echo "$(findmnt -nt cgroup2 -o TARGET | head -n1)/pc-limits.$$"
}

remove_limits_group() {
	[[ ! -d $(limits_group) ]] || find "$(limits_group)" -depth -type d -exec rmdir {} +
}

teardown() {
	prefix_clean
	remove_limits_group
}

# run_without_controllers COMMAND...: runs the command with a cgroup v2 tree without controllers. The tree is a cgroup whose parent delegates
# no controllers, mounted over the real tree.
run_without_controllers() {
	local tree group status=0
	tree=$(findmnt -nt cgroup2 -o TARGET | head -n1)
	group=$(limits_group)
	mkdir -p "$group/tree"
	# shellcheck disable=SC2016
	prefix_run unshare --mount -- bash -c 'echo $$ >"$1/cgroup.procs" && mount --bind "$1" "$2" && exec unshare --cgroup -- "${@:3}"' - \
		"$group/tree" "$tree" "$@" || status=$?
	remove_limits_group
	return "$status"
}

# assert_limits_reported root|user FEATURES REASON [RUN [MESSAGES]]: emerges two packages with two limits, through the function RUN. Fails
# unless each package has one message with REASON, and MESSAGES messages (1) in total.
assert_limits_reported() {
	local atom
	prefix_make "$1" "cgroup $2" 'PORTCULLIS_MEMORY_MAX="8G"' 'PORTCULLIS_CPU_MAX="150%"' 'PORTAGE_ELOG_SYSTEM="echo"' \
		'PORTAGE_ELOG_CLASSES="log warn error"'
	for atom in app-test/one app-test/two; do
		prefix_package "$atom-1" <<<'src_compile() { echo "compiled: ${PN}"; }'
	done
	prefix_install_portcullis
	run -0 "${4-prefix_run}" "${PREFIX_EMERGE[@]}" --oneshot app-test/one app-test/two
	for atom in app-test/one app-test/two; do
		[[ $output == *"compiled: ${atom#*/}"* ]]
		# The message appears once in the phase and once in the summary of emerge.
		[[ $(grep -c "Portcullis: $atom-1: src_[a-z]* runs without the limits PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX: $3" <<<"$output") == 2 ]] || {
			echo "$output"
			return 1
		}
	done
	(($(grep -c 'runs without' <<<"$output") == 4 * ${5-1}))
	# confine has tracked the processes of each phase, although both limits are missing.
	[[ $(record_values "$RECORDS" compile 'r.applied.cgroup + r.missing.length') == $'confine2\nconfine2' ]]
}

@test 'if an ordinary user without a delegated cgroup runs emerge, the hook reports that PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX are not applied' {
	assert_limits_reported user '' '\(the cgroup of this process is not delegated to this user\|no cgroup v2 is mounted\): '
}

@test 'if root runs emerge and cgroup v2 has no controllers, the hook reports that PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX are not applied' {
	assert_limits_reported root '-userpriv -pid-sandbox' 'its cgroup controller is not available here: ' run_without_controllers
	prefix_clean
	# With userpriv, most phases run as portage, which has no delegated cgroup. src_install runs as root, for which the controllers are missing. There is
	# one message per package and user, because root does not trust the marker file by which portage records that the message was printed.
	assert_limits_reported root 'userpriv -pid-sandbox' 'the cgroup of this process is not delegated to this user: ' run_without_controllers 2
}

@test 'with PORTCULLIS_ON_FAILURE=die, the build stops before src_unpack if PORTCULLIS_PIDS_MAX cannot be applied' {
	prefix_make user cgroup 'PORTCULLIS_PIDS_MAX="500"' 'PORTCULLIS_ON_FAILURE="die"'
	prefix_package app-test/one-1 </dev/null
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/one
	[[ $output == *"src_unpack: the build stops, because PORTCULLIS_ON_FAILURE=\"die\" is set and PORTCULLIS_PIDS_MAX is not available: "* ]]
}
