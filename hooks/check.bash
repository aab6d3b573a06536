# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Checks the configuration of a package: conflicts, PORTCULLIS_ALLOW, and misspelled variables. A conflict is a program, such as distcc,
# that the configuration enables and that needs access which a sandbox blocks. The first phase of a package reports all conflicts. The hook
# resolves PORTCULLIS_ALLOW in pkg_setup, because pkg_setup always has the host's network, and stores the resulting options of confine.

# Returns in REPLY[0] the names of the conflicts of this package, and in the other elements of REPLY the options of confine for
# PORTCULLIS_ALLOW. Loads both from stored files. Because Node takes 40 ms to start, runs portcullis.js at most once, and only if a prefilter
# finds a possible conflict that no stored file names, if the stored options are not for this PORTCULLIS_ALLOW, or if pkg_setup finds misspelled variables.
__portcullis_check() {
	local suspects='' known='' found='' new='' list='' unknown='' file name line
	local -a allowed=() answer=()
	if [[ $EBUILD_PHASE == setup ]]; then
		for name in "${!PORTCULLIS_@}"; do
			[[ " @settings@ " == *" $name "* ]] || unknown+=" $name"
		done
	fi
	if [[ ${setting[PORTCULLIS_AUDIT]-} != only ]]; then
		__portcullis_prefilter
		suspects=${REPLY[0]}
		for file in ${suspects:+"$store-conflicts" "$state-conflicts"}; do
			__portcullis_load "$file"
			known+=" ${REPLY[0]-} " found+=" ${REPLY[1]-} "
			for name in ${REPLY[0]-} ${REPLY[1]-}; do
				[[ $name == @(@conflicts@) ]] || __portcullis_tampered "$file" "$name"
			done
		done
		for name in $suspects; do
			[[ $known == *" $name "* ]] || new=$suspects
		done
		[[ $features != *' network-sandbox '* ]] || list=${setting[PORTCULLIS_ALLOW]-}
	fi
	if [[ $list && $EBUILD_PHASE != setup ]]; then
		__portcullis_load "$store-allow"
		[[ ${REPLY[0]-} != "$list" ]] || { allowed=("${REPLY[@]:1}") && list=''; }
	fi
	REPLY=("$found" "${allowed[@]}")
	[[ $unknown$new$list ]] || return 0
	__portcullis_find_run
	mapfile -t answer < <(
		__portcullis_print_variables | __portcullis_start "$node" "$program" check --package "$package" \
			${new:+--known "$found"} ${list:+--resolve} --once "$PORTAGE_BUILDDIR/.ipc" --run "${REPLY[0]-}" 2>/dev/null
	)
	if [[ ${answer[*]: -1} == 'done' ]]; then
		for line in "${answer[@]}"; do
			[[ $line != 'found '* ]] || found+=" ${line#found} "
			! __portcullis_is_option "$line" || allowed+=("$line")
		done
		__portcullis_print "${answer[@]}"
		line=${REPLY[0]}
	else
		# Node or portcullis.js failed, for example during an update of Node. Then every possible conflict counts as a conflict.
		found+=" $new "
		__portcullis_check_without_node "$unknown" "$new" "$list"
		[[ ! $list ]] || allowed=("${REPLY[@]}")
		line=''
	fi
	file=$state-conflicts
	[[ $EBUILD_PHASE != setup ]] || file=$store-conflicts
	[[ ! $new ]] || __portcullis_store "$file" "$known $suspects" "$found"
	[[ ! $line ]] || __portcullis_call die "$line"
	[[ ! $list ]] || __portcullis_store "$store-allow" "$list" "${allowed[@]}"
	REPLY=("$found" "${allowed[@]}")
}

# Prints, for the standard input of portcullis.js: the exported variables that can indicate a conflict; FEATURES, RESTRICT and PROPERTIES, which
# Portage does not export in EAPI 9; the settings; and the names in $unknown, without values.
__portcullis_print_variables() {
	local name
	for name in @variables@; do
		[[ ${!name@a} != *x* ]] || printf '%s=%s\0' "$name" "${!name}"
	done
	printf '%s\0' "FEATURES=$features" "RESTRICT=$restrict" "PROPERTIES=$properties"
	for name in "${!setting[@]}" $unknown; do
		printf '%s=%s\0' "$name" "${setting[$name]-}"
	done
}

