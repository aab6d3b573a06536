# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# What an installation leaves about itself in usr/lib/portcullis/installed, for the upgrade and the removal: which files
# are ours and what they held, which directories were made, the managed block. One thing a line, paths below the root:
#   portcullis-record 1
#   version VERSION
#   setuid yes|no
#   log MODE UID:GID          what /var/log/portcullis was given (the owner empty where it was left)
#   bashrc created|edited
#   block BASE64              the managed block, as it was written
#   dir PATH                  made by an installation, removed with it if empty
#   file SHA256 PATH

readonly record_path=usr/lib/portcullis/installed

record_read() {
	local word rest file=$root/$record_path
	record_found='' record_setuid=no record_log='' record_bashrc='' record_block=$workdir/block.recorded
	declare -gA record_sha=()
	declare -ga record_dirs=()
	: >"$record_block"
	[[ -e $file ]] || return 0
	[[ -f $file && -r $file ]] || fail permission "cannot read $file"
	[[ $(head -n 1 -- "$file") == 'portcullis-record 1' ]] ||
		fail foreign "$file is not a record this install.sh can read: use the install.sh of the version that is installed"
	record_found=yes
	while read -r word rest; do
		# A record is as trustworthy as what it lies beside, but it shall not lead out of the root.
		case $word in dir | file) record_check_path "${rest##* }" ;; esac
		case $word in
		setuid) record_setuid=$rest ;;
		log) record_log=$rest ;;
		bashrc) record_bashrc=$rest ;;
		block) base64 -d <<<"$rest" >"$record_block" 2>/dev/null || : >"$record_block" ;;
		dir) record_dirs+=("$rest") ;;
		file) record_sha[${rest#* }]=${rest%% *} ;;
		esac
	done <"$file"
}

record_check_path() {
	[[ /$1/ != */../* && $1 != /* && -n $1 ]] || fail foreign "$root/$record_path names a path out of its place: $1"
}

# record_write VERSION BASHRC LOG BLOCK DIRS FILES: prints the record. BASHRC and LOG are words as above, BLOCK is a file;
# DIRS and FILES are the names of an array of paths and of a table from path to SHA-256.
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

# sha256 FILE: sets sha.
sha256() {
	sha=$(sha256sum <"$1") && sha=${sha%% *}
}
