#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A failing phase fails in the same way as without Portcullis. If Portcullis stops a phase, the message has the reason and the fix.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

# Prints the output of the last run without pids, line numbers of ebuild.sh and Portcullis's hint about `portcullis shell`.
comparable_output() {
	sed -E '/portcullis shell app-test/d; s/ +[0-9]+ (Killed|Terminated)/ N \1/; s/(line +)[0-9]+/\1N/' <<<"$output"
}

@test 'a phase that fails by die in a subshell, a missing command, exit, a failed git clone or SIGKILL prints the same output as without Portcullis, plus a portcullis shell command' {
	local how
	local -A bodies=(
		[die]='( ( die "deep down" ) ); echo unreached'
		[missing]='no-such-command || die "no command"'
		[git]='git clone -q /nonexistent x || exit'
		[exit]='exit 7'
		[killed]='kill -KILL ${BASHPID}'
	)
	# To run few phases, let src_unpack fail. PORTCULLIS_UNPACK=confine gives it the sandboxes of src_compile.
	prefix_conf 'PORTCULLIS_UNPACK="confine"'
	for how in "${!bodies[@]}"; do
		prefix_package "app-test/$how-1" <<<"src_unpack() { record_namespaces; ${bodies[$how]}; }"
		run -1 prefix_ebuild "app-test/$how-1" clean unpack
		comparable_output >"$BATS_TEST_TMPDIR/$how"
	done
	prefix_install_portcullis
	for how in "${!bodies[@]}"; do
		run -1 prefix_ebuild "app-test/$how-1" clean unpack
		assert_namespace unpack net own
		diff "$BATS_TEST_TMPDIR/$how" <(comparable_output)
		[[ $output == *"run: $PREFIX/usr/bin/portcullis shell app-test/$how-1 src_unpack"* ]] || {
			echo "$how: $output"
			return 1
		}
	done
}

# emerge_without_userns ARG...: runs emerge in a user namespace in which the kernel refuses to create further user namespaces
emerge_without_userns() {
	# shellcheck disable=SC2016 # the inner shell expands it
	prefix_run unshare --user --map-current-user --keep-caps -- /bin/bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces || exit
		exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"
	' - "${PREFIX_EMERGE[@]}" "$@" </dev/null
}

@test 'without user namespaces, the hook warns once per run of emerge; the warning names the unavailable sandboxes, the weaker network filter and the command that enables user namespaces' {
	prefix_package app-test/one-1 </dev/null
	prefix_package app-test/two-1 </dev/null
	prefix_install_portcullis
	run -0 emerge_without_userns --oneshot app-test/one app-test/two
	assert_namespace compile net host
	[[ $(grep -c '^ \* Portcullis:' <<<"$output") -eq 2 ]] # in the phase and in the summary of emerge
	local cause='user namespaces are disabled: user.max_user_namespaces is 0 (unshare(CLONE_NEWUSER): No space left on device)'
	[[ $output == *"* Portcullis: app-test/one-1: src_unpack: ipc-sandbox and pid-sandbox are not available, so builds can access the message queues and the shared memory of this host, and without a network namespace, network-sandbox only filters system calls and is weaker: $cause. As root, run: sysctl -w user.max_user_namespaces=15000"$'\n'* ]]
	[[ $(prefix_run "$PREFIX/usr/bin/portcullis" report) == *"Not fully confined: 2 packages (\`$PREFIX/usr/bin/portcullis doctor\` shows the fix)"* ]]

	# If portcullis.js fails, the hook itself prints the message about missing sandboxes, once per package.
	echo 'process.exit(1)' >"$PREFIX/usr/share/portcullis/portcullis.js"
	run -0 emerge_without_userns --oneshot app-test/one
	[[ $(grep -c '^ \* Portcullis: app-test/one-1: src_unpack runs without network-sandbox, ipc-sandbox, pid-sandbox: .*portcullis doctor' <<<"$output") -eq 2 ]]
}

@test 'without user namespaces, PORTCULLIS_ON_FAILURE=die stops emerge before src_unpack, unless only network-sandbox is requested, for which the network filter suffices' {
	prefix_conf 'PORTCULLIS_ON_FAILURE="die"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -1 emerge_without_userns --oneshot app-test/probe
	[[ $output == *"Portcullis: app-test/probe-1: src_unpack: the build stops, because PORTCULLIS_ON_FAILURE=\"die\" is set and ipc-sandbox and pid-sandbox are not available: user namespaces are disabled: "*'. As root, run: sysctl -w user.max_user_namespaces=15000'$'\n'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ $(prefix_phases) == setup ]]
	prefix_conf 'PORTCULLIS_ON_FAILURE="die"' 'FEATURES="-ipc-sandbox -pid-sandbox"'
	run -0 emerge_without_userns --oneshot app-test/probe
	[[ $(record_values "$RECORDS" compile r.applied.net) == filter ]]
}

@test 'if confine is missing, phases run without sandboxes, or with PORTCULLIS_ON_FAILURE=die the build stops; if confine is not a valid program, the build always stops' {
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	rm "$CONFINE"
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(grep -c "^ \* Portcullis: app-test/probe-1: src_unpack runs without network-sandbox, ipc-sandbox, pid-sandbox: $CONFINE does not exist or is not executable\." <<<"$output") -eq 2 ]]
	[[ $(grep -c 'Portcullis:' <<<"$output") -eq 2 ]]

	prefix_conf 'PORTCULLIS_ON_FAILURE="die"'
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *"src_unpack: the build stops, because PORTCULLIS_ON_FAILURE=\"die\" is set and $CONFINE does not exist or is not executable. To find the cause, run: $PREFIX/usr/bin/portcullis doctor"* ]]
	[[ $output != *'exited unexpectedly'* ]]

	# An invalid executable file is a failure of confine, not of the phase. The phase must not run.
	prefix_conf
	printf '\x7fELF' >"$CONFINE"
	chmod 755 "$CONFINE"
	rm "$PREFIX_LOG/phases"
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *'src_unpack: the build stops, because confine exited with status 127 and did not start the phase.'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ $(prefix_phases) == setup ]]
}
