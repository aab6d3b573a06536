# shellcheck shell=bash
# Files that pkg_setup writes for the later phases. If emerge runs as root they are in /run, where no user of a phase can write.
# Otherwise one user runs everything, and they are in .ipc of the build directory, where builds do not write by accident.

# Prefixes of file names: REPLY[0] for what pkg_setup stores, REPLY[1] for what phases of this user store.
__portcullis_paths() {
	local run=@run@.${PORTAGE_BUILDDIR//\//%} ipc=$PORTAGE_BUILDDIR/.ipc/portcullis
	REPLY=("$ipc" "$ipc-$EUID")
	if [[ $EUID == 0 && -O /run && -w /run ]]; then
		REPLY=("$run" "$run-0")
	elif [[ -e $run-settings ]]; then
		REPLY[0]=$run
	fi
}

# __portcullis_store FILE LINE...: writes the build directory, then the lines. Root follows no symbolic link in .ipc.
__portcullis_store() {
	[[ $EUID != 0 || ! -L $1 ]] && { printf '%s\n' "$PORTAGE_BUILDDIR" "${@:2}" >"$1"; } 2>/dev/null
}

# __portcullis_load FILE: the lines of __portcullis_store in REPLY. A file with another first line stops the phase.
__portcullis_load() {
	REPLY=()
	[[ -e $1 || -L $1 ]] || return 0
	if [[ -f $1 && ! -L $1 && -r $1 ]]; then
		{ mapfile -t REPLY <"$1"; } 2>/dev/null
	fi
	[[ ${REPLY[0]-} == "$PORTAGE_BUILDDIR" ]] || __portcullis_tampered "$1" "${REPLY[0]-}"
	REPLY=("${REPLY[@]:1}")
}

# __portcullis_tampered FILE TEXT
__portcullis_tampered() {
	__portcullis_call die "Portcullis: $package: $1 has a line that Portcullis did not write (\"${2//\\/\\\\}\"). Remove the build directory: rm -r $PORTAGE_BUILDDIR"
}

# Removes the files in /run whose build directories no longer exist.
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
