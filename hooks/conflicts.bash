# shellcheck shell=bash
# What the configuration holds that a sandbox cuts off: said once a package, in the first phase that runs. Fills found.
__portcullis_conflicts() {
	local suspects='' known='' new='' file name
	local -a lines=()
	# Then nothing is isolated.
	[[ ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	__portcullis_prefilter
	[[ $suspects ]] || return 0
	for file in "$kept-conflicts" "$state-conflicts"; do
		__portcullis_kept "$file"
		known+=" ${lines[0]-} " found+=" ${lines[1]-} "
	done
	for name in $known $found; do
		[[ $name == @(@known@) ]] || __portcullis_foreign "$file" "$name"
	done
	for name in $suspects; do
		[[ $known == *" $name "* ]] || new=yes
	done
	[[ ! $new ]] || __portcullis_flag
}

# Asks the program, which has the whole table, and says what it says. What PORTCULLIS_ALLOW comes to follows in the same answer, as Node
# takes long to start: that is left in looked.
__portcullis_flag() {
	local why='' before=$found suspects_text=${suspects# } line
	local -a answer=()
	mapfile -t answer < <(
		__portcullis_seen | __portcullis_start "$node" "$program" conflicts --stdin --package "$package" --features "$features" --restrict "$restrict" \
			--properties "$properties" --setting "${setting[PORTCULLIS_CONFLICT]-}" --unpack "${setting[PORTCULLIS_UNPACK]-}" \
			--allow "${setting[PORTCULLIS_ALLOW]-}" --known "$before" 2>/dev/null
	)
	lines=()
	for line in "${answer[@]}"; do
		if [[ ${lines[*]: -1} == 'done' ]]; then
			looked+=("$line")
		else
			lines+=("$line")
		fi
	done
	if [[ ${lines[*]: -1} == 'done' ]]; then
		found+=" ${lines[0]#found} "
	else
		# portcullis needs Node, which may just be on its way out. What smells is kept out of the way: it may be cut off.
		found+=" $suspects "
		[[ ${setting[PORTCULLIS_CONFLICT]-} == ignore ]] ||
			__portcullis_call ewarn "Portcullis: $package: the configuration smells of ${suspects_text// /, }, which collide with a sandbox that FEATURES asks for, and $portcullis does not start to say more. $out"
		lines=()
	fi
	if [[ $EBUILD_PHASE == setup ]]; then file=$kept-conflicts; else file=$state-conflicts; fi
	__portcullis_keep "$file" "$known $suspects" "$found"
	__portcullis_print "${lines[@]:1}"
	[[ ! $why ]] || __portcullis_call die "$why"
}

# Fills suspects with the names of what could collide (src/conflicts/table.ts). It asks strings and files, and starts nothing.
__portcullis_prefilter() {
	local compiler='' display=${DISPLAY-}
	display=${display#*:} display=${display%%.*}
	! __portcullis_compiler || compiler=yes
	#: prefilter
}

# Whether one of these files contains a text.
__portcullis_contains() {
	local file text
	for file in "${@:2}"; do
		# As root nothing that another user may have put there.
		[[ -f $file && -r $file && ($EUID != 0 || -O $file && ! -L $file) ]] || continue
		{ IFS= read -rd '' text <"$file"; } 2>/dev/null
		[[ $'\n'$text != *"$1"* ]] || return 0
	done
	return 1
}

# Whether a compiler, named by a variable or found in PATH, is none of the plain ones.
__portcullis_compiler() {
	local name word folder ccache=''
	local -a commands=() folders=()
	for name in @compilers@; do
		read -ra commands <<<"${!name-}"
		for word in "${commands[@]}"; do
			[[ $word == @(-*|*=*|@plain@) ]] || { [[ ${word##*/} == @plain@ ]] && ! __portcullis_odd "$word"; } || return 0
		done
	done
	IFS=: read -ra folders <<<"${PATH-}"
	# It calls the next compiler in PATH, which is the one to look at.
	for folder in "${folders[@]}"; do
		[[ ! -x $folder/ccache ]] || ccache=$folder/ccache
	done
	for name in gcc g++ cc c++ clang clang++ ${CHOST:+"$CHOST-gcc" "$CHOST-g++"}; do
		! __portcullis_shadowed || return 0
	done
	return 1
}

# Whether the first $name in PATH is a script or a stand-in for every compiler, or hides another one further on.
__portcullis_shadowed() {
	local first='' file prefix
	for folder in "${folders[@]}"; do
		file=$folder/$name
		[[ -x $file && ! ($ccache && $file -ef $ccache) ]] || continue
		if [[ ! $first ]]; then
			first=$file
			! __portcullis_odd "$file" || return 0
			for prefix in '' ${CHOST:+"$CHOST-"}; do
				[[ ! ($file -ef $folder/${prefix}gcc && $file -ef $folder/${prefix}g++) ]] || return 0
			done
			# Of LLVM several versions are installed side by side, all of them in PATH.
			[[ $name != clang* ]] || break
		else
			[[ $file -ef $first ]] || return 0
		fi
	done
	return 1
}

# Whether a compiler is a script.
__portcullis_odd() {
	local start=''
	[[ -f $1 && -r $1 ]] || return 1
	{ LC_ALL=C IFS= read -rn2 start <"$1"; } 2>/dev/null
	[[ $start == '#!' ]]
}

# For a phase with a network sandbox, inside: puts a function around the phase's own. What that sets is local to it, and so neither
# is it saved afterwards nor does what a bashrc sets come before it. Portage doesn't save names that begin with three
# underscores (__save_ebuild_env in bin/save-ebuild-env.sh), nor this function of its own.
__portcullis_inside() {
	[[ $1 == *+* ]] && declare -F __ebuild_phase >/dev/null || return 0
	___portcullis_here=$1
	eval "___portcullis$(declare -f __ebuild_phase)"
	__ebuild_phase() {
		local -a ___portcullis_kept=()
		#: inside
		___portcullis__ebuild_phase "$@"
		((${#___portcullis_kept[@]} == 0)) || export "${___portcullis_kept[@]}"
	}
	# A local variable that is unset, or not exported, doesn't hide an exported one from what bash starts.
	___portcullis_without() {
		local ___portcullis_name
		for ___portcullis_name; do
			if [[ ${!___portcullis_name@a} == *x* ]]; then
				___portcullis_kept+=("$___portcullis_name=${!___portcullis_name}")
				unset -v "$___portcullis_name"
			fi
		done
	}
}
