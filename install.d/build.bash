# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Builds the programs, and generates the files whose text depends on the directory to install into. A release tarball contains dist/portcullis.js, so that only
# confine has to be built, without npm.

# Builds the programs if necessary, and generates phase.bash and the managed block for bashrc in the work directory.
build_all() {
	if [[ -e $source_dir/.portcullis-built ]]; then build_check_node; else build_sources; fi
	build_generate
}

# Builds dist/portcullis.js and native/build/confine if they are missing or older than their sources.
build_sources() {
	local program='' native=''
	build_check_node
	build_current dist/portcullis.js src hooks || program=stale
	build_current native/build/confine native || native=stale
	if [[ -n $program$native ]]; then
		[[ -z $native ]] || build_check_compiler
		[[ -z $program ]] || command -v npm >/dev/null ||
			fail tools "dist/portcullis.js is not built and npm is not in PATH (Gentoo: net-libs/nodejs[npm], Debian: npm); nothing was changed"
		lock_directory "$source_dir"
		build_run "$program"
	fi
}

# build_current OUTPUT SOURCE...: status 0 if OUTPUT exists and no file of the SOURCEs, which are files or directories, is newer; otherwise status 1.
build_current() {
	local newer output=$source_dir/$1
	local -a sources=("${@:2}")
	[[ -f $output ]] || return 1
	newer=$(cd -- "$source_dir" && find "${sources[@]}" -type f -newer "$output" -not -path 'native/build/*' -print -quit 2>/dev/null)
	[[ -z $newer ]]
}

build_check_node() {
	local version
	command -v node >/dev/null ||
		fail tools "Node 20 or newer is needed, and node is not in PATH (Gentoo: net-libs/nodejs, Debian: nodejs); nothing was changed"
	version=$(node --version 2>/dev/null)
	[[ $version =~ ^v([0-9]+)\. ]] || fail tools "Node 20 or newer is needed, and $(command -v node) does not start or is another program (Gentoo: net-libs/nodejs, Debian: nodejs); nothing was changed"
	((BASH_REMATCH[1] >= 20)) ||
		fail tools "Node 20 or newer is needed, and $(command -v node) is $version; nothing was changed"
}

build_check_compiler() {
	local compiler=${CC:-cc} tool
	for tool in "${compiler%% *}" make; do
		command -v "$tool" >/dev/null ||
			fail tools "confine is not built and $tool is not in PATH (Gentoo: sys-devel/gcc dev-build/make, Debian: gcc make libc6-dev); nothing was changed"
	done
}

# build_run PROGRAM: builds confine and, unless PROGRAM is empty, dist/portcullis.js.
build_run() {
	local -a command=(make --no-print-directory -C "$source_dir/native")
	[[ -z $1 ]] || command=(npm --prefix "$source_dir" run --silent build)
	report "building in $source_dir"
	if ! "${command[@]}" 2>&1 </dev/null | build_log; then
		tail -n 20 -- "$workdir/build.log" >&2
		fail tools "the build failed (${command[*]}), see above; nothing was installed"
	fi
	[[ -f $source_dir/dist/portcullis.js && -f $source_dir/native/build/confine ]] ||
		fail tools "the build did not create dist/portcullis.js or native/build/confine; nothing was installed"
	# install.sh builds if a source is newer than these files (build_current). make does not update the time of a file that it need not build. Without touch, each later install.sh would then start make again.
	touch -c -- "$source_dir/native/build/confine" ${1:+"$source_dir/dist/portcullis.js"} 2>/dev/null
}

# Writes standard input, the output of the build, to build.log. If standard error is a terminal, shows the last word of each line (a source file) as progress.
build_log() {
	local line
	while IFS= read -r line; do
		printf '%s\n' "$line"
		line=${line//[[:cntrl:]]/ }
		[[ ! -t 2 ]] || printf '\r%.79s\e[K' "${line##* }" >&2
	done >"$workdir/build.log"
	[[ ! -t 2 ]] || printf '\r\e[K' >&2
}

build_generate() {
	local -a hook=(node "$source_dir/dist/portcullis.js" hook ${eprefix:+--eprefix "$eprefix"})
	{ "${hook[@]}" >"$workdir/phase.bash" && "${hook[@]}" --block >"$workdir/block"; } 2>"$workdir/reason" </dev/null ||
		fail tools "dist/portcullis.js could not generate the hook: $(tail -n 1 -- "$workdir/reason"); nothing was changed"
	[[ -s $workdir/phase.bash && -s $workdir/block ]] || fail tools 'dist/portcullis.js generated an empty hook; nothing was changed'
	bash -n "$workdir/phase.bash" 2>"$workdir/reason" ||
		fail tools "dist/portcullis.js generated a hook with a syntax error: $(head -n 1 -- "$workdir/reason"); nothing was changed"
}
