#!/usr/bin/env bats
# A limit that can't be set: said once a package, by a real emerge. (That one that is set holds is tested where there are controllers:
# test/vm/limits.bats, test/vm/portage.bats.)

load ../lib/prefix

# in_a_bare_tree COMMAND...: with a cgroup v2 tree that has no controllers, whatever this machine's has: the tree is what lies below
# a cgroup whose parent hands none down.
in_a_bare_tree() {
	local tree group status=0
	tree=$(findmnt -nt cgroup2 -o TARGET | head -n1)
	group=$tree/pc-limits.$$
	mkdir -p "$group/tree"
	# shellcheck disable=SC2016
	prefix_run unshare --mount -- bash -c 'echo $$ >"$1/cgroup.procs" && mount --bind "$1" "$2" && exec unshare --cgroup -- "${@:3}"' - \
		"$group/tree" "$tree" "$@" || status=$?
	find "$group" -depth -type d -exec rmdir {} +
	return "$status"
}

# told_each WHO FEATURES REASON [IN]: two packages with two limits in one emerge IN such a place, each with one message in its elog
told_each() {
	local atom
	prefix_make "$1"
	prefix_conf "FEATURES=\"cgroup $2\"" 'PORTCULLIS_MEMORY_MAX="8G"' 'PORTCULLIS_CPU_MAX="150%"' 'PORTAGE_ELOG_SYSTEM="echo"' \
		'PORTAGE_ELOG_CLASSES="log warn error"'
	for atom in app-test/one app-test/two; do
		prefix_package "$atom-1" <<<'src_compile() { echo "compiled: ${PN}"; }'
	done
	prefix_install_portcullis
	run -0 "${4-prefix_run}" "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/one app-test/two
	for atom in app-test/one app-test/two; do
		[[ $output == *"compiled: ${atom#*/}"* ]]
		# As it is said, and again at the end.
		[[ $(grep -c "Portcullis: $atom-1: src_[a-z]* runs without PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX: $3" <<<"$output") == 2 ]] || {
			echo "$output"
			return 1
		}
	done
	[[ $(grep -c 'runs without' <<<"$output") == 4 ]]
	# Tracked all the same.
	[[ $(record_values "$RECORDS" compile 'r.applied.cgroup + r.missing.length') == $'confine2\nconfine2' ]]
}

@test 'an ordinary user, to whom no cgroup is delegated' {
	told_each user '' '\(the cgroup that this was started in is not delegated to this user\|no cgroup v2 is mounted\): '
}

@test 'root, in a tree without controllers' {
	((EUID == 0)) || skip 'only root can emerge as root'
	told_each root '-userpriv' 'its cgroup controller is not available here: ' in_a_bare_tree
	prefix_clean
	# Most phases are the portage user's, and the reason is his; but once is once.
	told_each root 'userpriv' 'the cgroup that this was started in is not delegated to this user: ' in_a_bare_tree
}

@test 'PORTCULLIS_ON_FAILURE=die: the build stops, with the variable and the reason' {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"' 'PORTCULLIS_PIDS_MAX="500"' 'PORTCULLIS_ON_FAILURE="die"'
	prefix_package app-test/one-1 </dev/null
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/one
	[[ $output == *"src_unpack was not started: PORTCULLIS_PIDS_MAX is not available here: "* ]]
}
