# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Plans the changes of install.sh as a list, then makes these changes. A dry run only prints the list.

# plan_notes holds notes that are printed after the changes. The other arrays have one element for each change.
declare -a plan_notes=() plan_verb=() plan_path=() plan_from=() plan_mode=() plan_owner=()
declare -rA plan_past=([create]=created [replace]=replaced [edit]=edited [remove]=removed [attributes]='set mode and owner of')

# plan_add VERB PATH FROM MODE OWNER: appends a change of PATH to the plan. VERB is directory, put, bashrc, attributes or remove; FROM is
# the file with the new content, or '' for a directory, attributes or remove.
plan_add() {
	plan_verb+=("$1") plan_path+=("$2") plan_from+=("${3-}") plan_mode+=("${4-}") plan_owner+=("${5-}")
}

# plan_describe I: sets REPLY to the verb with which messages describe the planned change number I (from 0).
plan_describe() {
	REPLY=${plan_verb[$1]}
	case $REPLY in
	directory) REPLY=create ;;
	put) [[ -e ${plan_path[$1]} ]] && REPLY=replace || REPLY=create ;;
	bashrc) [[ -n $bashrc_exists ]] && REPLY=edit || REPLY=create ;;
	esac
}

# plan_read FROM...: sets sha_of and state_of (files_read) for the files to replace, for all files in the record, and for the files FROM.
plan_read() {
	local -a paths=("$record_path" "${file_order[@]}" "${!record_sha[@]}")
	files_read "${paths[@]/#/$root/}" "$@"
}

plan_install() {
	local path version=$1
	local -a log dirs=("${record_dirs[@]}")
	plan_read "${file_from[@]}"
	for path in "${file_order[@]}"; do
		check_foreign "$path" "${file_from[$path]}"
	done
	bashrc_check_block "$record_block" "$workdir/block"
	log_plan
	log=("${REPLY[@]}")
	[[ -z ${log[0]} ]] || plan_directories "$log_path" "${log[0]}" "${log[1]}"
	for path in etc/portage/bashrc "$record_path" "${file_order[@]}"; do
		plan_directories "${path%/*}" 755 "$target_owner"
	done
	plan_record "$version" "${log[2]}" "${dirs[@]}"
	for path in "${file_order[@]}"; do
		plan_put "$path" "${file_from[$path]}" "${file_mode[$path]}" "${file_owner[$path]}"
	done
	for path in "${!record_sha[@]}"; do
		[[ -n ${file_from[$path]-} ]] || plan_remove "$path"
	done
	plan_bashrc "$workdir/block"
	plan_announce
}

