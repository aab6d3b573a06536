#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The output of each command on a terminal. `scripts/screens` writes the output to docs/screens, and the man pages include these files.

load ../lib/prefix
load screens

setup_file() {
	prefix_host_begin && screens_begin
	screens_export
}

@test 'portcullis --version prints the version, and --help of portcullis and of each command prints at most 80 columns' {
	local name
	assert_screen help 0 portcullis --help
	[[ $(screen portcullis --version) == "portcullis $(node -p 'require(process.argv[1]).version' "$TOP/package.json")" ]]
	# Node before 20.19 does not detect whether a file is an ES module.
	! node --help | grep -q -- -experimental-detect-module ||
		prefix_run env NODE_OPTIONS=--no-experimental-detect-module portcullis --version
	while read -r name; do
		screen portcullis "$name" --help >"$BATS_TEST_TMPDIR/screen"
		[[ $(head -n 1 "$BATS_TEST_TMPDIR/screen") == "usage: portcullis $name"* ]]
		assert_80_columns
		[[ $(screen portcullis help "$name") == "$(<"$BATS_TEST_TMPDIR/screen")" ]]
	done < <(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$TOP/docs/screens/help.txt")
}

@test 'portcullis report lists blocked connection attempts first and fits a screen of 24 lines' {
	assert_screen report 0 portcullis report
	[[ $(sed -n 2p "$BATS_TEST_TMPDIR/screen") == 'Blocked: 2 attempts of 1 package'* ]]
	grep -q 'files.example.org' "$BATS_TEST_TMPDIR/screen"
	grep -q '198.51.100.7:443' "$BATS_TEST_TMPDIR/screen"
	grep -q 'sleep 300' "$BATS_TEST_TMPDIR/screen"
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis report prints only the phases that match PACKAGE and --since TIME' {
	assert_screen report-package 0 portcullis report greeter
	[[ $(screen portcullis report --since 1h greeter) == "$(tail -n +2 "$BATS_TEST_TMPDIR/screen")" ]]
	[[ $(screen portcullis report --since 2999-01-01) == 'No matching phase is recorded.' ]]
}

@test 'portcullis report --last prints only the packages of the last run of emerge' {
	run -0 prefix_run portcullis report --last
	[[ $output == *'app-misc/broken-2 src_compile'*'4 phases of 1 package'* ]]
	[[ $output != *greeter* ]]
	# Remove the PID and start time of emerge from the last record only.
	sed '$s/,"run":"[^"]*"//' "$RECORDS" >"$PREFIX_LOG/records"
	run -1 prefix_run portcullis report --last --records "$PREFIX_LOG/records"
	[[ $output == 'portcullis: --last cannot select the last run of emerge, because the last record names no run. To see all phases, run: '*"portcullis report --records $PREFIX_LOG/records" ]]
	echo nonsense >"$PREFIX_LOG/records"
	run -1 prefix_run portcullis report --last --records "$PREFIX_LOG/records"
	[[ $output == "portcullis: no phase is recorded. 1 line of $PREFIX_LOG/records could not be read: "* ]]
}

@test 'portcullis report exits with 1 and prints one line if a package has no records or a file cannot be read' {
	run -1 prefix_run portcullis report greter
	[[ $output == 'portcullis: no phase of greter is recorded; did you mean greeter?' ]]
	run -1 prefix_run portcullis report --since 2999-01-01 greeter
	[[ $output == 'portcullis: no phase of greeter is recorded since 2999-01-01' ]]
	run -1 prefix_run portcullis report --records /nowhere
	[[ $output == 'portcullis: /nowhere: no such file or directory' ]]
	run -1 prefix_run portcullis report --html /nowhere/page
	[[ $output == 'portcullis: /nowhere/page: no such file or directory' ]]
	chmod 0 "$RECORDS"
	run -1 prefix_run portcullis report greeter
	chmod 644 "$RECORDS"
	[[ $output == *"$RECORDS was not read: permission denied." ]]
}

@test 'portcullis report prints statistics with --stats and JSON with --json, and writes an HTML page with --html' {
	assert_screen report-stats 0 portcullis report --stats
	assert_screen report-html 0 portcullis report --html builds.html
	grep -q '<h2>Blocked</h2>' "$PREFIX_ROOT/builds.html"
	[[ $(prefix_run portcullis report --json greeter | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).phases') == 6 ]]
}

@test 'portcullis prints lines of at most 60 columns on a terminal of 60 columns' {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # the line is split into arguments
		SCREEN_COLUMNS=60 screen portcullis $words >"$BATS_TEST_TMPDIR/narrow"
		[[ -s $BATS_TEST_TMPDIR/narrow ]]
		run -1 env LC_ALL=C.UTF-8 grep -nE '^.{61}' "$BATS_TEST_TMPDIR/narrow"
	done < <(
		printf '%s\n' report 'report greeter' 'report --stats' 'report --last' doctor 'doctor --verbose' info 'explain greeter' status --help
		sed -n 's/^  \([a-z]*\)  .*/\1 --help/p' "$TOP/docs/screens/help.txt"
	)
}

@test 'on a terminal, portcullis report shows the progress of reading a large file' {
	yes "$(head -n 1 "$RECORDS")" | head -c 40M >"$PREFIX_ROOT/large"
	screen portcullis report --stats --records large >/dev/null
	rm "$PREFIX_ROOT/large"
	grep -q $'reading large: 50 %\e\\[K\rreading large: 5[1-9] %' "$PREFIX_LOG/screen"
}

@test 'on a working installation, portcullis doctor exits with 0 and fits a screen of 24 lines' {
	assert_screen doctor 0 portcullis doctor
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'if user namespaces are disabled, portcullis doctor reports the cause and the fix' {
	# Set the limit to 0 in a new user namespace, whose owner may do this, so that the limit of the host does not change.
	local off='echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"'
	capture 1 unshare --user --map-current-user --keep-caps -- /bin/bash -c "$off" - portcullis doctor
	sed '1s/.* - /$ /' "$BATS_TEST_TMPDIR/screen_with_prompt" | assert_documented doctor-error
	assert_80_columns
	(($(wc -l <"$BATS_TEST_TMPDIR/screen") <= 24))
}

@test 'portcullis info prints the versions of Portcullis and Portage, one line for each sandbox, and the settings' {
	assert_screen info 0 portcullis info
	grep -qx 'network-sandbox: requested; Portcullis applies it' "$BATS_TEST_TMPDIR/screen"
	grep -qx 'pid-sandbox:     requested; Portcullis applies it' "$BATS_TEST_TMPDIR/screen"
	grep -q '^Portage:         3\.' "$BATS_TEST_TMPDIR/screen"
	# If the output is a pipe, portcullis does not wrap long lines.
	prefix_run portcullis info | grep -q '^FEATURES=".* cgroup .*network-sandbox .*"$'
}

@test 'portcullis explain PACKAGE prints which sandboxes apply to each phase, and why' {
	assert_screen explain 0 portcullis explain dev-python/greeter
}

@test 'portcullis allow PACKAGE prints the configuration lines that allow the blocked connections of PACKAGE, --write adds these lines once, and --remove removes them' {
	assert_screen allow 0 portcullis allow greeter
	assert_messages allow-write 0 portcullis allow --write greeter
	[[ $(screen portcullis allow --write dev-python/greeter) == *': unchanged'*': unchanged'* ]]
	[[ $(screen portcullis explain dev-python/greeter) == *'198.51.100.7:443'* ]]
	assert_messages allow-remove 0 portcullis allow --remove greeter
	[[ ! -e $PREFIX/etc/portage/package.env && ! $(ls "$PREFIX/etc/portage/env") ]]
}

@test 'portcullis run reports blocked connection attempts and exits with the status of the command' {
	assert_messages run 7 portcullis run -- curl --silent https://198.51.100.7/
}

@test 'portcullis hook --check prints nothing for a current hook and exits with 1 for an edited hook' {
	local hook=$PREFIX/usr/share/portcullis/phase.bash
	[[ ! $(screen portcullis hook --check) ]]
	cp "$hook" "$BATS_TEST_TMPDIR/hook"
	echo '# mine' >>"$hook"
	assert_messages hook 1 portcullis hook --check
	cat "$BATS_TEST_TMPDIR/hook" >"$hook"
}

@test 'portcullis try builds and tests a package in all sandboxes, does not merge the package, and prints a report' {
	prefix_package app-misc/tried-1 <<-'EOF'
		src_test() {
			curl --silent http://198.51.100.7/data
			readlink /proc/self/ns/ipc
		}
	EOF
	prefix_conf 'FEATURES="cgroup -ipc-sandbox"' 'PORTCULLIS_AUDIT="only"'
	assert_screen try 0 portcullis try app-misc/tried
	prefix_conf 'FEATURES="test cgroup"'
	grep -q $'\rapp-misc/tried-1: src_[a-z]*, [0-9.]* s\e\\[K' "$PREFIX_LOG/screen"
	[[ $(prefix_phases | paste -sd' ') == *'setup unpack prepare configure compile install' && ! -e $PREFIX/var/db/pkg/app-misc/tried-1 ]]
	run -0 record_values "$RECORDS" test 'r.applied.ipc'
	[[ ${lines[-1]} == confine ]]
	[[ -d $PREFIX_TMP/portage/app-misc/tried-1/image ]]
}

@test 'if the build fails, portcullis try prints the last lines of the build output and exits with 1' {
	run -1 prefix_run portcullis try "$PREFIX_REPO/app-misc/broken/broken-2.ebuild"
	[[ $output == *'the compiler gave up'*'src_compile '*'failed (1)'*'run: '*'portcullis shell app-misc/broken-2 src_compile' ]]
	run -1 prefix_run portcullis try app-misc/none
	[[ $output == 'portcullis: Portage has no package app-misc/none' ]]
	# Without the hook in bashrc, portcullis try refuses to build, because no phase would be isolated.
	mv "$PREFIX/etc/portage/bashrc" "$BATS_TEST_TMPDIR/bashrc"
	run -1 prefix_run portcullis try app-misc/broken
	mv "$BATS_TEST_TMPDIR/bashrc" "$PREFIX/etc/portage/bashrc"
	[[ $output == 'portcullis: '*'install.sh'* ]]
}

@test 'portcullis gc prints the number of removed cgroups' {
	assert_screen gc 0 portcullis gc
}

@test 'if a phase fails, emerge prints a portcullis shell command, which opens a confined shell in the build directory of that phase' {
	local line
	line=$(sed -n 's/.* same confinement, run: //p' "$PREFIX_LOG/broken" | head -n 1)
	[[ $line == "$PREFIX/usr/bin/portcullis shell app-misc/broken-2 src_compile" ]]
	{
		printf '%s\n' '$ emerge --oneshot app-misc/broken' ...
		# Omit other output of Portage.
		sed -n '/ERROR:/,/gave up/p; /^ \* $/s/.*/.../p; /same confinement, run:/p' "$PREFIX_LOG/broken" | sed '/same confinement, run:/q' | uniq
	} | as_installed | break_lines | assert_documented failed
	# shellcheck disable=SC2016 # the inner shell expands it
	run -0 prefix_run bash -c "$line"' -- eval '\''echo "$PF in $PWD, net $(readlink /proc/self/ns/net)"; declare -F src_compile; die "no end"; echo alive'\'
	[[ $output == *"broken-2 in $PREFIX_TMP/portage/app-misc/broken-2/"* ]]
	[[ $output == *src_compile* && $output == *alive* ]]
	[[ $output != *"net $(readlink /proc/self/ns/net)"* ]]
}

@test 'portcullis shell runs phase functions in a confined interactive shell' {
	terminal_open
	terminal_type 'portcullis shell =app-misc/broken-2 src_compile'
	terminal_wait_for '(app-misc/broken-2 src_compile) broken-2 $'
	terminal_type 'src_compile'
	terminal_wait_for 'die: the compiler gave up'
	terminal_type 'curl https://198.51.100.7/'
	terminal_wait_for 'curl: (7)'
	terminal_type exit
	terminal_wait_for $'blocked (curl → 198.51.100.7:443)\n$'
	# The last line is the prompt.
	terminal_text | sed '$d' | assert_documented shell
	terminal_type 'portcullis shell =app-misc/broken-2 src_compile -- sh -c "exit 5"; echo "status $?"'
	terminal_wait_for 'status 5'
}

@test 'with the output of portcullis completion bash, Tab completes options in an interactive bash' {
	terminal_open
	terminal_type 'source <(portcullis completion bash)'
	terminal_wait_for $'bash)\n$'
	# The first Tab completes the common prefix, the second lists the candidates.
	terminal_type 'portcullis explain --' Tab Tab C-u
	terminal_type 'echo done'
	terminal_wait_for $'\ndone'
	terminal_text | sed '/^\$ echo done/,$d' | assert_documented completion
}

@test 'portcullis status and portcullis status --watch show a running phase' {
	local fifo=$PREFIX_LOG/go emerge
	mkfifo -m 666 "$fifo"
	# Opening a FIFO for reading and writing does not block.
	exec {hold}<>"$fifo"
	prefix_package app-misc/slow-1 <<<"src_compile() { curl --silent https://198.51.100.7/; echo started; read -r <'$fifo'; }"
	prefix_emerge --oneshot app-misc/slow >"$PREFIX_LOG/slow" 2>&1 {hold}>&- &
	emerge=$!
	until_true 60 grep -q started "$PREFIX_LOG/slow"
	assert_screen status 0 portcullis status
	# The phase has two processes: ebuild.sh, which waits in read, and its parent.
	[[ $(prefix_run portcullis status --json | node -p '
		const [one, ...more] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
		[one.package, one.phase, one.processes, one.memory > 1e6, one.elapsed > 0, one.blocked, more.length].join(" ")
	') == 'app-misc/slow-1 compile 2 true true 1 0' ]]
	# --json prints one line per second.
	[[ $(prefix_run portcullis status --watch --json | head -n 2 | grep -c '^\[{.*"app-misc/slow-1".*}\]$') == 2 ]]
	# On a terminal, `portcullis status --watch` uses the alternate screen until q is pressed.
	terminal_open
	terminal_type 'portcullis status --watch; echo over'
	terminal_wait_for 'app-misc/slow-1  src_compile'
	[[ $(terminal_text) != *watch* ]]
	terminal_type q ''
	terminal_wait_for over
	[[ $(terminal_text) == *watch* && $(terminal_text) != *PACKAGE* ]]
	echo go >&"$hold"
	wait "$emerge"
	[[ $(prefix_run portcullis status) == 'No phase is running under Portcullis.' ]]
}

@test 'on a usage error, portcullis prints one line, suggests a similar word and exits with 2' {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # the line is split into arguments
		run -2 prefix_run portcullis $words
		((${#lines[@]} == 1))
		[[ $output == 'portcullis: '* ]]
	done <<-'EOF'
		doctr
		report --sicne 3d
		report a b
		report --json=false
		report --since
		report --records /
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

@test 'portcullis prints colours on a terminal, but not in a pipe or with NO_COLOR or TERM=dumb' {
	local esc=$'\e['
	PREFIX_ENV+=(TERM=xterm LC_ALL=C.UTF-8)
	[[ $(screen env -u NO_COLOR portcullis report) == *"$esc"* ]]
	[[ $(screen env NO_COLOR=1 portcullis report) != *"$esc"* ]]
	[[ $(screen env -u NO_COLOR TERM=dumb portcullis report) != *"$esc"* ]]
	[[ $(prefix_run env -u NO_COLOR portcullis report) != *"$esc"* ]]
	# In a pipe long lines are not wrapped.
	prefix_run portcullis doctor | grep -q '^ok *cgroup .*'
}

@test 'confine --probe prints the available sandboxes as KEY=VALUE lines' {
	# Each KEY=VALUE is one line, however long, so that scripts can parse it.
	capture 0 "$CONFINE" --probe
	sed "1s|$PREFIX||" "$BATS_TEST_TMPDIR/screen_with_prompt" | break_lines | assert_documented probe
}
