#!/usr/bin/env bats
# Each command as a person uses it. Its screen is the example in the man pages: `scripts/screens` takes them anew into
# docs/screens.

load ../lib/prefix
load screens

setup_file() {
	prefix_host_begin && screens_begin
	screens_hand_on
}

@test 'portcullis --help, --version, and --help of each command' {
	local name
	shows help 0 portcullis --help
	[[ $(screen portcullis --version) == "portcullis $(node -p 'require(process.argv[1]).version' "$TOP/package.json")" ]]
	# As Node before 20.19 starts it, which doesn't look whether a file is a module.
	! node --help | grep -q -- -experimental-detect-module ||
		prefix_run env NODE_OPTIONS=--no-experimental-detect-module portcullis --version
	while read -r name; do
		screen portcullis "$name" --help >"$BATS_TEST_TMPDIR/screen"
		[[ $(head -n 1 "$BATS_TEST_TMPDIR/screen") == "usage: portcullis $name"* ]]
		narrow
		[[ $(screen portcullis help "$name") == "$(<"$BATS_TEST_TMPDIR/screen")" ]]
	done < <(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$TOP/docs/screens/help.txt")
}

@test 'portcullis report: what was blocked comes first' {
	shows report 0 portcullis report
	[[ $(sed -n 2p "$BATS_TEST_TMPDIR/screen") == 'Blocked: 1 package tried'* ]]
	grep -q 'files.example.org' "$BATS_TEST_TMPDIR/screen"
	grep -q '198.51.100.7:443' "$BATS_TEST_TMPDIR/screen"
	grep -q 'sleep 300' "$BATS_TEST_TMPDIR/screen"
	# It fits on one screen.
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis report PACKAGE, and --since' {
	shows report-package 0 portcullis report greeter
	[[ $(screen portcullis report --since 1h greeter) == "$(tail -n +2 "$BATS_TEST_TMPDIR/screen")" ]]
	[[ $(screen portcullis report --since 2999-01-01) == 'No matching phase is recorded.' ]]
}

@test 'portcullis report --stats, --html and --json' {
	shows report-stats 0 portcullis report --stats
	shows report-html 0 portcullis report --html builds.html
	grep -q '<h2>Blocked</h2>' "$PREFIX_ROOT/builds.html"
	[[ $(prefix_run portcullis report --json greeter | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).phases') == 6 ]]
}

@test 'portcullis doctor: all is well' {
	shows doctor 0 portcullis doctor
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis doctor: user namespaces are off, and what to change' {
	# In a user namespace of its own, whose owner may set its limits.
	local off='echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"'
	taken 1 unshare --user --map-current-user --keep-caps -- /bin/bash -c "$off" - portcullis doctor
	sed '1s/.* - /$ /' "$BATS_TEST_TMPDIR/taken" | kept doctor-bad
	narrow
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis info' {
	shows info 0 portcullis info
	grep -qx 'network-sandbox: requested, applied by Portcullis' "$BATS_TEST_TMPDIR/screen"
	grep -qx 'pid-sandbox:     requested, not applied: Portage supports it only as root' "$BATS_TEST_TMPDIR/screen"
	grep -q '^Portage:         3\.' "$BATS_TEST_TMPDIR/screen"
	# To be pasted, through a pipe or not: there each fact is one line.
	prefix_run portcullis info | grep -q '^FEATURES=".* cgroup .*network-sandbox .*"$'
}

@test 'portcullis explain PACKAGE' {
	shows explain 0 portcullis explain dev-python/greeter
}

@test 'portcullis allow PACKAGE: the lines, which --write adds, once' {
	shows allow 0 portcullis allow dev-python/greeter
	says allow-write 0 portcullis allow --write dev-python/greeter
	[[ $(screen portcullis allow --write dev-python/greeter) == *': unchanged'*': unchanged'* ]]
	[[ $(screen portcullis explain dev-python/greeter) == *'198.51.100.7:443'* ]]
	rm -r "$PREFIX/etc/portage/env" "$PREFIX/etc/portage/package.env"
}

@test 'portcullis run: cut off, and told so; the status is that of the command' {
	says run 7 portcullis run -- curl --silent https://198.51.100.7/
}

@test 'portcullis hook --check: it is current; it was edited' {
	local hook=$PREFIX/etc/portage/portcullis/phase.bash
	[[ ! $(screen portcullis hook --check) ]]
	cp "$hook" "$BATS_TEST_TMPDIR/hook"
	echo '# mine' >>"$hook"
	says hook 1 portcullis hook --check
	cat "$BATS_TEST_TMPDIR/hook" >"$hook"
}

@test 'portcullis gc: nothing is left' {
	shows gc 0 portcullis gc
}

@test 'a failed phase names the shell that opens it, and that opens it' {
	local line
	line=$(sed -n 's/.* same confinement, run: //p' "$PREFIX_LOG/broken" | head -n 1)
	[[ $line == "$PREFIX/usr/bin/portcullis shell =app-misc/broken-2 src_compile" ]]
	{
		printf '%s\n' '$ emerge --oneshot app-misc/broken' ...
		# What Portage says between them is not ours.
		sed -n '/ERROR:/,/gave up/p; /^ \* $/s/.*/.../p; /same confinement, run:/p' "$PREFIX_LOG/broken" | sed '/same confinement, run:/q' | uniq
	} | as_installed | sed "s|/usr/bin/portcullis|portcullis|" | broken | kept failed
	# shellcheck disable=SC2016 # for the shell in there
	run -0 prefix_run bash -c "$line"' -- eval '\''echo "$PF in $PWD, net $(readlink /proc/self/ns/net)"; declare -F src_compile; die "no end"; echo alive'\'
	[[ $output == *"broken-2 in $PREFIX_TMP/portage/app-misc/broken-2/"* ]]
	[[ $output == *src_compile* && $output == *alive* ]]
	[[ $output != *"net $(readlink /proc/self/ns/net)"* ]]
}

@test 'portcullis shell, typed into a terminal' {
	terminal_open
	terminal_type 'portcullis shell =app-misc/broken-2 src_compile'
	terminal_sees '(app-misc/broken-2 src_compile) broken-2 $'
	terminal_type 'src_compile'
	terminal_sees 'die: the compiler gave up'
	terminal_type 'curl https://198.51.100.7/'
	terminal_sees 'curl: (7)'
	terminal_type exit
	terminal_sees $'tried to reach 198.51.100.7:443, once\n$'
	# Behind the last command stands the prompt.
	terminal_taken | sed '$d' | kept shell
	terminal_type 'portcullis shell =app-misc/broken-2 src_compile -- sh -c "exit 5"; echo "status $?"'
	terminal_sees 'status 5'
}

@test 'portcullis completion, in a bash at a terminal' {
	terminal_open
	terminal_type 'source <(portcullis completion bash)'
	terminal_sees $'bash)\n$'
	# The first Tab completes as far as it goes, the second shows what there is.
	terminal_type 'portcullis explain --' Tab Tab C-u
	terminal_type 'echo done'
	terminal_sees $'\ndone'
	terminal_taken | sed '/^\$ echo done/,$d' | kept completion
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
		[one.package, one.phase, one.processes, one.memory > 1e6, one.elapsed > 0, more.length].join(" ")
	') == 'app-misc/slow-1 compile 2 true true 0' ]]
	# For a program: a line a second.
	[[ $(prefix_run portcullis status --watch --json | head -n 2 | grep -c '^\[{.*"app-misc/slow-1".*}\]$') == 2 ]]
	# In place, on the other screen of the terminal: until q.
	terminal_open
	terminal_type 'portcullis status --watch; echo over'
	terminal_sees 'app-misc/slow-1  src_compile'
	[[ $(terminal_taken) != *watch* ]]
	terminal_type q ''
	terminal_sees over
	[[ $(terminal_taken) == *watch* && $(terminal_taken) != *PACKAGE* ]]
	echo go >&"$hold"
	wait
	[[ $(prefix_run portcullis status) == 'No phase is running under Portcullis.' ]]
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
	prefix_run portcullis doctor | grep -q '^ok       cgroup .*'
}

@test 'confine --probe' {
	# A reason may be long, and is one line for whoever reads KEY=VALUE.
	taken 0 "$CONFINE" --probe
	sed "1s|$PREFIX||" "$BATS_TEST_TMPDIR/taken" | broken | kept probe
}
