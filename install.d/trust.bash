# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# Who can change the target while root works in it. A path is safe for root if every directory and symbolic link on the
# way belongs to root and nobody else can write there: then nobody else can replace what a later step finds.

# trust_walk PATH...: resolves each PATH as the kernel does. Sets trust_seen to the directories and links on the way that
# exist, trust_last to the last directory, and trust_ends to the last directory of each PATH.
trust_walk() {
	local path rest at name link target links
	declare -gA trust_seen=(['/']=1) trust_ends=()
	for path; do
		rest=${path#/} at='' links=0 trust_last=/
		while [[ -n $rest ]]; do
			name=${rest%%/*}
			if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=''; fi
			case $name in
			'' | .) continue ;;
			..)
				at=${at%/*} trust_last=${at:-/}
				continue
				;;
			esac
			link=$at/$name
			if [[ -L $link ]]; then
				trust_seen[$link]=1
				# The kernel gives up here too.
				((++links <= 40)) || break
				target=$(readlink -n -- "$link" && echo /)
				[[ $target != /* ]] || at=''
				rest=$target$rest
			elif [[ -d $link ]]; then
				at=$link
				trust_seen[$at]=1 trust_last=$at
			else
				break
			fi
		done
		trust_ends[$trust_last]=1
	done
}

# trust_problem UID: sets reason to what is wrong with trust_seen if root, or root and UID, shall be the only ones who can
# change it; status 1 if nothing is. A sticky directory protects the entries of root, and so it must not be in trust_ends.
trust_problem() {
	local uid gid type path
	reason=''
	while read -r -d '' uid gid type path; do
		type=$((16#$type))
		if ((uid != 0 && uid != $1)); then
			reason="$path belongs to $(trust_name passwd "$uid")"
		elif ((uid == 0 && (type & 0170000) == 0040000 && ((type & 01000) == 0 || ${trust_ends[$path]-0}))); then
			trust_written_by "$path" "$type" "$gid" || continue
		else
			continue
		fi
		return 0
	done < <(stat --printf '%u %g %f %n\0' -- "${!trust_seen[@]}" | sort -z -k 4)
	return 1
}

# trust_written_by PATH MODE GID: sets reason if others than the owner can write; status 1 if none can.
trust_written_by() {
	if (($2 & 0002)); then
		reason="$1 can be written by everybody"
	elif ! (($2 & 0020)); then
		return 1
	elif (($3 != 0)); then
		reason="$1 can be written by group $(trust_name group "$3")"
	elif [[ $(ls -ld -- "$1") == ??????????+* ]]; then
		# Where there is an ACL the bits of the group are its mask.
		reason="$1 can be written by others (see getfacl)"
	else
		return 1
	fi
}

# trust_name passwd|group ID: prints the name, or the number where there is none.
trust_name() {
	local name
	name=$(getent "$1" "$2") && name=${name%%:*}
	printf '%s' "${name:-$2}"
}

# As root: refuses a target that others can change, or does all the work as the owner of the Prefix and exits.
trust_target() {
	local reason owner
	((EUID == 0)) || return 0
	trust_walk "$root/"
	trust_ends=()
	owner=$(stat -c %u -- "$trust_last") || fail failed "cannot read $trust_last; nothing was changed"
	if ((owner != 0)) && [[ -z $destdir ]]; then
		! trust_problem "$owner" || trust_refuse "run install.sh as $(trust_name passwd "$owner")"
		owner_run "$owner" "$trust_last"
	fi
	! trust_problem 0 || trust_refuse 'change its owner or its mode'
}

# As root, once the target is there: refuses places in it that others can change. The log directory may be in such a place.
trust_places() {
	local reason
	((EUID == 0)) && [[ -d $root/ ]] || return 0
	trust_walk "${file_order[@]/#/$root/}" "$root/$record_path"
	! trust_problem 0 || trust_refuse 'change its owner or its mode'
	trust_walk "$bashrc_path"
	! trust_problem 0 || trust_refuse "replace the symbolic link $bashrc_path by a file"
}

# trust_refuse FIX
trust_refuse() {
	fail untrusted "$reason, and root installs only where nobody else can change the target: $1; nothing was changed"
}

# trust_file FILE: refuses a file that others can write.
trust_file() {
	local uid gid mode reason
	read -r uid gid mode < <(stat -L -c '%u %g %f' -- "$1")
	if ((uid != 0 && uid != EUID)); then
		reason="$1 belongs to $(trust_name passwd "$uid")"
	else
		trust_written_by "$1" "$((16#$mode))" "$gid" || return 0
	fi
	fail untrusted "$reason, and install.sh believes no record that others can write: remove it and install again; nothing was changed"
}