# plan_directories DIR MODE OWNER: plans to create DIR and the directories above it, if missing. DIR gets MODE and OWNER; the others get mode 755
# and target_owner. Appends the directories to the caller's array dirs, which becomes a part of the record.
plan_directories() {
	local directory path=$1
	local -a missing=()
	for (( ; ; )); do
		[[ ! -d $root/$path && " ${plan_path[*]} " != *" $root/$path "* ]] || break
		missing=("$path" "${missing[@]}")
		[[ $path == */* ]] || break
		path=${path%/*}
	done
	for directory in "${missing[@]}"; do
		[[ " ${dirs[*]} " == *" $directory "* ]] || dirs+=("$directory")
		if [[ $directory == "$1" ]]; then
			plan_add directory "$root/$directory" '' "$2" "$3"
		else
			plan_add directory "$root/$directory" '' 755 "$target_owner"
		fi
	done
}

# plan_record VERSION LOG DIR...: writes the record of the installation and plans to install the record before all other files. If install.sh is
# killed, the next run then finds the installed files in the record. LOG is the value of the entry `log`.
plan_record() {
	local path made=${record_bashrc:-edited}
	local -a dirs=("${@:3}")
	local -A sums=()
	[[ -n $bashrc_exists ]] || made=created
	for path in "${file_order[@]}"; do sums[$path]=${sha_of[${file_from[$path]}]-}; done
	record_write "$1" "$made" "$2" "$workdir/block" dirs sums >"$workdir/record"
	files_read "$workdir/record"
	plan_put "$record_path" "$workdir/record" 644 "$target_owner"
}

# plan_put PATH FROM MODE OWNER: plans to install FROM as PATH, unless PATH has the content of FROM and this mode and owner. If the user edited PATH,
# also plans to save a copy of the edited file.
plan_put() {
	local path=$root/$1
	if [[ -e $path && ! -L $path ]]; then
		if [[ -n ${sha_of[$path]-} && ${sha_of[$path]} == "${sha_of[$2]-}" ]]; then
			[[ ${state_of[$path]} != "$3 ${4:-${state_of[$path]#* }}" ]] || return 0
		else
			plan_keep "$1"
		fi
	fi
	plan_add put "$path" "$2" "$3" "$4"
}

# plan_keep PATH: plans to copy the installed file PATH to PATH.edited if a user edited PATH, that is, if its checksum is not the recorded
# one. Never overwrites an older copy.
plan_keep() {
	local aside path=$root/$1 i=0
	[[ $1 != "$record_path" && -n ${sha_of[$path]-} ]] || return 0
	[[ ${sha_of[$path]} != "${record_sha[$1]-}" ]] || return 0
	aside=$path.edited
	while [[ -e $aside ]]; do
		cmp -s -- "$path" "$aside" && return 0
		aside=$path.edited.$((++i))
	done
	plan_notes+=("$path was edited by hand: the edited version is saved as $aside")
	plan_add put "$aside" "$path" 644 ''
}

plan_remove() {
	local path=$root/$1
	[[ -e $path || -L $path ]] || return 0
	plan_keep "$1"
	plan_add remove "$path"
}

# plan_bashrc BLOCK: plans the new bashrc with the content of the file BLOCK as managed block, or without a block if BLOCK is empty. Also plans a copy of an edited block.
plan_bashrc() {
	if [[ -n $bashrc_edited ]]; then
		local aside=$bashrc_path.portcullis-edited i=0
		while [[ -e $aside ]]; do aside=$bashrc_path.portcullis-edited.$((++i)); done
		plan_notes+=("the edited block of $bashrc_path is saved as $aside")
		plan_add put "$aside" "$workdir/block.found" 600 "$( ((EUID)) || stat -c %u:%g -- "$bashrc_file")"
	fi
	bashrc_compose "$1" "$workdir/bashrc"
	if [[ -n $bashrc_exists ]] && cmp -s -- "$workdir/bashrc" "$bashrc_file"; then
		((block_start == 0)) ||
			note "the managed block ('$bashrc_begin' to '$bashrc_end') is not at the top of $bashrc_path: move the block there, because a confined phase runs the lines above it twice"
	elif [[ -n $opt_uninstall && $record_bashrc == created && ! -s $workdir/bashrc ]]; then
		plan_add remove "$bashrc_file"
	else
		plan_add bashrc "$bashrc_file" "$workdir/bashrc"
	fi
}

plan_uninstall() {
	local path files=("${file_order[@]/#/$root/}")
	: >"$workdir/nothing"
	plan_read
	bashrc_check_block "$record_block"
	[[ -n $record_found ]] || note "the record $root/$record_path is missing, so install.sh removes only the managed block in bashrc. To remove the other files of Portcullis, run: rm -f -- ${files[*]@Q}"
	if [[ $bashrc_block != none || ($record_bashrc == created && -n $bashrc_exists && ! -s $bashrc_file) ]]; then
		plan_bashrc "$workdir/nothing"
	fi
	for path in "${!record_sha[@]}"; do
		plan_remove "$path"
	done
	plan_remove "$record_path"
	check_plan
	plan_announce
}

# Fails if a planned path is not writable or lies outside --destdir.
check_plan() {
	local path
	for path in "${plan_path[@]}"; do
		check_writable "$path"
		[[ $path == "$bashrc_file" ]] || check_inside "$path"
	done
}

# After a removal, deletes the empty directories in record_dirs, which an installation created. Reports those named portcullis that are not empty, except log_path (plan_report_kept reports it).
plan_prune() {
	local path
	while read -r path; do
		[[ -d $root/$path ]] || continue
		if rmdir -- "$root/$path" 2>/dev/null; then
			report "removed $root/$path"
		elif [[ ${path##*/} == portcullis && $path != "$log_path" ]]; then
			report "kept $root/$path: it is not empty"
		fi
	done < <(printf '%s\n' "${record_dirs[@]}" | sort -r)
}

