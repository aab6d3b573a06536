# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Writes the limits PORTCULLIS_*_MAX to the cgroup of the whole build, if Portage has created this cgroup (FEATURES=cgroup as root,
# portage/util/cgroup.py). The hook does this in pkg_setup, as root, because later phases may run as another user. confine later reads the
# limits in force (native/cgroup/cgroup.c). If a limit is not in force, confine sets limits in a cgroup of its own, and reports each that it cannot set.
__portcullis_limits() {
	local root=/sys/fs/cgroup leaf=${___portcullis_leaf-} parent='' name
	local -a names=()
	[[ $EBUILD_PHASE == setup && $leaf && ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	# A cgroup has the file pids.max only if every cgroup above it, up to the root, enables the pids controller for its children. Portage
	# enables only memory, cpu and io, so enable pids in each cgroup above the build's cgroup.
	if [[ ${setting[PORTCULLIS_PIDS_MAX]-} && ! -e $root$leaf/pids.max ]]; then
		IFS=/ read -ra names <<<"${leaf%/*}"
		for name in "${names[@]}"; do
			parent+=${name:+/$name}
			{ echo +pids >"$root$parent/cgroup.subtree_control"; } 2>/dev/null
		done
	fi
	__portcullis_limit "$root$leaf/memory.max" "${setting[PORTCULLIS_MEMORY_MAX]-}"
	__portcullis_limit "$root$leaf/pids.max" "${setting[PORTCULLIS_PIDS_MAX]-}"
	# cpu.max contains "QUOTA PERIOD" in microseconds. With a period of 100000, one percent of a processor is a quota of 1000.
	name=${setting[PORTCULLIS_CPU_MAX]-}
	__portcullis_limit "$root$leaf/cpu.max" "${name:+$((10#0${name%\%} * 1000)) 100000}"
}

# __portcullis_limit FILE VALUE: writes the limit VALUE to FILE, unless VALUE is empty.
__portcullis_limit() {
	[[ ! $2 ]] || { echo "$2" >"$1"; } 2>/dev/null
}
