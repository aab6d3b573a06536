# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Functions for all scripts. Source this file.

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/.." && pwd -P)

log() {
	printf '%s\n' "$*" >&2
}

die() {
	log "${0##*/}: $*"
	exit 1
}

# Prints all source files. Uses find instead of git, so that it also works in a tarball and in another user's clone.
source_files() {
	(cd -- "$TOP" && find . \( -name node_modules -o -path ./.git -o -path ./.portage -o -path ./dist -o \
		-path ./native/build -o -path ./bench/results \) -prune -o -type f -printf '%P\n' | LC_ALL=C sort)
}

c_files() {
	source_files | grep -E '^native/.*\.[ch]$'
}

bash_files() {
	local file line
	while IFS= read -r file; do
		case $file in
		*.bash | *.bats) printf '%s\n' "$file" ;;
		*.*) [[ $file == *.sh ]] && printf '%s\n' "$file" ;;
		*)
			IFS= read -r line <"$TOP/$file" || true
			[[ $line =~ ^'#!'.*[/\ ](ba)?sh($|\ ) ]] && printf '%s\n' "$file"
			;;
		esac
	done < <(source_files)
	return 0
}
