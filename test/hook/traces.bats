#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# In a phase that the hook does not confine, it prints nothing, starts no process, and changes nothing in ebuild.sh's shell: no
# variable, function, trap or option.

load ../lib/bats
load hook

setup() {
	hook_make
	touch "$BUILDDIR/temp/environment"
}

teardown() {
	hook_clean
}

# Prints the state of the shell, except for variables that bash changes with every command.
SNAPSHOT='
snapshot() {
	declare -p | grep -vE "^declare -[^ ]* (_|BASHPID|BASH_(ARGC|ARGV|COMMAND|LINENO|SOURCE|SUBSHELL)|EPOCH[A-Z]+|FUNCNAME|LINENO|PIPESTATUS|RANDOM|SECONDS|SRANDOM)="
	declare -f
	trap
	shopt
	set -o
	umask
	pwd
	local fd
	for fd in /proc/$$/fd/*; do
		[[ ! -e $fd ]] || echo "${fd##*/}"
	done
}
'

# expect_unchanged PHASE [NAME=VALUE...]: sources the hook with several sets of shell options. Fails if it changes the shell's state.
expect_unchanged() {
	local options
	for options in +x -e -u '-o pipefail' '-euo pipefail' -f '-E -T'; do
		run -0 hook_run "$SNAPSHOT
			trap 'exit 1' SIGTERM
			shopt -s extdebug expand_aliases
			set $options
			snapshot >\"\$T/before\"
			source \"\$HOOK\"
			snapshot >\"\$T/after\"
			diff \"\$T/before\" \"\$T/after\"
		" "$@"
		[[ ! $output ]]
	done
}

@test 'if FEATURES enables no sandbox, the hook changes nothing in the shell of any phase' {
	local phase
	for phase in unpack compile setup pretend depend clean postinst ''; do
		expect_unchanged "$phase" PORTAGE_FEATURES='sandbox ccache'
	done
}

@test 'if FEATURES enables all sandboxes, the hook changes nothing in the shell of phases other than src_*' {
	local phase
	for phase in setup pretend depend clean postinst prerm instprep ''; do
		expect_unchanged "$phase" PORTAGE_FEATURES='cgroup ipc-sandbox network-sandbox'
	done
}

@test 'the hook changes nothing in the shell of a src_* phase that runs without sandboxes' {
	expect_unchanged unpack PORTAGE_FEATURES=network-sandbox
	expect_unchanged compile PORTAGE_FEATURES=network-sandbox PORTAGE_RESTRICT=network-sandbox
	expect_unchanged test PORTAGE_FEATURES=network-sandbox PORTAGE_PROPERTIES=test_network
}

@test 'if bash sources the hook without the variables of Portage, the hook changes nothing in that shell' {
	run -0 env -i PATH="$PATH" bash -euo pipefail -c 'source "$1"; [[ $(compgen -A function) == "" ]]' - "$HOOK"
	[[ ! $output ]]
}

@test 'if confine has started ebuild.sh, the hook changes nothing in the shell of the phase' {
	HOOK_LAST=portcullis-inside expect_unchanged compile PORTAGE_FEATURES='ipc-sandbox network-sandbox' \
		EBUILD_SH_ARGS='compile portcullis-inside'
}

@test 'in pkg_setup, the hook stores the settings PORTCULLIS_* in a file, and changes nothing in the shell' {
	expect_unchanged setup PORTCULLIS_UNPACK=confine PORTCULLIS_MEMORY_MAX=8G PORTCULLIS_ALLOW=$'distcc\n  example.org:80'
	[[ $(tail -n +2 "$(hook_stored settings)" | sort) == $'PORTCULLIS_ALLOW=distcc example.org:80\nPORTCULLIS_MEMORY_MAX=8G\nPORTCULLIS_UNPACK=confine' ]]
	# In a pkg_setup without any PORTCULLIS_* setting, the hook removes the stored settings from the file.
	expect_unchanged setup
	[[ $(<"$(hook_stored settings)") == "$BUILDDIR" ]]
}

# Counts the processes that the hook starts. It counts by PIDs in a new PID namespace, in which no other process starts.
processes() {
	hook_run 'exec unshare --user --map-root-user --pid --fork --mount-proc bash "$PORTAGE_BIN_PATH/inner.sh" "$EBUILD_PHASE"' "$@"
}

@test 'in a phase that is not confined, the hook starts no process, except that it starts Node once per build if distcc may conflict with network-sandbox' {
	cat >"$BATS_TEST_TMPDIR/inner.sh" <<-'EOF'
		read -r before </proc/sys/kernel/ns_last_pid
		source "$HOOK"
		read -r after </proc/sys/kernel/ns_last_pid
		echo "started: $((after - before))"
		(:)
		read -r check </proc/sys/kernel/ns_last_pid
		echo "counted: $((check - after))"
	EOF
	local phase
	for phase in depend setup compile postinst; do
		run -0 processes "$phase" PORTAGE_FEATURES='sandbox ccache'
		[[ $output == $'started: 0\ncounted: 1' ]]
	done
	run -0 processes setup PORTAGE_FEATURES='network-sandbox' PORTCULLIS_UNPACK=confine
	[[ $output == $'started: 0\ncounted: 1' ]]
	# If a conflict is possible, the hook starts Node in the first phase only.
	run -0 processes setup PORTAGE_FEATURES='network-sandbox distcc'
	[[ $output == *$'started: '[1-9]* ]]
	run -0 processes setup PORTAGE_FEATURES='network-sandbox distcc'
	[[ $output == $'started: 0\ncounted: 1' ]]
}
