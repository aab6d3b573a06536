# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# The managed block: the lines in /etc/portage/bashrc, between two markers, that source the hook. install.sh copies everything around the block
# unchanged. install.sh never discards a user's edit of the block.

readonly bashrc_begin='# >>> portcullis >>>' bashrc_end='# <<< portcullis <<<'

# Fails if bashrc cannot be edited. Sets bashrc_exists, the variables of bashrc_find_block, and bashrc_file, the path of the file to
# edit. If bashrc is a symbolic link, install.sh keeps the link and edits the file to which the link points.
bashrc_examine() {
	local base
	bashrc_file=$bashrc_path bashrc_exists='' bashrc_block=none
	if [[ -L $bashrc_path ]]; then
		bashrc_file=$(readlink -f -- "$bashrc_path")
		[[ -n $bashrc_file ]] ||
			fail bashrc "$bashrc_path is a broken symbolic link: repair or remove the link; nothing was changed"
	fi
	if [[ -n $destdir && -L $bashrc_path ]]; then
		base=$(realpath -m -- "$destdir")
		[[ $bashrc_file == "$base"/* ]] || fail bashrc "$bashrc_path is a symbolic link to $bashrc_file, which is outside $destdir: remove the link; nothing was changed"
	fi
	if [[ -d $bashrc_file ]]; then
		fail bashrc "$bashrc_path is a directory, which Portage ignores: move it away; nothing was changed"
	elif [[ -e $bashrc_file && ! -f $bashrc_file ]]; then
		fail bashrc "$bashrc_path is not a regular file: move it away; nothing was changed"
	elif [[ -e $bashrc_file ]]; then
		[[ -r $bashrc_file ]] || fail permission "$bashrc_file is not readable: run install.sh as a user who can read it; nothing was changed"
		bashrc_exists=yes
		bashrc_find_block
	fi
}

# Sets bashrc_block to none, whole (both markers once and in order) or broken. If it is whole, sets block_start and block_stop to
# the byte offsets of the block. Markers may have leading blanks, because bash executes an indented block too.
bashrc_find_block() {
	local -a begins ends
	mapfile -t begins < <(grep -abE "^[[:blank:]]*$bashrc_begin" -- "$bashrc_file")
	mapfile -t ends < <(grep -abE "^[[:blank:]]*$bashrc_end" -- "$bashrc_file")
	bashrc_block=broken block_start=0 block_stop=0
	case ${#begins[@]}${#ends[@]} in
	00) bashrc_block=none ;;
	11)
		((${begins[0]%%:*} < ${ends[0]%%:*})) || return 0
		bashrc_block=whole block_start=${begins[0]%%:*}
		local line=${ends[0]#*:}
		block_stop=$((${ends[0]%%:*} + ${#line} + 1))
		;;
	esac
}

# bashrc_bytes FROM TO: prints the bytes of bashrc in [FROM, TO). An empty TO means the end.
bashrc_bytes() {
	if [[ -z ${2-} ]]; then
		tail -c "+$(($1 + 1))" -- "$bashrc_file"
	else
		head -c "$2" -- "$bashrc_file" | tail -c "+$(($1 + 1))"
	fi
}

# bashrc_check_block KNOWN...: sets bashrc_edited to yes if the block equals none of the files KNOWN, that is, if the user edited it.
# In this case, fails unless --save-edits is given. Also fails if the markers of the block are not one pair.
bashrc_check_block() {
	local known
	bashrc_edited=''
	[[ $bashrc_block != none ]] || return 0
	[[ $bashrc_block == whole ]] ||
		fail edited "$bashrc_path: the lines '$bashrc_begin' and '$bashrc_end' of the managed block are not a pair: correct them, or remove the whole block by hand; nothing was changed"
	bashrc_bytes "$block_start" "$block_stop" >"$workdir/block.found"
	for known; do
		[[ -s $known ]] && cmp -s -- "$known" "$workdir/block.found" && return 0
	done
	bashrc_edited=yes
	[[ -z $opt_save_edits ]] || return 0
	[[ -n $record_found || -z $opt_uninstall ]] ||
		fail edited "$root/$record_path is missing, so install.sh cannot check whether the managed block in $bashrc_path was edited: remove the block by hand, or run the same command again with --save-edits, which saves a copy of the block and removes it; nothing was changed"
	fail edited "$bashrc_path: the managed block was edited: run install.sh again with --save-edits, which saves a copy of the edited block and replaces it; nothing was changed"
}

# bashrc_compose BLOCK OUT: writes to the file OUT the new content of bashrc, with the file BLOCK as managed block. An empty file
# BLOCK removes the block. This function replaces an existing block in its position, because the user may have moved it. Sets bashrc_seen to the
# fingerprint of bashrc, for bashrc_stage.
bashrc_compose() {
	{
		if [[ -z $bashrc_exists ]]; then
			cat -- "$1"
		elif [[ $bashrc_block == none ]]; then
			cat -- "$1" "$bashrc_file"
		else
			bashrc_bytes 0 "$block_start" && cat -- "$1" && bashrc_bytes "$block_stop"
		fi
	} >"$2" || fail failed "cannot read $bashrc_file or write in $workdir; nothing was changed"
	bashrc_seen=$(bashrc_fingerprint)
}

# Prints device, inode, size and modification time of bashrc. install.sh fails if they have changed when it stages the new bashrc,
# because another process has then written to the file.
bashrc_fingerprint() {
	[[ -z $bashrc_exists ]] || stat -c '%d:%i:%s:%y' -- "$bashrc_file"
}

# bashrc_stage CONTENT STAGED: copies the file CONTENT to STAGED, which will replace bashrc, with the mode, owner, ACLs and extended
# attributes of bashrc. The modification time is new.
bashrc_stage() {
	local before after
	if [[ -n $bashrc_exists ]]; then
		transaction_write "$1" "$2" 600 ''
		attempt "copy the attributes of $bashrc_file" cp --attributes-only --preserve=all -- "$bashrc_file" "$2"
		attempt "write in ${bashrc_file%/*}" touch -- "$2"
		{ read -r before && read -r after; } < <(stat -c %a:%u:%g -- "$bashrc_file" "$2")
		[[ $before == "$after" ]] ||
			fail permission "cannot keep the owner and mode of $bashrc_file: run install.sh as its owner; nothing was changed"
	else
		transaction_write "$1" "$2" 644 "$target_owner"
	fi
	[[ $(bashrc_fingerprint) == "$bashrc_seen" ]] ||
		fail failed "$bashrc_file was changed by another process: run install.sh again; nothing was changed"
}
