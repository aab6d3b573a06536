#!/usr/bin/env bats
# A phase that fails fails as it did; one that we stop says why, and what to do.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

# What a run printed, without what differs between any two: pids, and the line of ebuild.sh in bash's own messages; and
# without our line about the shell.
printed() {
	sed -E '/portcullis shell =app-test/d; s/ +[0-9]+ (Killed|Terminated)/ N \1/; s/(line +)[0-9]+/\1N/' <<<"$output"
}

@test 'die in a nested subshell, a command that is not there, exit, SIGKILL: the same message and status as without us' {
	local how
	local -A bodies=(
		[die]='( ( die "deep down" ) ); echo unreached'
		[missing]='no-such-command || die "no command"'
		[exit]='exit 7'
		[killed]='kill -KILL ${BASHPID}'
	)
	for how in "${!bodies[@]}"; do
		prefix_package "app-test/$how-1" <<<"src_compile() { note_namespaces; ${bodies[$how]}; }"
		run -1 prefix_ebuild "app-test/$how-1" clean compile
		printed >"$BATS_TEST_TMPDIR/$how"
	done
	prefix_install_portcullis
	for how in "${!bodies[@]}"; do
		run -1 prefix_ebuild "app-test/$how-1" clean compile
		expect_kind compile net apart
		diff "$BATS_TEST_TMPDIR/$how" <(printed)
		[[ $how == killed || $output == *"/portcullis shell =app-test/$how-1 src_compile"* ]]
	done
}

# cannot COMMAND...: as the prefix' user, where the kernel has no user namespace for it
cannot() {
	# shellcheck disable=SC2016 # for the inner shell
	prefix_run unshare --user --map-current-user --keep-caps -- /bin/bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces || exit
		exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"
	' - "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" "$@" </dev/null
}

@test 'an unavailable sandbox is reported once per emerge, with the reason and the fix' {
	prefix_package app-test/one-1 </dev/null
	prefix_package app-test/two-1 </dev/null
	prefix_install_portcullis
	run -0 cannot --oneshot app-test/one app-test/two
	expect_kind compile net host
	[[ $(grep -c '^ \* Portcullis:' <<<"$output") -eq 2 ]] # while it builds, and in the closing summary
	[[ $output == *'Portcullis: app-test/one-1: src_unpack runs without ipc-sandbox: '*'`portcullis doctor`'*'PORTCULLIS_ON_FAILURE="die"'* ]]

	# Without Node what there is to say comes from the hook: once a package.
	echo 'process.exit(1)' >"$PREFIX/usr/lib/portcullis/portcullis.js"
	run -0 cannot --oneshot app-test/one
	[[ $(grep -c '^ \* Portcullis: app-test/one-1: src_[a-z]* runs without .*portcullis doctor' <<<"$output") -eq 2 ]]
}

@test 'PORTCULLIS_ON_FAILURE=die: nothing is built that could not be confined' {
	prefix_conf 'PORTCULLIS_ON_FAILURE="die"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -1 cannot --oneshot app-test/probe
	[[ $output == *"Portcullis: app-test/probe-1: src_unpack was not started: "*' is not available here: '* ]]
	[[ $output == *'To find the cause, run: portcullis doctor'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ $(prefix_phases | paste -sd' ') == 'pretend setup' ]]
}

@test 'confine is missing, or can not be started' {
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	rm "$CONFINE"
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(grep -c "^ \* Portcullis: app-test/probe-1: src_[a-z]* runs without ipc-sandbox: $CONFINE does not exist or is not executable\." <<<"$output") -eq 2 ]]
	[[ $(grep -c 'Portcullis:' <<<"$output") -eq 2 ]]

	prefix_conf 'PORTCULLIS_ON_FAILURE="die"'
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *"src_unpack was not started: $CONFINE does not exist or is not executable. To find the cause, run: portcullis doctor"* ]]
	[[ $output != *'exited unexpectedly'* ]]

	# A file that is no program: it must neither be taken for a failed phase, nor the phase for a confined one.
	prefix_conf
	printf '\x7fELF' >"$CONFINE"
	chmod 755 "$CONFINE"
	rm "$PREFIX_LOG/phases"
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *'src_unpack was not started: confine exited with status 127.'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ $(prefix_phases | paste -sd' ') == 'pretend setup' ]]
}
