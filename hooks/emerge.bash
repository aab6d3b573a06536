# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Returns in REPLY[0] the PID and start time (in clock ticks) of the package manager that runs this phase: PID-TICKS. emerge forks, and cave of
# Paludis starts other commands of cave, so several successive ancestors can have the name of a package manager: the function returns the
# topmost one. Returns '' if FEATURES=pid-sandbox hides emerge.
__portcullis_find_emerge() {
	local pid=self line found=''
	local -a argv=() fields=()
	while [[ $pid != 0 ]]; do
		{ mapfile -d '' -t argv <"/proc/$pid/cmdline" && read -r line <"/proc/$pid/stat"; } 2>/dev/null || break
		read -ra fields <<<"${line##*) }"
		argv=("${argv[@]:0:3}")
		if [[ " ${argv[*]##*/} " == *' '@(emerge|ebuild|pmerge|pebuild|cave)' '* ]]; then
			found=$pid-${fields[19]}
		elif [[ $found ]]; then
			break
		fi
		pid=${fields[1]}
	done
	REPLY=("$found")
}
