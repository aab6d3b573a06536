#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # the parts in install.d share these variables
# Installs Portcullis into /etc/portage and /usr, or removes it. `install.sh --help` lists the options.
# install.sh first checks and plans everything, then stages files beside their destinations, then renames them into place. After
# a failure, it restores the previous state.
set -uo pipefail
shopt -s nullglob
export LC_ALL=C # makes tools handle text as bytes and print the English messages that install.sh compares
unset -v CDPATH GREP_OPTIONS BASH_ENV

source_dir=$(readlink -f -- "${BASH_SOURCE[0]}")
source_dir=${source_dir%/*}
for part in messages options lock transaction record files trust owner bashrc logdir setuid build plan; do
	# shellcheck source=/dev/null
	source "$source_dir/install.d/$part.bash" || exit 1
done
unset -v part

# Prepares an installation or removal: makes a work directory, checks the target, reads the record of the last installation.
prepare() {
	workdir=$(mktemp -d -t portcullis-install.XXXXXX 2>/dev/null) ||
		fail failed "cannot create a temporary directory in ${TMPDIR:-/tmp}; nothing was changed"
	files_table
	check_portage
	trust_target
	lock_root
	trust_destinations
	record_read
	bashrc_examine
	[[ -n $opt_dry_run ]] || transaction_sweep "$bashrc_file" "$root/$record_path" "${file_order[@]/#/$root/}"
}

command_install() {
	local version
	version=$(sed -n 's/^[[:space:]]*"version": "\(.*\)",\{0,1\}$/\1/p' "$source_dir/package.json" | head -n 1)
	setuid_choose
	check_destinations
	setuid_precheck
	build_all
	plan_install "$version"
	[[ -z $opt_dry_run ]] || return 0
	plan_apply
	setuid_verify
	transaction_finish
	if ((${#plan_verb[@]})); then
		plan_report
		report "Portcullis $version is installed in ${root:-/}; FEATURES in make.conf selects the sandboxes"
	else
		report "nothing to do: Portcullis $version is installed in ${root:-/}"
	fi
	[[ -n $destdir ]] || report "To check this machine, run: $(printf %q "${eprefix:+$eprefix/usr/bin/}portcullis") doctor"
}

command_uninstall() {
	if [[ -z $record_found && $bashrc_block == none ]]; then
		report "nothing to do: Portcullis is not installed in ${root:-/}"
		return 0
	fi
	plan_uninstall
	if [[ -z $opt_dry_run ]]; then
		plan_apply
		transaction_finish
		plan_report
		plan_prune
	fi
	plan_report_kept
}

options_parse "$@"
trap 'transaction_exit' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
prepare
if [[ -n $opt_uninstall ]]; then command_uninstall; else command_install; fi
