# shellcheck shell=bash
# What setup keeps for the later phases. In root's emerge it lies in /run, where no user of a phase can write. Elsewhere one user
# runs everything, and it lies in the build's .ipc, where a build does not write by accident.
__portcullis_places() {
	local run=@run@.${PORTAGE_BUILDDIR//\//%} ipc=$PORTAGE_BUILDDIR/.ipc/portcullis
	kept=$ipc state=$ipc-$EUID
	if [[ $EUID == 0 && -O /run && -w /run ]]; then
		kept=$run state=$run-0
	elif [[ -e $run-settings ]]; then
		kept=$run
	fi
}

# __portcullis_keep FILE LINE...: writes the name of the build's folder, then the lines. As root it follows no link in .ipc.
__portcullis_keep() {
	[[ $EUID != 0 || ! -L $1 ]] && { printf '%s\n' "$PORTAGE_BUILDDIR" "${@:2}" >"$1"; } 2>/dev/null
}

# __portcullis_kept FILE: fills lines with what __portcullis_keep wrote, and stops the phase if somebody else wrote the file.
__portcullis_kept() {
	lines=()
	[[ -e $1 || -L $1 ]] || return 0
	if [[ -f $1 && ! -L $1 && -r $1 ]]; then
		{ mapfile -t lines <"$1"; } 2>/dev/null
	fi
	[[ ${lines[0]-} == "$PORTAGE_BUILDDIR" ]] || __portcullis_foreign "$1" "${lines[0]-}"
	lines=("${lines[@]:1}")
}

# __portcullis_foreign FILE TEXT
__portcullis_foreign() {
	__portcullis_call die "Portcullis: $package: $1 was changed by something else than Portcullis (\"${2//\\/\\\\}\"). Remove $PORTAGE_BUILDDIR and build it again."
}

# Removes what builds have left in /run whose folders are gone.
__portcullis_sweep() {
	local file folder
	local -a gone=()
	[[ $kept != */.ipc/* ]] || return 0
	for file in @run@.*-settings; do
		{ read -r folder <"$file"; } 2>/dev/null || continue
		[[ -d $folder ]] || gone+=("${file%settings}"{@kept@})
	done
	((${#gone[@]} == 0)) || __portcullis_start @rm@ -f -- "${gone[@]}"
}
