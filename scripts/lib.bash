# shellcheck shell=bash
# What every script here needs; sourced, never run.

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/.." && pwd -P)

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# Of the tree rather than of git: a tarball, or a clone that belongs to somebody else, is checked the same.
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
