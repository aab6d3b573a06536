# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Installs programs from the Python package index, each in its own directory below .portage. Source it after lib.bash.

# wheel PACKAGE VERSION SHA256 DIR: installs the program PACKAGE in DIR, unless DIR already contains it. Of several calls at the same time, only one installs.
wheel() {
	local package=$1 version=$2 sum=$3 dir=$4 lock
	[[ ! -e $dir/complete ]] || return 0
	"$TOP/scripts/need" portage
	mkdir -p "$TOP/.portage"
	exec {lock}>"$TOP/.portage/lock"
	flock "$lock"
	[[ -e $dir/complete ]] || wheel_fetch
	exec {lock}>&-
}

# Uses Debian's python, because the first python3 in PATH may be inaccessible to other users (pyenv under /root). Ordinary
# users must be able to read and start the program, whatever umask root has.
wheel_fetch() (
	umask 022
	log "Fetching $package $version from the Python package index into ${dir#"$TOP"/}"
	rm -rf -- "$dir"
	/usr/bin/python3 -m venv "$dir"
	"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		--requirement <(printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sum") >&2
	"$dir/bin/python" -m pip uninstall --quiet --yes setuptools pip >&2
	: >"$dir/complete"
)
