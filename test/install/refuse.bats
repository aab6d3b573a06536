#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# If install.sh refuses to run, it prints one line, exits with the status of that cause, and changes nothing.

load install_helper
load bashrc_variants.bash

setup_file() {
	install_setup_file
	install_quick_node
}

setup() {
	install_setup
	shape_plain "$BASHRC"
}

@test "on an invalid option or argument, install.sh exits with 2 and changes nothing" {
	refuses 2 "unknown option '--frobnicate'" --frobnicate
	refuses 2 "unknown option 'somewhere'" --eprefix "$EP" somewhere
	refuses 2 '--eprefix needs a directory' --eprefix
	refuses 2 '--destdir needs a directory' --destdir=
	refuses 2 'control characters' --eprefix "$EP"$'\n'
	refuses 2 'have no effect with --uninstall' --eprefix "$EP" --uninstall --setuid
}

@test "install.sh --help lists every option and every exit status, and changes nothing" {
	local before word cause
	before=$(snapshot_exactly "$EP")
	did_install --help
	for word in $(grep -ohE -- '--[a-z-]+[ )|]' "$TREE/install.d/options.bash" | tr -d ' )|' | sort -u); do
		[[ $output == *"$word"* ]]
	done
	# shellcheck source=../../install.d/messages.bash
	source "$TREE/install.d/messages.bash"
	for cause in "${!failure_status[@]}"; do
		[[ $output == *" ${failure_status[$cause]} "* ]]
	done
	same "$before" "$(snapshot_exactly "$EP")"
}

@test "without Node in PATH, install.sh exits with 3" {
	PATH=$(path_without node) refuses 3 'Node 20 or newer is needed.*net-libs/nodejs' --eprefix "$EP"
}

@test "with a Node older than 20, or a Node that does not start, install.sh exits with 3" {
	local dir
	dir=$(path_without node)
	printf '#!/bin/sh\necho v18.19.0\n' >"$dir/node"
	chmod +x "$dir/node"
	PATH=$dir refuses 3 'Node 20 or newer is needed.*is v18.19.0' --eprefix "$EP"
	printf '#!/bin/sh\necho "libuv.so: cannot open" >&2\nexit 127\n' >"$dir/node"
	PATH=$dir refuses 3 'does not start' --eprefix "$EP"
}

# unbuilt [--program]: makes a source tree without native/build/confine, and with --program also without dist/portcullis.js.
unbuilt() {
	TREE_UNBUILT=$SCRATCH/unbuilt.$BATS_TEST_NUMBER
	cp -a "$TREE" "$TREE_UNBUILT"
	rm "$TREE_UNBUILT/native/build/confine"
	[[ ${1-} != --program ]] || rm "$TREE_UNBUILT/dist/portcullis.js"
	TREE=$TREE_UNBUILT
}

@test "if Portcullis has not been built and the compiler, make or npm is missing, install.sh exits with 3" {
	unbuilt
	PATH=$(path_without gcc cc) refuses 3 'confine is not built and cc is not in PATH' --eprefix "$EP"
	CC='no-such-cc -m32' refuses 3 'confine is not built and no-such-cc is not in PATH' --eprefix "$EP"
	PATH=$(path_without make) refuses 3 'confine is not built and make is not in PATH' --eprefix "$EP"
	rm "$TREE/dist/portcullis.js"
	PATH=$(path_without npm) refuses 3 'npm is not in PATH' --eprefix "$EP"
}

@test "from a release tarball, install.sh builds confine without npm, and installs nothing if the build fails" {
	local dir
	unbuilt
	printf 'all:\n\tmkdir -p build && cp "%s" build/confine\n' "$SCRATCH/tree/native/build/confine" >"$TREE/native/Makefile"
	PATH=$(path_without npm) did_install --eprefix "$EP"
	[[ -x $EP/usr/libexec/portcullis/confine ]]
	# If a file in native/ that make does not use is newer than confine, only the next run of install.sh builds, not every run.
	sed -i '2s/.*/\techo made >>made/' "$TREE/native/Makefile"
	touch -d '2 hours ago' "$TREE/native/Makefile" "$TREE/native/build/confine"
	touch -d '1 hour ago' "$TREE/native/README"
	did_install --eprefix "$EP"
	did_install --eprefix "$EP"
	[[ $(wc -l <"$TREE/native/made") == 1 ]]
	rm "$TREE/native/build/confine"
	did_install --eprefix "$EP" --uninstall

	printf 'all:\n\t@echo "error: no such thing" >&2; exit 1\n' >"$TREE/native/Makefile"
	run_install --eprefix "$EP"
	[[ $status == 3 && $output == *'no such thing'*'install.sh: the build failed (make'*'nothing was installed' ]]
	[[ ! -e $EP/usr ]]
}

