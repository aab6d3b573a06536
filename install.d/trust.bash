# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Checks that no other user can change the target while root works in it. A path is safe for root if every directory and symbolic
# link in it belongs to root and only root can write there. Then no other user can replace a file between two steps.

# trust_walk PATH...: resolves each PATH as the kernel does. The keys of trust_seen become the existing directories and symbolic links in all
# paths, and the keys of trust_ends the last directory of each path. Sets REPLY to the last directory of the last path.
trust_walk() {
	local path rest at name link target links
	declare -gA trust_seen=(['/']=1) trust_ends=()
	for path; do
		rest=${path#/} at='' links=0 REPLY=/
		while [[ -n $rest ]]; do
			name=${rest%%/*}
			if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=''; fi
			case $name in
			'' | .) continue ;;
			..)
				at=${at%/*} REPLY=${at:-/}
				continue
				;;
			esac
			link=$at/$name
			if [[ -L $link ]]; then
				trust_seen[$link]=1
				# Follow at most 40 symbolic links, like the kernel, which fails with ELOOP at the next one.
				((++links <= 40)) || break
				target=$(readlink -n -- "$link" && echo /)
				[[ $target != /* ]] || at=''
				rest=$target$rest
			elif [[ -d $link ]]; then
				at=$link
				trust_seen[$at]=1 REPLY=$at
			else
				break
			fi
		done
		trust_ends[$REPLY]=1
	done
}

# trust_problem UID: status 0, with a message in REPLY, if a user other than root and UID can change a path in trust_seen; otherwise status 1.
# A sticky directory of root is no problem, because other users cannot replace entries of root there. But a directory in trust_ends is a problem even if it
# is sticky, because other users can create files in it.
trust_problem() {
	local uid gid type path
	while read -r -d '' uid gid type path; do
		type=$((16#$type))
		if ((uid != 0 && uid != $1)); then
			REPLY="$path belongs to $(trust_name passwd "$uid")"
		elif ((uid == 0 && (type & 0170000) == 0040000 && ((type & 01000) == 0 || ${trust_ends[$path]-0}))); then
			trust_written_by "$path" "$type" "$gid" || continue
		else
			continue
		fi
		return 0
	done < <(stat --printf '%u %g %f %n\0' -- "${!trust_seen[@]}" | sort -z -k 4)
	return 1
}

# trust_written_by PATH MODE GID: status 0, with a message in REPLY, if a user other than the owner can write PATH, which has MODE and group GID; otherwise status 1.
trust_written_by() {
	if (($2 & 0002)); then
		REPLY="$1 can be written by every user"
	elif ! (($2 & 0020)); then
		return 1
	elif (($3 != 0)); then
		REPLY="$1 can be written by group $(trust_name group "$3")"
	elif [[ $(ls -ld -- "$1") == ??????????+* ]]; then
		# With an ACL, the group bits of the mode are the ACL's mask, which permits other users or groups to write (acl(5)).
		REPLY="$1 can be written by other users (run getfacl to list them)"
	else
		return 1
	fi
}

# trust_name passwd|group ID: prints the name, or the number if there is no name.
trust_name() {
	local name
	name=$(getent "$1" "$2") && name=${name%%:*}
	printf '%s' "${name:-$2}"
}

# As root: fails if other users can write in the directory to install into. In another user's Prefix, runs install.sh again as the owner
# of the Prefix, and exits.
trust_target() {
	local directory owner
	((EUID == 0)) || return 0
	trust_walk "$root/"
	directory=$REPLY
	trust_ends=()
	owner=$(stat -c %u -- "$directory") || fail failed "cannot read $directory; nothing was changed"
	if ((owner != 0)) && [[ -z $destdir ]]; then
		! trust_problem "$owner" || trust_refuse "$REPLY" "run install.sh as $(trust_name passwd "$owner")"
		owner_run "$owner" "$directory"
	fi
	! trust_problem 0 || trust_refuse "$REPLY" 'change the owner or the mode of this path'
}

# As root, after install.sh has created the target: fails if other users can change a destination, except /var/log/portcullis, which log_plan checks.
trust_destinations() {
	((EUID == 0)) && [[ -d $root/ ]] || return 0
	trust_walk "${file_order[@]/#/$root/}" "$root/$record_path"
	! trust_problem 0 || trust_refuse "$REPLY" 'change the owner or the mode of this path'
	trust_walk "$bashrc_path"
	! trust_problem 0 || trust_refuse "$REPLY" "replace the symbolic link $bashrc_path by a file"
}

# trust_refuse PROBLEM FIX: ends install.sh with a message.
trust_refuse() {
	fail untrusted "$1, and root installs only where no other user can change the target: $2; nothing was changed"
}

# trust_file FILE: fails if a user other than root and the user who runs install.sh can write FILE.
trust_file() {
	local uid gid mode
	read -r uid gid mode < <(stat -L -c '%u %g %f' -- "$1")
	if ((uid != 0 && uid != EUID)); then
		REPLY="$1 belongs to $(trust_name passwd "$uid")"
	else
		trust_written_by "$1" "$((16#$mode))" "$gid" || return 0
	fi
	fail untrusted "$REPLY, but install.sh trusts no list of installed files that other users can write: remove $1 and install again; nothing was changed"
}
