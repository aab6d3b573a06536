#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The completions, tested in the shells themselves.

load ../lib/bats

# shellcheck source=../lib/wait.bash
source "${BATS_TEST_FILENAME%/*}/../lib/wait.bash"

setup_file() {
	TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)
	export TOP
	# An installation in a prefix with an installed package, a record and two build directories, of which Portage has kept one.
	local prefix=$BATS_FILE_TMPDIR/prefix
	install -D "$TOP/bin/portcullis" "$prefix/usr/bin/portcullis"
	install -D "$TOP/dist/portcullis.js" "$prefix/usr/share/portcullis/portcullis.js"
	mkdir -p "$BATS_FILE_TMPDIR/zsh" "$prefix"/{etc/portage/make.conf,var/log/portcullis,var/db/pkg/app-test/{installed-1.2,'$(id)'}} \
		"$BATS_FILE_TMPDIR/tmp/portage/app-test"/{kept-1.2-r3/temp,removed-1}
	touch "$BATS_FILE_TMPDIR/tmp/portage/app-test/kept-1.2-r3/temp/environment"
	echo "PORTAGE_TMPDIR=\"$BATS_FILE_TMPDIR/tmp\"" >"$prefix/etc/portage/make.conf/build"
	printf '{"schema":1,"package":"%s"}\n' app-test/recorded-1.2 app-test/recorded-3 'app-test/$(id)' >"$prefix/var/log/portcullis/records.jsonl"
	# A completion must not start Portage, which takes half a second. These replacements print a message and fail.
	mkdir "$BATS_FILE_TMPDIR/bin"
	printf '#!/bin/sh\necho "${0##*/} was started" >&2\nexit 1\n' | tee "$BATS_FILE_TMPDIR/bin"/{portageq,emerge,python3} >"$BATS_FILE_TMPDIR/bin/python"
	chmod +x "$BATS_FILE_TMPDIR/bin"/*
	export PATH=$prefix/usr/bin:$BATS_FILE_TMPDIR/bin:$PATH
	portcullis completion bash >"$BATS_FILE_TMPDIR/bash"
	portcullis completion zsh >"$BATS_FILE_TMPDIR/zsh/_portcullis"
	portcullis completion fish >"$BATS_FILE_TMPDIR/fish"
}

# complete_in_bash WORD...: prints the candidates of bash for the last word.
complete_in_bash() {
	bash -eu -c '
		source "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_portcullis
		printf "%s\n" "${COMPREPLY[@]}"
	' - "$BATS_FILE_TMPDIR/bash" "$@"
}

# complete_in_fish LINE: prints the candidates of fish for the end of the line.
complete_in_fish() {
	HOME=$BATS_TEST_TMPDIR fish --no-config -c "source '$BATS_FILE_TMPDIR/fish'; complete -C '$1'"
}

ZSHES=0

# complete_in_zsh KEYS PATTERN: types the keys and Tab in an interactive zsh, and waits for the pattern.
complete_in_zsh() {
	# Each tmux server has its own name, because the previous server may still be running.
	local tmux=(tmux -L "pc-zsh-$BATS_ROOT_PID-$((++ZSHES))" -f /dev/null) _ screen
	"${tmux[@]}" new-session -d -x 100 -y 30 "env HOME=$BATS_TEST_TMPDIR zsh -f"
	"${tmux[@]}" send-keys "PS1='> '; fpath=($BATS_FILE_TMPDIR/zsh \$fpath); autoload -U compinit; compinit -u -D; clear" Enter
	until_true 15 terminal_shows '^> $'
	"${tmux[@]}" send-keys "$1" Tab
	until_true 15 terminal_shows "$2" || {
		"${tmux[@]}" capture-pane -p
		"${tmux[@]}" kill-server
		return 1
	}
	screen=$("${tmux[@]}" capture-pane -p)
	"${tmux[@]}" kill-server
	printf '%s\n' "$screen"
}

# terminal_shows PATTERN: succeeds if the terminal shows a line that matches PATTERN
terminal_shows() {
	"${tmux[@]}" capture-pane -p | sed 's/ *$/ /; s/^> *$/> /' | grep -qE -- "$1"
}

@test 'in bash, Tab completes public commands, options, option values and phases of portcullis' {
	shellcheck "$BATS_FILE_TMPDIR/bash"
	[[ $(complete_in_bash portcullis re) == report ]]
	[[ $(complete_in_bash portcullis report --s | paste -sd' ') == '--since --stats' ]]
	[[ $(complete_in_bash portcullis explain --unpack '' | paste -sd' ') == 'host confine' ]]
	[[ $(complete_in_bash portcullis explain foo src_t) == src_test ]]
	[[ $(complete_in_bash portcullis completion z) == zsh ]]
	[[ $(complete_in_bash portcullis report --html "$BATS_FILE_TMPDIR/fi") == "$BATS_FILE_TMPDIR/fish" ]]
	# Internal commands are not offered.
	[[ ! $(complete_in_bash portcullis mess) ]]
}

@test 'in bash, Tab completes portcullis arguments with packages that are installed, have records or have a build directory, without starting Portage' {
	local command
	run -0 complete_in_bash portcullis explain ''
	[[ $output == app-test/installed ]]
	run -0 complete_in_bash portcullis run --like ''
	[[ $output == app-test/installed ]]
	for command in report allow; do
		run -0 complete_in_bash portcullis "$command" app
		[[ $output == app-test/recorded ]]
	done
	run -0 complete_in_bash portcullis shell ''
	[[ $output == app-test/kept-1.2-r3 ]]
}

@test 'in fish, Tab completes commands, options, option values and phases of portcullis' {
	fish --no-execute "$BATS_FILE_TMPDIR/fish"
	[[ $(complete_in_fish 'portcullis re') == "report"$'\t'* ]]
	complete_in_fish 'portcullis report --s' | grep -q '^--since'
	[[ $(complete_in_fish 'portcullis explain --unpack c' | cut -f1) == *confine* ]]
	[[ $(complete_in_fish 'portcullis explain --unpack=c') == --unpack=confine ]]
	[[ $(complete_in_fish "portcullis report --html=$BATS_FILE_TMPDIR/fi") == "--html=$BATS_FILE_TMPDIR/fish" ]]
	complete_in_fish 'portcullis explain foo src_t' | grep -q '^src_test'
	[[ $(complete_in_fish 'portcullis report ' | cut -f1) == *app-test/recorded* ]]
	[[ $(complete_in_fish 'portcullis shell app') == app-test/kept-1.2-r3 ]]
}

@test 'in zsh, Tab completes commands, options and phases of portcullis' {
	zsh -n "$BATS_FILE_TMPDIR/zsh/_portcullis"
	complete_in_zsh 'portcullis rep' '> portcullis report ' >/dev/null
	complete_in_zsh 'portcullis report --si' '> portcullis report --since ' >/dev/null
	complete_in_zsh 'portcullis explain --unpack=c' '> portcullis explain --unpack=confine ' >/dev/null
	complete_in_zsh 'portcullis explain foo src_te' '> portcullis explain foo src_test ' >/dev/null
	complete_in_zsh 'portcullis report ' '> portcullis report app-test/recorded ' >/dev/null
	complete_in_zsh 'portcullis shell ap' '> portcullis shell app-test/kept-1.2-r3 ' >/dev/null
}
