# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Files that the hook writes in pkg_setup for the later phases. If emerge runs as root, the files are in /run, where no phase of
# another user can write. Otherwise one user runs all phases, and the files are in .ipc of the build directory, where builds do not
# write by accident.

# Returns the beginnings of paths: REPLY[0] for the files that pkg_setup writes for later phases, REPLY[1] for files that only phases of
# this user write and read.
__portcullis_paths() {
	local run=@run@.${PORTAGE_BUILDDIR//\//%} ipc=$PORTAGE_BUILDDIR/.ipc/portcullis
	REPLY=("$ipc" "$ipc-$EUID")
	if [[ $EUID == 0 && -O /run && -w /run ]]; then
		REPLY=("$run" "$run-0")
	elif [[ -e $run-settings ]]; then
		REPLY[0]=$run
	fi
}

# __portcullis_store FILE LINE...: writes to FILE the path of the build directory, then the lines. Fails if FILE cannot be written or, as root, if
# FILE is a symbolic link.
__portcullis_store() {
	[[ $EUID != 0 || ! -L $1 ]] && { printf '%s\n' "$PORTAGE_BUILDDIR" "${@:2}" >"$1"; } 2>/dev/null
}

# __portcullis_load FILE: returns in REPLY the lines that __portcullis_store wrote, or nothing if FILE does not exist. Stops the phase if the
# first line of FILE is not the path of the build directory, because the hook then did not write FILE for this build.
__portcullis_load() {
	REPLY=()
	[[ -e $1 || -L $1 ]] || return 0
	if [[ -f $1 && ! -L $1 && -r $1 ]]; then
		{ mapfile -t REPLY <"$1"; } 2>/dev/null
	fi
	[[ ${REPLY[0]-} == "$PORTAGE_BUILDDIR" ]] || __portcullis_tampered "$1" "${REPLY[0]-}"
	REPLY=("${REPLY[@]:1}")
}

# __portcullis_tampered FILE TEXT: stops the phase, because FILE contains the line TEXT, which the hook did not write.
__portcullis_tampered() {
	__portcullis_call die "Portcullis: $package: $EBUILD_PHASE: the build stops, because $1 has a line that Portcullis did not write (\"$2\"). Remove the build directory and start emerge again: rm -r $PORTAGE_BUILDDIR"
}

# Removes the files that the hook has stored in /run for builds whose build directories no longer exist. Does nothing if this hook does not use /run.
__portcullis_remove_stale() {
	local file folder
	local -a stale=()
	[[ $store != */.ipc/* ]] || return 0
	for file in @run@.*-settings; do
		{ read -r folder <"$file"; } 2>/dev/null || continue
		[[ -d $folder ]] || stale+=("${file%settings}"{@stored@})
	done
	((${#stale[@]} == 0)) || __portcullis_start @rm@ -f -- "${stale[@]}"
}

# Returns in REPLY[0] the PID and start time of emerge, loaded from the file of __portcullis_store_emerge if emerge is hidden. Returns nothing if they are unknown.
__portcullis_find_run() {
	__portcullis_find_emerge
	[[ ${REPLY[0]} ]] || __portcullis_load "$store-emerge"
}

# Stores the PID and start time of emerge in a file if FEATURES=pid-sandbox hides emerge from root's phases: Portage has mounted a new /proc over
# the one in which emerge is visible (_exec2 in portage/process.py). This function unmounts the new /proc in a mount namespace of its own,
# which only root can do.
__portcullis_store_emerge() {
	__portcullis_find_emerge
	[[ ! ${REPLY[0]} && $EUID == 0 && $features == *' pid-sandbox '* ]] || return 0
	__portcullis_store "$store-emerge" "$(__portcullis_start @unshare@ --mount "$BASH" -c \
		"$(declare -f __portcullis_find_emerge)"' && "$1" -n -l /proc && __portcullis_find_emerge && echo "${REPLY[0]}"' - @umount@ 2>/dev/null)"
}
