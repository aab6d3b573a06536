# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# The files to install, their owners, and checks that the destinations are free and writable.

# For each file to install, sets file_from[PATH], file_mode[PATH] and file_owner[PATH] to its source file, mode and owner. PATH is relative to
# the directory to install into, and file_order lists all PATHs. The owner is uid:gid, or empty for the user who runs install.sh. install.sh
# generates phase.bash in the work directory.
files_table() {
	local path mode from
	declare -ga file_order=()
	declare -gA file_from=() file_mode=() file_owner=()
	files_set_owner
	while read -r mode path from; do
		file_order+=("$path")
		file_from[$path]=$from file_mode[$path]=$mode file_owner[$path]=$target_owner
	done <<END
755 usr/libexec/portcullis/confine $source_dir/native/build/confine
644 usr/share/portcullis/portcullis.js $source_dir/dist/portcullis.js
644 usr/share/portcullis/NOTICE $source_dir/dist/NOTICE
755 usr/bin/portcullis $source_dir/bin/portcullis
644 usr/share/portcullis/phase.bash $workdir/phase.bash
644 usr/share/man/man1/portcullis.1 $source_dir/docs/man/portcullis.1
644 usr/share/man/man5/portcullis.5 $source_dir/docs/man/portcullis.5
644 usr/share/man/man8/confine.8 $source_dir/docs/man/confine.8
644 usr/share/bash-completion/completions/portcullis $source_dir/src/cli/completion/portcullis.bash
644 usr/share/zsh/site-functions/_portcullis $source_dir/src/cli/completion/portcullis.zsh
644 usr/share/fish/vendor_completions.d/portcullis.fish $source_dir/src/cli/completion/portcullis.fish
END
}

# Sets target_owner to the uid:gid of installed files. As root: 0:0 on a host, the owner of the Prefix in a Prefix. As another user: ''.
files_set_owner() {
	target_owner=''
	((EUID == 0)) || return 0
	target_owner=0:0
	[[ -z $eprefix || ! -d $root/ ]] || target_owner=$(stat -L -c %u:%g -- "$root/")
}

# Fails if the directory to install into contains neither a configuration of Portage (make.profile or make.conf) nor a record of an earlier
# installation. Skips this check with --force, with --uninstall, and with --destdir, whose directory is empty when a package is built.
check_portage() {
	local path
	[[ -z $destdir$opt_force$opt_uninstall ]] || return 0
	for path in "$record_path" etc/portage/make.profile etc/portage/make.conf etc/make.conf; do
		[[ ! -e $root/$path && ! -L $root/$path ]] || return 0
	done
	fail portage "$root/etc/portage contains no make.profile and no make.conf, so Portage does not use ${root:-/}: choose another directory, or add --force; nothing was changed"
}

# Fails if a file cannot be written to its destination, or if the destination is a directory or, by a symbolic link, outside --destdir. install.sh calls this before it builds, to fail early.
check_destinations() {
	local path
	for path in "${file_order[@]}" var/log/portcullis/records.jsonl; do
		check_writable "$root/$path"
		check_inside "$root/$path"
	done
	for path in "${file_order[@]}"; do
		[[ ! -d $root/$path ]] || fail foreign "$root/$path is a directory, but a file must be installed there: move it away; nothing was changed"
	done
	[[ -z $bashrc_file ]] || check_writable "$bashrc_file"
}

# check_writable PATH: fails unless this user can create files in the nearest existing directory above PATH.
check_writable() {
	local directory=${1%/*}
	while [[ -n $directory && ! -d $directory ]]; do
		[[ ! -e $directory && ! -L $directory ]] || fail foreign "$directory is not a directory: move it away; nothing was changed"
		directory=${directory%/*}
	done
	directory=${directory:-/}
	[[ -w $directory && -x $directory ]] && return 0
	if [[ -n $eprefix$destdir ]]; then
		fail permission "$directory is not writable for user $(id -un 2>/dev/null || id -u); nothing was changed"
	fi
	fail permission "$directory is not writable: run install.sh as root, or with --eprefix DIR for a Gentoo Prefix; nothing was changed"
}

# check_inside PATH: fails if a symbolic link in PATH leads outside --destdir.
check_inside() {
	local real base
	[[ -n $destdir ]] || return 0
	base=$(realpath -m -- "$destdir")
	real=$(realpath -m -- "$1")
	[[ $real == "$base"/* ]] || fail foreign "the path $1 contains a symbolic link and leads to $real, which is outside $destdir: remove the link; nothing was changed"
}

# check_foreign PATH FROM: fails if PATH exists, is not in the record, and differs from FROM, the file that would replace it.
check_foreign() {
	local path=$1
	[[ -e $root/$path || -L $root/$path ]] || return 0
	[[ -z ${record_sha[$path]-} ]] || return 0
	cmp -s -- "$root/$path" "$2" ||
		fail foreign "$root/$path exists and was not installed by install.sh: move it away; nothing was changed"
}