@test "before the first build, install.sh --dry-run builds Portcullis, and exits with 3 if this build fails" {
	local before
	unbuilt
	before=$(snapshot_exactly "$EP")
	printf 'all:\n\t@echo "error: no such thing" >&2; exit 1\n' >"$TREE/native/Makefile"
	run_install --eprefix "$EP" --dry-run
	[[ $status == 3 && $output == *'no such thing'*'install.sh: the build failed (make'* ]]
	printf 'all:\n\tmkdir -p build && cp "%s" build/confine\n' "$SCRATCH/tree/native/build/confine" >"$TREE/native/Makefile"
	did_install --eprefix "$EP" --dry-run
	[[ $output == *"building in $TREE"*"would create $EP/usr/libexec/portcullis/confine"* ]]
	same "$before" "$(snapshot_exactly "$EP")"
}

@test "on a terminal, install.sh shows the name of the source file that is being compiled" {
	unbuilt
	printf 'all:\n\t: cc -c a.c\n\t: cc -c b.c\n\tcp "%s" build/confine\n' "$SCRATCH/tree/native/build/confine" >"$TREE/native/Makefile"
	run -0 script --quiet --return --command "${TREE@Q}/install.sh --eprefix ${EP@Q}" /dev/null </dev/null
	[[ $output == *$'\ra.c\e[K\rb.c\e[K'*$'\r\e[K'*'created '* ]]
}

@test "if the Prefix has neither make.profile nor make.conf, install.sh exits with 11; with --force, install.sh installs Portcullis" {
	rm "$EP/etc/portage/make.profile"
	refuses 11 'contains no make.profile and no make.conf.*add --force' --eprefix "$EP"
	did_install --eprefix "$EP" --force
	did_install --eprefix "$EP"
	did_install --eprefix "$EP" --uninstall
	refuses 11 'add --force' --eprefix "$EP"
	did_install --destdir "$EP"
}

@test "install.sh builds again if a source file is newer than the built program" {
	unbuilt --program
	mkdir -p "$TREE/src"
	echo 1 >"$TREE/src/x.ts"
	cp -a "$SCRATCH/tree/native/build/confine" "$TREE/native/build/confine"
	# The build script of this tree appends a line to the file built.
	sed -i 's|"version": .*|&\n\t"scripts": { "build": "mkdir -p dist \&\& cp ../tree/dist/portcullis.js dist/ \&\& echo built >>built" },|; /^\t"scripts": {$/,/^\t},$/d' "$TREE/package.json"
	did_install --eprefix "$EP"
	did_install --eprefix "$EP"
	[[ $(wc -l <"$TREE/built") == 1 ]]
	touch -d '+1 second' "$TREE/src/x.ts"
	did_install --eprefix "$EP"
	[[ $(wc -l <"$TREE/built") == 2 ]]
}

@test "if dist/portcullis.js fails, or generates an empty hook or a hook with a syntax error, install.sh exits with 3" {
	PATH=$REAL_PATH
	unbuilt
	cp -a "$SCRATCH/tree/native/build/confine" "$TREE/native/build/confine"
	echo 'process.exit(0)' >"$TREE/dist/portcullis.js"
	refuses 3 'generated an empty hook' --eprefix "$EP"
	echo 'console.log("if then (")' >"$TREE/dist/portcullis.js"
	refuses 3 'a hook with a syntax error' --eprefix "$EP"
	echo 'console.error("boom"); process.exit(1)' >"$TREE/dist/portcullis.js"
	refuses 3 'could not generate the hook: boom' --eprefix "$EP"
}

@test "if an ordinary user runs install.sh without --eprefix, install.sh exits with 4 and prints both fixes (run as root, or with --eprefix); with --setuid, install.sh also exits with 4" {
	be_ordinary
	refuses 4 'is not writable: run install.sh as root, or with --eprefix DIR' --force
	refuses 4 '--setuid needs root' --eprefix "$EP" --setuid
}
