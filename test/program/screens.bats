#!/usr/bin/env bats
# Each command as a person uses it. Its screen is the example in the man pages: `scripts/screens` takes them anew into
# docs/screens.

load ../portage/emerge
load screens

setup_file() {
	prefix_host_begin && screens_begin
	export PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID CONFINE RECORDS
}

setup() {
	# Arrays are not exported.
	PREFIX_ENV=(PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
}

teardown() {
	# Where a test failed before it did.
	tmux -L "pc-$BATS_ROOT_PID" kill-server 2>/dev/null || [[ $? == 1 ]]
}

teardown_file() {
	prefix_clean
	prefix_host_end
}

# shows NAME STATUS COMMAND...: that screen, with that status, and not too wide
shows() {
	local name=$1 status=0
	screen "${@:3}" >"$BATS_TEST_TMPDIR/taken" || status=$?
	[[ $status == "$2" ]] || {
		cat "$BATS_TEST_TMPDIR/taken"
		return 1
	}
	kept "$name" <"$BATS_TEST_TMPDIR/taken"
	narrow
}

@test 'portcullis --help' {
	shows help 0 portcullis --help
}

@test 'portcullis report: what was blocked comes first' {
	shows report 0 portcullis report
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/screen") == 'Blocked: 1 package tried'* ]]
	grep -q 'files.example.org' "$BATS_TEST_TMPDIR/screen"
	grep -q '198.51.100.7:443' "$BATS_TEST_TMPDIR/screen"
	grep -q 'sleep 300' "$BATS_TEST_TMPDIR/screen"
	# It fits on one screen.
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis report PACKAGE' {
	shows report-package 0 portcullis report greeter
}

@test 'portcullis report --stats' {
	shows report-stats 0 portcullis report --stats
}

@test 'portcullis doctor: all is well' {
	shows doctor 0 portcullis doctor
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis info' {
	screen portcullis info >"$BATS_TEST_TMPDIR/taken"
	grep -qx 'network-sandbox: asked for, by Portcullis' "$BATS_TEST_TMPDIR/taken"
	grep -q '^Portage:   3\.' "$BATS_TEST_TMPDIR/taken"
}

@test 'portcullis explain PACKAGE' {
	shows explain 0 portcullis explain dev-python/greeter
}

@test 'portcullis run: cut off, and told so; the status is that of the command' {
	shows run 7 portcullis run -- curl --silent https://198.51.100.7/
}

@test 'a failed phase names the shell that opens it, and that opens it' {
	local line
	line=$(sed -n 's/.* confined: //p' "$PREFIX_LOG/broken" | head -n 1)
	[[ $line == "$PREFIX/usr/bin/portcullis shell =app-misc/broken-2 src_compile" ]]
	# shellcheck disable=SC2016 # for the shell in there
	run -0 prefix_run bash -c "$line"' -- eval '\''echo "$PF in $PWD, net $(readlink /proc/self/ns/net)"; declare -F src_compile; die "no end"; echo alive'\'
	[[ $output == *"broken-2 in $PREFIX_TMP/portage/app-misc/broken-2/"* ]]
	[[ $output == *src_compile* && $output == *alive* ]]
	[[ $output != *"net $(readlink /proc/self/ns/net)"* ]]
}

@test 'portcullis shell, typed into a terminal' {
	# shellcheck disable=SC2016 # for the shell in there
	prefix_run script --quiet --return --command "portcullis shell =app-misc/broken-2 src_compile" /dev/null \
		<<<'echo "[$PN]"; exit 5' >"$BATS_TEST_TMPDIR/typed" || [[ $? == 5 ]]
	grep -q '(app-misc/broken-2 src_compile)' "$BATS_TEST_TMPDIR/typed"
	grep -q '\[broken\]' "$BATS_TEST_TMPDIR/typed"
}

@test 'portcullis status, and --watch, while a phase runs' {
	local fifo=$PREFIX_LOG/go
	mkfifo -m 666 "$fifo"
	# Opened for both, so that no end waits for the other.
	exec {hold}<>"$fifo"
	prefix_package app-misc/slow-1 <<<"src_compile() { echo started; read -r <'$fifo'; }"
	prefix_emerge --oneshot app-misc/slow >"$PREFIX_LOG/slow" 2>&1 {hold}>&- &
	until grep -q started "$PREFIX_LOG/slow"; do
		read -rt 0.1 <> <(:) || true
	done
	shows status 0 portcullis status
	# ebuild.sh, which waits in read, and the one that forked it; nobody else's phases.
	[[ $(prefix_run portcullis status --json | node -p '
		const [one, ...more] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
		[one.package, one.phase, one.processes, one.memory > 1e6, one.since > 0, more.length].join(" ")
	') == 'app-misc/slow-1 compile 2 true true 0' ]]
	# tmux: a person looks, and types q.
	tmux -L "pc-$BATS_ROOT_PID" -f /dev/null new-session -d -x 80 -y 24 \
		"setpriv --reuid=$PREFIX_UID --regid=$PREFIX_UID --clear-groups $PREFIX/usr/bin/portcullis status --watch; echo over; read -r"
	waits_for 'app-misc/slow-1  src_compile'
	tmux -L "pc-$BATS_ROOT_PID" send-keys q
	waits_for over
	tmux -L "pc-$BATS_ROOT_PID" kill-server
	echo go >&"$hold"
	wait
	[[ $(prefix_run portcullis status) == 'No phase is running under Portcullis.' ]]
}

waits_for() {
	local _
	for _ in {1..100}; do
		[[ $(tmux -L "pc-$BATS_ROOT_PID" capture-pane -p) == *"$1"* ]] && return
		read -rt 0.1 <> <(:) || true
	done
	tmux -L "pc-$BATS_ROOT_PID" capture-pane -p
	return 1
}

@test 'misused: one line, status 2, the nearest is suggested' {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run -2 prefix_run portcullis $words
		((${#lines[@]} == 1))
		[[ $output == 'portcullis: '* ]]
	done <<-'EOF'
		doctr
		report --sicne 3d
		report a b
		report --since tomorrow
		explain --restrict live
		shell =app-misc/broken-2
		run --features network
		hook --eprefix relative
		completion tcsh
		--hlep
	EOF
	run -2 prefix_run portcullis doctr
	[[ $output == *'did you mean doctor?' ]]
	run -2 prefix_run portcullis report --sicne 3d
	[[ $output == *'did you mean --since?' ]]
}

@test 'colours: at a terminal that has them, not with NO_COLOR, not in a pipe' {
	local esc=$'\e['
	PREFIX_ENV+=(TERM=xterm LC_ALL=C.UTF-8)
	[[ $(screen env -u NO_COLOR portcullis report) == *"$esc"* ]]
	[[ $(screen env NO_COLOR=1 portcullis report) != *"$esc"* ]]
	[[ $(screen env -u NO_COLOR TERM=dumb portcullis report) != *"$esc"* ]]
	[[ $(prefix_run env -u NO_COLOR portcullis report) != *"$esc"* ]]
	# In a pipe the lines are whole, for grep.
	prefix_run portcullis doctor | grep -q '^good cgroup .*'
}

@test 'confine --probe' {
	# A reason may be long, and is one line for whoever reads KEY=VALUE.
	screen "$CONFINE" --probe | kept probe
}