# Prints the paths with records of builds and with settings, which a removal keeps.
plan_report_kept() {
	local path word=kept
	[[ -z $opt_dry_run ]] || word='would keep'
	[[ ! -e $root/$log_path ]] || report "$word $root/$log_path: it contains the records of builds"
	while IFS= read -r path; do
		report "$word $path: it contains settings for Portcullis"
	done < <(grep -rlE 'PORTCULLIS_|no-network-sandbox\.conf' -- "$root/etc/portage"/{make.conf,package.env,env} 2>/dev/null | sort)
}

# Sets plan_words, the verbs of the final report. Must run before the changes: afterwards, a new file looks like a replaced one. In a dry run, prints the plan.
plan_announce() {
	local i
	plan_words=()
	for i in "${!plan_verb[@]}"; do
		plan_describe "$i"
		plan_words+=("${plan_past[$REPLY]}")
		[[ -z $opt_dry_run ]] || report "would ${REPLY/attributes/set the mode of} ${plan_path[i]}"
	done
	[[ -z $opt_dry_run ]] || plan_print_notes
	if [[ -n $opt_dry_run && ${#plan_verb[@]} == 0 ]]; then report "would change nothing in ${root:-/}"; fi
}

plan_print_notes() {
	local text
	for text in "${plan_notes[@]}"; do note "$text"; done
}

# Prints the changes that install.sh has made, and plan_notes.
plan_report() {
	local i
	for i in "${!plan_verb[@]}"; do
		[[ ${plan_verb[i]} == directory ]] || report "${plan_words[i]} ${plan_path[i]}"
	done
	plan_print_notes
}

# Creates the planned directories. One mkdir creates all consecutive directories with the same mode and owner.
plan_apply_directories() {
	local i next
	local -a same=()
	for i in "${!plan_verb[@]}"; do
		[[ ${plan_verb[i]} == directory ]] || continue
		next="${plan_mode[i]} ${plan_owner[i]}"
		if ((${#same[@]} > 2)) && [[ $next != "${same[*]:0:2}" ]]; then
			transaction_mkdir "${same[@]}"
			same=()
		fi
		((${#same[@]})) || same=("${plan_mode[i]}" "${plan_owner[i]}")
		same+=("${plan_path[i]}")
	done
	((${#same[@]} == 0)) || transaction_mkdir "${same[@]}"
}

# Creates the directories, stages all new files and syncs them, then makes the other changes in the order of the plan. An installation changes bashrc last, a removal changes it first.
plan_apply() {
	local i
	local -A new=()
	plan_apply_directories
	for i in "${!plan_verb[@]}"; do
		case ${plan_verb[i]} in
		put | bashrc)
			transaction_stage "${plan_path[i]}"
			new[$i]=$REPLY
			if [[ ${plan_verb[i]} == put ]]; then
				transaction_write "${plan_from[i]}" "${new[$i]}" "${plan_mode[i]}" "${plan_owner[i]}"
			else
				bashrc_stage "${plan_from[i]}" "${new[$i]}"
			fi
			;;
		esac
	done
	((${#new[@]} == 0)) || attempt 'write to disk' sync -- "${new[@]}"
	for i in "${!plan_verb[@]}"; do
		case ${plan_verb[i]} in
		put | bashrc) transaction_put "${new[$i]}" "${plan_path[i]}" ;;
		remove) transaction_remove "${plan_path[i]}" ;;
		attributes) transaction_attributes "${plan_path[i]}" "${plan_mode[i]}" "${plan_owner[i]}" ;;
		esac
	done
}