# __portcullis_check_without_node UNKNOWN SUSPECTS LIST: reports UNKNOWN, the names of misspelled variables, and SUSPECTS, the possible
# conflicts. Returns in REPLY the options of confine for the IP addresses and UNIX sockets in LIST, the value of PORTCULLIS_ALLOW.
# Prints a warning for each other word, because only portcullis.js, which needs Node, can resolve it.
__portcullis_check_without_node() {
	local suspects=${2# } word
	local -a words=() addresses=() sockets=()
	[[ ! $1 ]] || __portcullis_call ewarn "Portcullis: $package: Portcullis ignores these unknown variables:$1. For a list of the variables, run: man 5 portcullis"
	[[ ! $suspects || ${setting[PORTCULLIS_CONFLICT]-} == ignore ]] ||
		__portcullis_call ewarn "Portcullis: $package: a sandbox may block ${suspects// /, }; Portcullis could not check this, because Node or portcullis.js failed. $doctor"
	read -ra words <<<"$3"
	for word in "${words[@]}"; do
		if __portcullis_is_option "--allow $word"; then
			addresses+=("--allow $word")
		elif [[ $word == unix:/* ]]; then
			sockets+=("--allow-socket ${word#unix:}")
		else
			__portcullis_call ewarn "Portcullis: $package: $word in PORTCULLIS_ALLOW stays blocked, because Node or portcullis.js, which resolve host names, failed. $doctor"
		fi
	done
	((${#addresses[@]} <= 64 && ${#sockets[@]} <= 64)) ||
		__portcullis_call ewarn "Portcullis: $package: the rest of PORTCULLIS_ALLOW stays blocked: only the first 64 addresses and 64 UNIX sockets are supported. Remove unused entries."
	REPLY=("${addresses[@]::64}" "${sockets[@]::64}")
}

# __portcullis_allow LINE...: returns in REPLY the words of the LINEs, options of confine for PORTCULLIS_ALLOW, and --socks if Portage runs a SOCKS proxy. Returns nothing if the phase has no --net.
__portcullis_allow() {
	local line
	REPLY=()
	[[ " ${options[*]} " == *' --net '* ]] || return 0
	for line; do
		__portcullis_is_option "$line" || __portcullis_tampered "$store-allow" "$line"
		REPLY+=("${line%% *}" "${line#* }")
	done
	# If emerge runs as root, Portage has already isolated the network of this process. confine can then make allowed connections only
	# through the SOCKS proxy that Portage runs on the host for distcc. --socks is the path of the proxy's UNIX socket.
	[[ ! -S ${initial[PORTAGE_SOCKS5_PROXY]-} ]] || REPLY+=(--socks "${initial[PORTAGE_SOCKS5_PROXY]}")
}

# __portcullis_is_option LINE: succeeds if LINE is an option of confine, in the format that src/confine/destinations.ts writes.
__portcullis_is_option() {
	[[ $1 == @('--allow '@(+([0-9.])|\[+([0-9A-Fa-f:.])\])?(/+([0-9])):+([0-9])|'--allow-socket /'+([0-9A-Za-z/._@+-])|'--resolve '+([0-9A-Za-z._-])=+([0-9A-Fa-f:.])) ]]
}

# Returns in REPLY[0] the names of possible conflicts (src/conflicts/table.ts). Starts no process, because this function runs before every confined phase and must be fast.
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
		# As root, skip symbolic links and files of other users, because another user could choose the text that root then reads.
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

# __portcullis_is_wrapped COMPILER CCACHE FOLDER...: succeeds if the first COMPILER in the folders may be a wrapper: it is a script; or it is the same
# file as gcc and g++ in its folder; or a later folder contains a different COMPILER (not tested for clang*). Skips links to CCACHE.
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
# conflicting programs; otherwise does nothing. The variables that disable the programs are local to the wrapper, so that these variables
# end with the phase and a bashrc cannot override their values.
# Portage saves the functions and variables of a phase for the later phases, except __ebuild_phase and names that begin with three underscores
# (__save_ebuild_env in bin/save-ebuild-env.sh). So no later phase gets the wrapper, which replaces __ebuild_phase, or its helpers, whose names begin with three underscores.
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
	# ___portcullis_without NAME...: unsets exported variables for this phase. A local variable that is unset or not exported would not hide
	# an exported one from child processes. So this function unsets the exported one, and the wrapper sets it again after the phase.
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
