# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Changes that can be undone until transaction_finish. The arrays undo_* list each change before it is made, so that an interrupted
# change is undone as well. New files are staged in their destination directory, because rename is atomic only within a file system. Until transaction_finish, each
# replaced or removed file keeps a second name in the same directory (STAGED.old), so that an undo restores the file with its inode.

declare -a undo_verb=() undo_path=() undo_argument=()
declare -a transaction_leftovers=()

undo_push() {
	undo_verb+=("$1") undo_path+=("$2") undo_argument+=("${3-}")
}

# transaction_mkdir MODE OWNER DIR...: creates each DIR. OWNER is uid:gid, or empty for the user who runs install.sh.
transaction_mkdir() {
	local mode=$1 owner=$2 directory
	shift 2
	for directory; do undo_push rmdir "$directory"; done
	attempt "create the directory $1" mkdir -m "$mode" -- "$@"
	[[ -z $owner ]] || attempt "change the owner of $1 to $owner" chown -h -- "$owner" "$@"
}

# transaction_stage PATH: sets REPLY to a path beside PATH, for the new content; an undo deletes the file at this path. No other run uses this path, because it ends with the
# six random characters that mktemp chose for the name of $workdir.
transaction_stage() {
	REPLY=${1%/*}/.${1##*/}.portcullis.${workdir##*.}
	undo_push unstage "$REPLY"
}

# transaction_write FROM STAGED MODE OWNER: copies FROM to the new file STAGED. OWNER is uid:gid, or empty for the user who runs
# install.sh.
transaction_write() {
	attempt "write in ${2%/*}" install -m "$3" ${4:+-o "${4%:*}" -g "${4#*:}"} -T -- "$1" "$2"
}

# transaction_put STAGED PATH: renames STAGED to PATH. Until transaction_finish, an old file PATH keeps the second name STAGED.old.
transaction_put() {
	local staged=$1 path=$2
	if [[ -e $path || -L $path ]]; then
		transaction_disarm "$path"
		undo_push restore "$path" "$staged.old"
		# If ln fails, for example on a file system without hard links, make a copy, which keeps everything but the inode. The owner of a Prefix can
		# neither link nor read a setuid file of root, so transaction_copy renames that file.
		ln -- "$path" "$staged.old" 2>/dev/null || transaction_copy "$path" "$staged.old"
		transaction_leftovers+=("$staged.old")
	else
		undo_push unstage "$path"
	fi
	attempt "write $path" mv -fT -- "$staged" "$path"
}

# transaction_copy PATH ASIDE: copies PATH with its attributes to ASIDE, or renames it to ASIDE if this user cannot read it.
transaction_copy() {
	if [[ -L $1 || -r $1 ]]; then
		attempt "copy $1" cp -a -- "$1" "$2"
	else
		attempt "move $1 aside" mv -fT -- "$1" "$2"
	fi
}

# transaction_disarm PATH: clears the mode of a setuid file before its removal or replacement, because a user may have kept a hard link to a
# vulnerable version.
transaction_disarm() {
	[[ -u $1 && -f $1 && ! -L $1 && -O $1 ]] || return 0
	undo_push attributes "$1" "$(stat -c '%a %u:%g' -- "$1")"
	attempt "clear the mode of $1" chmod 0 -- "$1"
}

# transaction_remove PATH: renames PATH to a hidden name in the same directory. transaction_finish deletes the file.
transaction_remove() {
	local aside
	transaction_disarm "$1"
	transaction_stage "$1"
	aside=$REPLY.old
	undo_push restore "$1" "$aside"
	attempt "remove $1" mv -fT -- "$1" "$aside"
	transaction_leftovers+=("$aside")
}

# transaction_attributes PATH MODE OWNER: sets the mode of PATH, and its owner unless OWNER is empty.
transaction_attributes() {
	local before
	before=$(stat -c '%a %u:%g' -- "$1")
	undo_push attributes "$1" "$before"
	[[ -z $3 ]] || attempt "change the owner of $1 to $3" chown -h -- "$3" "$1"
	attempt "set the mode of $1" chmod -- "$2" "$1"
}

# undo_restore PATH SECOND: renames SECOND, the second name of the old file, to PATH. If PATH and SECOND are the same file, only removes SECOND.
undo_restore() {
	if [[ $1 -ef $2 ]]; then
		rm -f -- "$2"
	elif [[ -e $2 || -L $2 ]]; then
		mv -fT -- "$2" "$1"
	fi
}

undo_one() {
	case $1 in
	rmdir) rmdir -- "$2" ;;
	unstage) rm -f -- "$2" ;;
	restore) undo_restore "$2" "$3" ;;
	attributes) chown -h -- "${3#* }" "$2" && chmod -- "${3% *}" "$2" ;;
	esac
}

# Undoes all changes, the last one first. Prints a note for each failure.
transaction_undo() {
	local i
	trap '' HUP INT TERM
	for ((i = ${#undo_verb[@]} - 1; i >= 0; i--)); do
		undo_one "${undo_verb[i]}" "${undo_path[i]}" "${undo_argument[i]}" 2>/dev/null ||
			# If the path does not exist, print no note: the mkdir of this directory failed, so there is nothing to undo.
			[[ ! -e ${undo_path[i]} ]] ||
			note "could not restore ${undo_path[i]}: check it by hand"
	done
	undo_verb=() undo_path=() undo_argument=()
}

# Makes the changes final: deletes the second names, under which the old files still exist.
transaction_finish() {
	trap '' HUP INT TERM
	undo_verb=() undo_path=() undo_argument=()
	((${#transaction_leftovers[@]} == 0)) || rm -f -- "${transaction_leftovers[@]}"
}

# transaction_sweep PATH...: removes the staged files and second names of old files that a killed install.sh left beside each PATH. No data of
# a user is lost: of these files, only bashrc contains user data, and the file bashrc at PATH has all of it.
transaction_sweep() {
	local path
	local -a left
	for path; do
		left=("${path%/*}/.${path##*/}.portcullis."??????*)
		((${#left[@]} == 0)) || rm -f -- "${left[@]}"
	done
}

# Runs at exit: undoes unfinished changes and removes the work directory.
transaction_exit() {
	local status=$?
	transaction_undo
	lock_release
	[[ -z ${workdir-} ]] || rm -rf -- "$workdir"
	exit "$status"
}
