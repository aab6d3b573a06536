# shellcheck shell=bash
# Programs from the Python package index, each in a folder of its own below .portage; sourced after lib.bash.

# wheel PACKAGE VERSION SHA256 DIR: sees that it is in DIR. One process at a time, the others wait.
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

# Of Debian's python: the first python3 in PATH may be one that only its owner can start (pyenv under /root). And an ordinary
# user must be able to read and start it, whatever umask root has.
wheel_fetch() (
	umask 022
	say "Fetching $package $version from the Python package index into ${dir#"$TOP"/}"
	rm -rf -- "$dir"
	/usr/bin/python3 -m venv "$dir"
	"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		--requirement <(printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sum") >&2
	"$dir/bin/python" -m pip uninstall --quiet --yes setuptools pip >&2
	: >"$dir/complete"
)
