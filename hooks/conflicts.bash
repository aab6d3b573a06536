# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Detects conflicts: a conflict is a program, such as distcc, that the configuration enables and that needs access which a sandbox
# blocks. The first phase of a package reports all conflicts.

# Returns in REPLY[0] the names of the conflicts of this package. If portcullis.js ran, the other elements of REPLY are the lines that it
# printed about PORTCULLIS_ALLOW.
__portcullis_conflicts() {
	local suspects known='' found='' new='' file name
	REPLY=('')
	[[ ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	__portcullis_prefilter
	suspects=${REPLY[0]} REPLY=('')
	[[ $suspects ]] || return 0
	for file in "$store-conflicts" "$state-conflicts"; do
		__portcullis_load "$file"
		known+=" ${REPLY[0]-} " found+=" ${REPLY[1]-} "
		for name in ${REPLY[0]-} ${REPLY[1]-}; do
			[[ $name == @(@conflicts@) ]] || __portcullis_tampered "$file" "$name"
		done
	done
	for name in $suspects; do
		[[ $known == *" $name "* ]] || new=yes
	done
	REPLY=("$found")
	[[ ! $new ]] || __portcullis_detect "$suspects" "$known" "$found"
}

# __portcullis_detect SUSPECTS KNOWN FOUND: runs portcullis.js to find out which of SUSPECTS, the possible conflicts of this phase, are
# conflicts. Prints the messages, stores the result for later phases, and returns REPLY as __portcullis_conflicts does. KNOWN lists the
# possible conflicts of earlier phases, and FOUND the conflicts among them. Resolves PORTCULLIS_ALLOW in the same run of portcullis.js,
# because Node takes 40 ms to start.
__portcullis_detect() {
	local suspects=$1 known=$2 found=$3 line text=${1# } file=$state-conflicts
	local -a answer=() messages=() allow=()
	mapfile -t answer < <(
		__portcullis_print_variables | __portcullis_start "$node" "$program" conflicts --package "$package" --features "$features" \
			--restrict "$restrict" --properties "$properties" --setting "${setting[PORTCULLIS_CONFLICT]-}" \
			--unpack "${setting[PORTCULLIS_UNPACK]-}" --allow "${setting[PORTCULLIS_ALLOW]-}" --sockets "${setting[PORTCULLIS_SOCKETS]-}" --known "$found" \
			--once "$PORTAGE_BUILDDIR/.ipc" 2>/dev/null
	)
	for line in "${answer[@]}"; do
		if [[ ${messages[*]: -1} == 'done' ]]; then
			allow+=("$line")
		else
			messages+=("$line")
		fi
	done
	if [[ ${messages[*]: -1} == 'done' ]]; then
		found+=" ${messages[0]#found} "
	else
		# Node does not start, for example during its update. Then every possible conflict counts as a conflict.
		found+=" $suspects "
		[[ ${setting[PORTCULLIS_CONFLICT]-} == ignore ]] ||
			__portcullis_call ewarn "Portcullis: $package: a sandbox may block ${text// /, }; Portcullis could not check this, because Node does not start. To repair Node, run: emerge net-libs/nodejs"
		messages=()
	fi
	[[ $EBUILD_PHASE != setup ]] || file=$store-conflicts
	__portcullis_store "$file" "$known $suspects" "$found"
	__portcullis_print "${messages[@]:1}"
	[[ ! ${REPLY[0]-} ]] || __portcullis_call die "${REPLY[0]}"
	REPLY=("$found" "${allow[@]}")
}

# Returns the names of possible conflicts (src/conflicts/table.ts) in REPLY[0]. Reads variables and files, and starts no process.
__portcullis_prefilter() {
	local compiler='' suspects='' display=${DISPLAY-}
	display=${display#*:} display=${display%%.*}
	! __portcullis_has_wrapper || compiler=yes
	#: prefilter
	REPLY=("$suspects")
}

# __portcullis_contains TEXT FILE...: succeeds if one of the files contains the text.
__portcullis_contains() {
	local file text
	for file in "${@:2}"; do
		# As root, skip symbolic links and files of other users, because those users choose what such a path contains.
		[[ -f $file && -r $file && ($EUID != 0 || -O $file && ! -L $file) ]] || continue
		{ IFS= read -rd '' text <"$file"; } 2>/dev/null
		[[ $text != *"$1"* ]] || return 0
	done
	return 1
}

# Succeeds if a compiler, named by a variable or found in PATH, may be a wrapper such as distcc.
__portcullis_has_wrapper() {
	local name word folder ccache=''
	local -a commands=() folders=()
	for name in @compilers@; do
		read -ra commands <<<"${!name-}"
		for word in "${commands[@]}"; do
			[[ $word == @(-*|*=*|@plain@) ]] || { [[ ${word##*/} == @plain@ ]] && ! __portcullis_is_script "$word"; } || return 0
		done
	done
	IFS=: read -ra folders <<<"${PATH-}"
	# ccache calls the next compiler in PATH. Find ccache, so that __portcullis_is_wrapped skips links to it.
	for folder in "${folders[@]}"; do
		[[ ! -x $folder/ccache ]] || ccache=$folder/ccache
	done
	for name in gcc g++ cc c++ clang clang++ ${CHOST:+"$CHOST-gcc" "$CHOST-g++"}; do
		! __portcullis_is_wrapped "$name" "$ccache" "${folders[@]}" || return 0
	done
	return 1
}

# __portcullis_is_wrapped COMPILER CCACHE FOLDER...: succeeds if the first program COMPILER in the folders may be a wrapper: it is a script;
# or gcc and g++ in its folder are links to the same file; or a later folder contains a different COMPILER. Skips links to CCACHE.
__portcullis_is_wrapped() {
	local first='' file prefix folder
	for folder in "${@:3}"; do
		file=$folder/$1
		[[ -x $file && ! ($2 && $file -ef $2) ]] || continue
		if [[ ! $first ]]; then
			first=$file
			! __portcullis_is_script "$file" || return 0
			for prefix in '' ${CHOST:+"$CHOST-"}; do
				[[ ! ($file -ef $folder/${prefix}gcc && $file -ef $folder/${prefix}g++) ]] || return 0
			done
			# Several versions of LLVM can be installed, each with its own clang in PATH, so a second clang is not a sign of a wrapper.
			[[ $1 != clang* ]] || break
		else
			[[ $file -ef $first ]] || return 0
		fi
	done
	return 1
}

__portcullis_is_script() {
	local start=''
	[[ -f $1 && -r $1 ]] || return 1
	{ LC_ALL=C IFS= read -rn2 start <"$1"; } 2>/dev/null
	[[ $start == '#!' ]]
}

# __portcullis_wrap_phase ARGUMENT: if ARGUMENT lists conflicts as +NAME..., wraps the function that runs the phase, to disable the
# conflicting programs. The variables that disable them are local to the wrapper, so that Portage does not save them and a bashrc
# cannot override them. Portage does not save variables and functions that begin with three underscores, nor __ebuild_phase
# (__save_ebuild_env in bin/save-ebuild-env.sh).
__portcullis_wrap_phase() {
	[[ $1 == *+* ]] && declare -F __ebuild_phase >/dev/null || return 0
	___portcullis_conflicts=$1
	eval "___portcullis$(declare -f __ebuild_phase)"
	__ebuild_phase() {
		local -a ___portcullis_unset=()
		#: inside
		___portcullis__ebuild_phase "$@"
		((${#___portcullis_unset[@]} == 0)) || export "${___portcullis_unset[@]}"
	}
	# A local variable that is unset or not exported does not hide an exported one from child processes. So unset the exported one, and
	# set it again after the phase.
	___portcullis_without() {
		local ___portcullis_name
		for ___portcullis_name; do
			if [[ ${!___portcullis_name@a} == *x* ]]; then
				___portcullis_unset+=("$___portcullis_name=${!___portcullis_name}")
				unset -v "$___portcullis_name"
			fi
		done
	}
}
