# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# The record of an installation, usr/share/portcullis/installed, for upgrade and removal. It lists files with checksums, created
# directories and the managed block of bashrc. One entry per line; paths are relative to the directory to install into:
#   portcullis-record 1
#   version VERSION
#   setuid yes|no
#   log MODE UID:GID          mode and owner that install.sh set for /var/log/portcullis. `log MODE`: only the mode was set. `log -`: neither was set
#   bashrc created|edited
#   block BASE64              the managed block
#   dir PATH                  created by an installation; the removal deletes it if empty
#   file SHA256 PATH

readonly record_path=usr/share/portcullis/installed

# Reads the record, if there is one. Sets record_found, record_setuid, record_log, record_bashrc, record_dirs and record_sha[PATH] to its
# entries, and record_block to the path of a file with the managed block.
record_read() {
	local word rest path file=$root/$record_path
	record_found='' record_setuid=no record_log='' record_bashrc='' record_block=$workdir/block.recorded
	declare -gA record_sha=()
	declare -ga record_dirs=()
	: >"$record_block"
	[[ -e $file ]] || return 0
	[[ -f $file && -r $file ]] || fail permission "cannot read $file; nothing was changed"
	trust_file "$file"
	[[ $(head -n 1 -- "$file") == 'portcullis-record 1' ]] || record_refuse
	record_found=yes
	record_directories
	while read -r word rest; do
		case $word in
		version) ;;
		setuid)
			[[ $rest =~ ^(yes|no)$ ]] || record_refuse
			record_setuid=$rest
			;;
		log)
			[[ $rest =~ ^([0-7]{3,4}( [0-9]+:[0-9]+)?|-)$ ]] || record_refuse
			record_log=$rest
			;;
		bashrc)
			[[ $rest =~ ^(created|edited)$ ]] || record_refuse
			record_bashrc=$rest
			;;
		block) base64 -d <<<"$rest" >"$record_block" 2>/dev/null || : >"$record_block" ;;
		dir)
			[[ -n ${record_known[$rest]-} ]] || record_refuse_path "$rest"
			record_dirs+=("$rest")
			;;
		file)
			[[ $rest =~ ^[0-9a-f]{64}\ . ]] || record_refuse
			path=${rest#* }
			record_check_file "$path"
			record_sha[$path]=${rest%% *}
			;;
		*) record_refuse ;;
		esac
	done < <(tail -n +2 -- "$file")
}

record_refuse() {
	fail foreign "this install.sh cannot read the record $root/$record_path, the list of installed files, because its format is unknown: use the install.sh of the installed version; nothing was changed"
}

record_refuse_path() {
	fail foreign "$root/$record_path lists a path that install.sh does not install: $1. Remove that line; nothing was changed"
}

# Sets the associative array record_known, whose keys are the directories that an installation can create.
record_directories() {
	local path
	declare -gA record_known=()
	for path in etc/portage/bashrc "$record_path" "$log_path/" "${file_order[@]}"; do
		while [[ $path == */* ]]; do
			path=${path%/*}
			record_known[$path]=1
		done
	done
}

# record_check_file PATH: fails unless install.sh installs PATH, or PATH lies in a directory of Portcullis, where older versions may
# have installed it.
record_check_file() {
	[[ -z ${file_from[$1]-} ]] || return 0
	case ${1%/*} in
	usr/share/portcullis | usr/libexec/portcullis)
		[[ ! ${1##*/} =~ ^(|\.|\.\.)$ && $1 != "$record_path" ]] || record_refuse_path "$1"
		;;
	*) record_refuse_path "$1" ;;
	esac
}

# record_write VERSION BASHRC LOG BLOCK DIRS FILES: prints the record (format: top of this file). BLOCK is a file with the managed block of
# bashrc. DIRS names an array of paths, FILES an associative array from path to SHA-256.
record_write() {
	local path
	local -n record_write_dirs=$5 record_write_files=$6
	printf 'portcullis-record 1\nversion %s\nsetuid %s\nlog %s\nbashrc %s\n' "$1" "$want_setuid" "$3" "$2"
	printf 'block %s\n' "$(base64 -w 0 <"$4")"
	((${#record_write_dirs[@]} == 0)) || printf 'dir %s\n' "${record_write_dirs[@]}"
	for path in "${!record_write_files[@]}"; do
		printf 'file %s %s\n' "${record_write_files[$path]}" "$path"
	done | sort -k 3
}

declare -A sha_of=() state_of=()

# files_read PATH...: sets sha_of[PATH] to the SHA-256 in hexadecimal, and state_of[PATH] to "MODE UID:GID", for each PATH that is a
# readable file. Reads all files with two programs, because a program for each file would take most of the time of an upgrade.
files_read() {
	local path sum mode owner
	local -a readable=()
	for path; do
		[[ ! -f $path || ! -r $path ]] || readable+=("$path")
	done
	((${#readable[@]})) || return 0
	while read -r -d '' sum path; do sha_of[$path]=$sum; done < <(sha256sum --zero -- "${readable[@]}")
	while read -r -d '' mode owner path; do state_of[$path]="$mode $owner"; done < <(stat --printf '%a %u:%g %n\0' -- "${readable[@]}")
}
