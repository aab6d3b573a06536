# shellcheck shell=bash
# Screens as a person sees them: a command at a terminal of 80 columns, in a prefix where real packages were emerged.

# Packages that leave something to see: one whose tests reach out and leave a process, one that fails.
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

# For the end of setup_file: the prefix, for all tests of the file.
screens_hand_on() {
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

# Arrays are not exported: each test does this again.
screens_environment() {
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
}

# screen COMMAND...: what a terminal of 80 columns and 24 lines shows; the status is the command's.
screen() {
	local status
	prefix_run script --quiet --return --command "stty cols 80 rows 24; $(printf '%q ' "$@")" /dev/null </dev/null >"$PREFIX_LOG/screen" 2>&1
	status=$?
	tr -d '\r' <"$PREFIX_LOG/screen" | as_installed
	return "$status"
}

# Filter: replaces the paths of the test prefix with those of an installation in /.
as_installed() {
	sed -E "s|^(EPREFIX: +)$PREFIX$|\1(none)|; s|$PREFIX||g; s|$PREFIX_ROOT||g; s|$PREFIX_PORTAGE||g; s|[^ ]*/\.portage/[0-9.]+||g"
}

# terminal_open: a shell of the prefix' user in tmux, 80 columns by 24 lines.
terminal_open() {
	TERMINAL=(prefix_run tmux -S "$PREFIX_LOG/tmux-$BATS_TEST_NUMBER" -f /dev/null)
	PREFIX_ENV+=(PS1='$ ' BASH_SILENCE_DEPRECATION_WARNING=1)
	# More than one argument: no shell of an account that has none.
	"${TERMINAL[@]}" new-session -d -x 80 -y 24 bash --noprofile --norc
	terminal_sees '$'
}

# terminal_type TEXT [KEY...]: types it, and these keys, or Enter
terminal_type() {
	"${TERMINAL[@]}" send-keys -l "$1"
	shift
	"${TERMINAL[@]}" send-keys "${@:-Enter}"
}

terminal_taken() {
	# Blank lines below the last one are none.
	"${TERMINAL[@]}" capture-pane -p | as_installed | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# Waits until the screen has this text.
terminal_sees() {
	local _
	for _ in {1..100}; do
		[[ $(terminal_taken) == *"$1"* ]] && return
		read -rt 0.1 <> <(:) || true
	done
	terminal_taken
	return 1
}

# For teardown: where a test failed it is still there.
terminal_close() {
	[[ ! ${TERMINAL-} ]] || "${TERMINAL[@]}" kill-server 2>/dev/null || [[ $? == 1 ]]
}

# What differs from run to run, and from machine to machine, is no difference; nor is where a long line was wrapped.
shape() {
	sed -E ':a; N; $!ba; s/\n {8,}/ /g' | sed -E 's/just now|[0-9]+ (min|h|d) ago/AGO/g
		s/[0-9]+(\.[0-9]+)* (s|min [0-9]+ s)\b/TIME/g; s/[0-9.]+ ?(B|KiB|MiB|GiB)\b/SIZE/g
		s/\(node .*\)$/(MACHINE)/; s/^(cgroup:|Probe:) .*[=/].*/\1 MACHINE/; s/[0-9]+(\.[0-9]+)*/N/g; s/[[:space:]]+/ /g; s/\( /(/g; s/ $//
		s/^ [a-z-]+\/[a-z]+-N (src_[a-z]+ TIME cpu TIME SIZE)( failed \(N\))?/ THE SLOWEST/'
}

# kept NAME: the screen on standard input is that of docs/screens; with SCREENS_UPDATE=1 it becomes that.
kept() {
	local file=$TOP/docs/screens/$1.txt
	cat >"$BATS_TEST_TMPDIR/screen"
	[[ ${SCREENS_UPDATE-} != 1 ]] || cp "$BATS_TEST_TMPDIR/screen" "$file"
	diff <(shape <"$file") <(shape <"$BATS_TEST_TMPDIR/screen")
}

# shows NAME STATUS COMMAND...: that screen, with that status, and no line wider than it
shows() {
	local name=$1
	taken "${@:2}"
	kept "$name" <"$BATS_TEST_TMPDIR/taken"
	narrow
}

# says NAME STATUS COMMAND...: messages, each of them one line, however long; the terminal breaks it
says() {
	local name=$1
	taken "${@:2}"
	broken <"$BATS_TEST_TMPDIR/taken" | kept "$name"
}

broken() {
	fold -sw 80 | sed 's/ $//'
}

taken() {
	local status=0
	{
		printf '$ %s\n' "${*:2}"
		screen "${@:2}" || status=$?
	} >"$BATS_TEST_TMPDIR/taken"
	[[ $status == "$1" ]] || {
		cat "$BATS_TEST_TMPDIR/taken"
		return 1
	}
}

narrow() {
	! LC_ALL=C.UTF-8 grep -nE '^.{81}' "$BATS_TEST_TMPDIR/screen"
}
