#!/usr/bin/env bats
# Each error is one line with its own exit status, before any change.

load helper.bash
load bashrc_variants.bash

setup() {
	install_setup
	shape_plain "$BASHRC"
}

@test "bad options exit with 2" {
	refuses 2 "unknown option '--frobnicate'" --frobnicate
	refuses 2 "unknown option 'somewhere'" --eprefix "$EP" somewhere
	refuses 2 '--eprefix needs a directory' --eprefix
	refuses 2 '--destdir needs a directory' --destdir=
	refuses 2 'control characters' --eprefix "$EP"$'\n'
	refuses 2 'mean nothing with --uninstall' --eprefix "$EP" --uninstall --setuid
}

@test "--help lists every option and every status, and changes nothing" {
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

@test "a missing Node exits with 3" {
	PATH=$(path_without node) refuses 3 'Node 20 or newer is needed.*net-libs/nodejs' --eprefix "$EP"
}

@test "an old Node exits with 3" {
	local dir
	dir=$(path_without node)
	printf '#!/bin/sh\necho v18.19.0\n' >"$dir/node"
	chmod +x "$dir/node"
	PATH=$dir refuses 3 'Node 20 or newer is needed.*is v18.19.0' --eprefix "$EP"
	printf '#!/bin/sh\necho "libuv.so: cannot open" >&2\nexit 127\n' >"$dir/node"
	PATH=$dir refuses 3 'does not start' --eprefix "$EP"
}

# unbuilt: makes a tree in which confine (with --program also the program) is not built.
unbuilt() {
	TREE_UNBUILT=$PLACE/unbuilt.$BATS_TEST_NUMBER
	cp -a "$TREE" "$TREE_UNBUILT"
	rm "$TREE_UNBUILT/native/build/confine"
	[[ ${1-} != --program ]] || rm "$TREE_UNBUILT/dist/portcullis.js"
	TREE=$TREE_UNBUILT
}

@test "a missing compiler, make or npm exits with 3 if a build is needed" {
	unbuilt
	PATH=$(path_without gcc cc) refuses 3 'confine is not built and cc is not in PATH' --eprefix "$EP"
	CC='no-such-cc -m32' refuses 3 'confine is not built and no-such-cc is not in PATH' --eprefix "$EP"
	PATH=$(path_without make) refuses 3 'confine is not built and make is not in PATH' --eprefix "$EP"
	rm "$TREE/dist/portcullis.js"
	PATH=$(path_without npm) refuses 3 'npm is not in PATH' --eprefix "$EP"
}

@test "a release tarball builds confine with make only, and a failing build installs nothing" {
	local dir
	unbuilt
	printf 'all:\n\tmkdir -p build && cp "%s" build/confine\n' "$PLACE/tree/native/build/confine" >"$TREE/native/Makefile"
	PATH=$(path_without npm) did_install --eprefix "$EP"
	[[ -x $EP/usr/libexec/portcullis/confine ]]
	# A newer file in native/ that make ignores causes one build only.
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

@test "--dry-run of an unbuilt tree prints that and builds nothing" {
	local before tree
	unbuilt --program
	before=$(snapshot_exactly "$EP") tree=$(snapshot_exactly "$TREE")
	did_install --eprefix "$EP" --dry-run
	[[ $output == *"would build Portcullis in $TREE"*"would create $EP/usr/libexec/portcullis/confine"* ]]
	same "$before" "$(snapshot_exactly "$EP")"
	same "$tree" "$(snapshot_exactly "$TREE")"
}

@test "sources that are newer than the build are built again" {
	unbuilt --program
	mkdir "$TREE/src"
	echo 1 >"$TREE/src/x.ts"
	cp -a "$PLACE/tree/native/build/confine" "$TREE/native/build/confine"
	# The tree's build script leaves a mark in this test.
	sed -i 's|"version": .*|&\n\t"scripts": { "build": "mkdir -p dist \&\& cp ../tree/dist/portcullis.js dist/ \&\& echo built >>built" },|; /^\t"scripts": {$/,/^\t},$/d' "$TREE/package.json"
	did_install --eprefix "$EP"
	did_install --eprefix "$EP"
	[[ $(wc -l <"$TREE/built") == 1 ]]
	touch -d '+1 second' "$TREE/src/x.ts"
	did_install --eprefix "$EP"
	[[ $(wc -l <"$TREE/built") == 2 ]]
}

@test "a program that prints no hook or invalid bash exits with 3" {
	unbuilt
	cp -a "$PLACE/tree/native/build/confine" "$TREE/native/build/confine"
	echo 'process.exit(0)' >"$TREE/dist/portcullis.js"
	refuses 3 'wrote an empty hook' --eprefix "$EP"
	echo 'console.log("if then (")' >"$TREE/dist/portcullis.js"
	refuses 3 'a hook that is no bash' --eprefix "$EP"
	echo 'console.error("boom"); process.exit(1)' >"$TREE/dist/portcullis.js"
	refuses 3 'could not write the hook: boom' --eprefix "$EP"
}

@test "an ordinary user who installs on the host gets status 4 and both fixes" {
	be_ordinary
	refuses 4 'is not writable: run as root, or with --eprefix DIR'
	refuses 4 '--setuid needs root' --eprefix "$EP" --setuid
}
