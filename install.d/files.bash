# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# Which files go where, who owns them, and whether the places are free and ours to write in.

# Sets the tables of files by destination below the root: where each comes from, its mode, its owner (uid:gid, or empty
# for whoever runs this). phase.bash is made by the program for the prefix it goes to.
files_table() {
	local path mode from owner
	declare -ga file_order=()
	declare -gA file_from=() file_mode=() file_owner=()
	files_owner
	while read -r mode path from; do
		file_order+=("$path")
		file_from[$path]=$from file_mode[$path]=$mode file_owner[$path]=$owner
	done <<END
755 usr/libexec/portcullis/confine $source_dir/native/build/confine
644 usr/lib/portcullis/portcullis.js $source_dir/dist/portcullis.js
755 usr/bin/portcullis $source_dir/bin/portcullis
644 etc/portage/portcullis/phase.bash $workdir/phase.bash
644 usr/share/man/man1/portcullis.1 $source_dir/docs/man/portcullis.1
644 usr/share/man/man5/portcullis.5 $source_dir/docs/man/portcullis.5
644 usr/share/man/man8/confine.8 $source_dir/docs/man/confine.8
644 usr/share/bash-completion/completions/portcullis $workdir/completion.bash
644 usr/share/zsh/site-functions/_portcullis $workdir/completion.zsh
644 usr/share/fish/vendor_completions.d/portcullis.fish $workdir/completion.fish
END
}

# Sets owner: root's on a host; in a Prefix, the Prefix's own even where root installs.
files_owner() {
	owner=''
	((EUID == 0)) || return 0
	owner=0:0
	[[ -z $eprefix || ! -d $root/ ]] || owner=$(stat -L -c %u:%g -- "$root/")
}

# Before anything is built: may everything be written that will be, and is nothing of somebody else's in the way?
check_places() {
	local path
	for path in "${file_order[@]}" var/log/portcullis/records.jsonl; do
		check_writable "$root/$path"
		check_inside "$root/$path"
	done
	for path in "${file_order[@]}"; do
		[[ ! -d $root/$path ]] || fail foreign "$root/$path is a directory: move it away"
	done
	[[ -z $bashrc_file ]] || check_writable "$bashrc_file"
}

# check_writable PATH: the directory of PATH, or the nearest above it that is there, can be written in.
check_writable() {
	local directory=${1%/*}
	while [[ -n $directory && ! -d $directory ]]; do
		[[ ! -e $directory && ! -L $directory ]] || fail foreign "$directory is in the way: it is not a directory"
		directory=${directory%/*}
	done
	directory=${directory:-/}
	[[ -w $directory && -x $directory ]] && return 0
	if [[ -n $eprefix$destdir ]]; then
		fail permission "$directory is not writable for $(id -un 2>/dev/null || id -u); nothing was changed"
	fi
	fail permission "$directory is not writable: run as root, or with --eprefix DIR for a Gentoo Prefix; nothing was changed"
}

# check_inside PATH: no symbolic link on the way leads out of --destdir.
check_inside() {
	local real base
	[[ -n $destdir ]] || return 0
	base=$(realpath -m -- "$destdir")
	real=$(realpath -m -- "$1")
	[[ $real == "$base"/* ]] || fail foreign "$1 leads out of $destdir, to $real"
}

# check_foreign PATH FROM: what stands where our file goes must be ours, by the record or by its content.
# phase.bash lies in a directory of our own and is kept aside instead (plan_keep).
check_foreign() {
	local path=$1
	[[ -e $root/$path || -L $root/$path ]] || return 0
	[[ -z ${record_sha[$path]-} && $path != etc/portage/portcullis/phase.bash ]] || return 0
	cmp -s -- "$root/$path" "$2" ||
		fail foreign "$root/$path is there and was not put there by install.sh: move it away; nothing was changed"
}
