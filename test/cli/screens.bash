# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs commands on a terminal of 80 columns, in a prefix where real packages were emerged, and compares their output with docs/screens.

# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "${BASH_SOURCE[0]%/*}/../lib/wait.bash"

# Emerges two packages: the tests of one access the network and leave a process behind, the other one fails to compile.
screens_begin() {
	prefix_make user
	screens_environment
	prefix_conf 'FEATURES="test cgroup"'
	prefix_package dev-python/greeter-1.2 <<-'EOF'
		src_test() {
			(setsid sleep 300 >/dev/null 2>&1 &)
			curl --silent --max-time 5 https://files.example.org/data
			curl --silent --max-time 5 https://198.51.100.7/data
			true
		}
	EOF
	prefix_package app-misc/broken-2 <<<'src_compile() { die "the compiler gave up"; }'
	printf '%s\n' dev-python app-misc >>"$PREFIX_REPO/profiles/categories"
	prefix_install_portcullis
	prefix_emerge --oneshot dev-python/greeter >"$PREFIX_LOG/greeter" 2>&1 || return
	! prefix_emerge --oneshot app-misc/broken >"$PREFIX_LOG/broken" 2>&1
}

# Exports the prefix at the end of setup_file for the tests.
screens_export() {
	export PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID CONFINE RECORDS
}

setup() {
	screens_environment
}

teardown() {
	terminal_close
}

teardown_file() {
	prefix_clean
	prefix_host_end
}

# Sets the array PREFIX_ENV of prefix.bash. Each test calls this function, because bash does not export arrays.
screens_environment() {
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
}

# screen COMMAND...: runs the command on a terminal of SCREEN_COLUMNS (80) columns and 24 lines, prints its output and returns its status.
screen() {
	local status
	prefix_run script --quiet --return --command "stty cols ${SCREEN_COLUMNS:-80} rows 24; $(printf '%q ' "$@")" /dev/null </dev/null >"$PREFIX_LOG/screen" 2>&1
	status=$?
	# Remove the progress messages, which the command has erased (ESC [K).
	tr -d '\r' <"$PREFIX_LOG/screen" | sed $'s/.*\e\\[K//' | as_installed
	return "$status"
}

# Filter: replaces the paths of the test prefix with those of an installation in /.
as_installed() {
	sed -E "s|^(EPREFIX: +)$PREFIX$|\1(none)|; s|$PREFIX/usr/bin/portcullis|portcullis|g; s|$PREFIX||g; s|$PREFIX_ROOT||g; s|$PREFIX_PORTAGE||g; s|[^ ]*/\.portage/[0-9.]+||g"
}

# Starts tmux with an interactive bash of the prefix user, 80 columns by 24 lines.
terminal_open() {
	TERMINAL=(prefix_run tmux -S "$PREFIX_LOG/tmux-$BATS_TEST_NUMBER" -f /dev/null)
	PREFIX_ENV+=(PS1='$ ' BASH_SILENCE_DEPRECATION_WARNING=1)
	# With several arguments, tmux does not use the login shell, which the account may lack.
	"${TERMINAL[@]}" new-session -d -x 80 -y 24 bash --noprofile --norc
	terminal_wait_for '$'
}

# terminal_type TEXT [KEY...]: types the text and these keys, by default Enter.
terminal_type() {
	"${TERMINAL[@]}" send-keys -l "$1"
	shift
	"${TERMINAL[@]}" send-keys "${@:-Enter}"
}

terminal_text() {
	# Removes blank lines at the end.
	"${TERMINAL[@]}" capture-pane -p | as_installed | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# terminal_wait_for TEXT: waits until the screen contains the text.
terminal_wait_for() {
	until_true 60 terminal_contains "$1" || {
		terminal_text
		return 1
	}
}

terminal_contains() {
	[[ $(terminal_text) == *"$1"* ]]
}

# Ends tmux, unless the test has already ended it.
terminal_close() {
	[[ ! ${TERMINAL-} ]] || "${TERMINAL[@]}" kill-server 2>/dev/null || [[ $? == 1 ]]
}

# Filter: replaces times, sizes and data of the machine, and joins wrapped lines, so that screens can be compared.
normalized() {
	sed -E ':a; N; $!ba; s/\n {8,}/ /g' | sed -E 's/just now|[0-9]+ (min|h|d) ago/AGO/g
		s/[0-9]+(\.[0-9]+)* (s|min [0-9]+ s)\b/TIME/g; s/[0-9.]+ ?(B|KiB|MiB|GiB)\b/SIZE/g
		s/\(node .*\)$/(MACHINE)/; s/^(cgroup:|Probe:) .*[=/].*/\1 MACHINE/; s/^CHOST=.*/CHOST=MACHINE/; s/[0-9]+(\.[0-9]+)*/N/g; s/[[:space:]]+/ /g; s/\( /(/g; s/ $//
		s/^ [a-z-]+\/[a-z]+-N (src_[a-z]+ TIME cpu TIME SIZE)( failed \(N\))?/ THE SLOWEST/'
}

# assert_documented NAME: compares standard input with docs/screens/NAME.txt, or updates that file if SCREENS_UPDATE=1.
assert_documented() {
	local file=$TOP/docs/screens/$1.txt
	cat >"$BATS_TEST_TMPDIR/screen"
	[[ ${SCREENS_UPDATE-} != 1 ]] || cp "$BATS_TEST_TMPDIR/screen" "$file"
	diff <(normalized <"$file") <(normalized <"$BATS_TEST_TMPDIR/screen")
}

# assert_screen NAME STATUS COMMAND...: fails unless COMMAND exits with STATUS and prints docs/screens/NAME.txt, on lines of at most 80 columns.
assert_screen() {
	local name=$1
	capture "${@:2}"
	assert_documented "$name" <"$BATS_TEST_TMPDIR/screen_with_prompt"
	assert_80_columns
}

# assert_messages NAME STATUS COMMAND...: does the same as assert_screen for messages, whose lines may be longer than 80 columns.
assert_messages() {
	local name=$1
	capture "${@:2}"
	break_lines <"$BATS_TEST_TMPDIR/screen_with_prompt" | assert_documented "$name"
}

break_lines() {
	fold -sw 80 | sed 's/ $//'
}

# capture STATUS COMMAND...: runs COMMAND, which must exit with STATUS, and writes its output, below a prompt with COMMAND, to $BATS_TEST_TMPDIR/screen_with_prompt.
capture() {
	local status=0
	{
		printf '$ %s\n' "${*:2}"
		screen "${@:2}" || status=$?
	} >"$BATS_TEST_TMPDIR/screen_with_prompt"
	[[ $status == "$1" ]] || {
		cat "$BATS_TEST_TMPDIR/screen_with_prompt"
		return 1
	}
}

assert_80_columns() {
	! LC_ALL=C.UTF-8 grep -nE '^.{81}' "$BATS_TEST_TMPDIR/screen"
}
