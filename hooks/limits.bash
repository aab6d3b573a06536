# shellcheck shell=bash
# PORTCULLIS_*_MAX where Portage has put the whole build into one cgroup (FEATURES=cgroup as root, portage/util/cgroup.py). Setup runs
# as root and writes the limits there, as the phases after it may run as another user. confine then finds them in force
# (native/cgroup/inherited_limits.c), and reports those that are not.
__portcullis_limits() {
	local root=/sys/fs/cgroup leaf=${___portcullis_leaf-} parent='' name
	local -a names=()
	[[ $EBUILD_PHASE == setup && $leaf && ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	# Portage enables memory, cpu and io for its cgroups. pids has to be enabled from the root down.
	if [[ ${setting[PORTCULLIS_PIDS_MAX]-} && ! -e $root$leaf/pids.max ]]; then
		IFS=/ read -ra names <<<"${leaf%/*}"
		for name in "${names[@]}"; do
			parent+=${name:+/$name}
			{ echo +pids >"$root$parent/cgroup.subtree_control"; } 2>/dev/null
		done
	fi
	__portcullis_limit memory.max "${setting[PORTCULLIS_MEMORY_MAX]-}"
	__portcullis_limit pids.max "${setting[PORTCULLIS_PIDS_MAX]-}"
	# "quota period" in microseconds, for per cent of one processor.
	name=${setting[PORTCULLIS_CPU_MAX]-}
	__portcullis_limit cpu.max "${name:+$((10#0${name%\%} * 1000)) 100000}"
}

__portcullis_limit() {
	[[ ! $2 ]] || { echo "$2" >"$root$leaf/$1"; } 2>/dev/null
}
