#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The man pages are up to date, complete and valid.

load ../lib/bats

setup_file() {
	TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)
	export TOP
}

@test 'the pages in docs/man are the current output of scripts/man.ts' {
	"$TOP/node_modules/.bin/tsx" "$TOP/scripts/man.ts" "$BATS_TEST_TMPDIR"
	for page in portcullis.1 portcullis.5 confine.8; do
		diff "$TOP/docs/man/$page" "$BATS_TEST_TMPDIR/$page"
	done
}

@test 'mandoc reports no warning for the man pages, and the man pages contain every command and PORTCULLIS_* variable' {
	local page name
	for page in "$TOP"/docs/man/*.[158]; do
		run -0 mandoc -T lint -W warning "$page"
		[[ ! $output ]]
	done
	page=$(man_text portcullis.1)
	while read -r name; do
		[[ $page == *"portcullis $name"* ]]
	done < <(commands)
	[[ $page == *--since* ]]
	page=$(man_text portcullis.5)
	for name in AUDIT ON_FAILURE CONFLICT UNPACK ALLOW MEMORY_MAX PIDS_MAX CPU_MAX; do
		[[ $page == *"PORTCULLIS_$name"* ]]
	done
}

@test 'portcullis(1) contains example output of every command, and every file in docs/screens is in a man page' {
	local name
	while read -r name; do
		grep -lE "^\\$ .*portcullis $name\b" "$TOP"/docs/screens/*.txt | sed 's/.*\///; s/\.txt//' >"$BATS_TEST_TMPDIR/screens"
		grep -qxF -f <(sed 's/.*/@screen &@/' "$BATS_TEST_TMPDIR/screens") "$TOP/docs/man/portcullis.1.in" || {
			echo "portcullis(1) does not show what portcullis $name looks like"
			return 1
		}
	done < <(commands)
	# The page contains the text of --help in another form.
	for name in "$TOP"/docs/screens/*.txt; do
		name=${name##*/}
		[[ $name == help.txt ]] || grep -qxF "@screen ${name%.txt}@" "$TOP"/docs/man/*.in
	done
}

commands() {
	sed -n 's/^  \([a-z]*\)  .*/\1/p' "$TOP/docs/screens/help.txt"
}

@test 'confine(8) lists every option of confine' {
	local option
	grep -oE '\{"--[a-z-]+' "$TOP/native/options/options.c" | grep -oE '[a-z][a-z-]+' |
		sort -u >"$BATS_TEST_TMPDIR/options"
	[[ -s $BATS_TEST_TMPDIR/options ]]
	man_text confine.8 >"$BATS_TEST_TMPDIR/page"
	while read -r option; do
		grep -q -- "--$option" "$BATS_TEST_TMPDIR/page" || {
			echo "confine(8) does not name --$option"
			return 1
		}
	done <"$BATS_TEST_TMPDIR/options"
}

man_text() {
	mandoc -T utf8 -O width=100 "$TOP/docs/man/$1" | col -bx
}
