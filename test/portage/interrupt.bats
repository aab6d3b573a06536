#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Killed and interrupted builds: no process of the phase and no cgroup remains.

load ../lib/prefix
load ../lib/phase_processes

# cgroup_prefix root|user [FEATURES [LINE...]]: a prefix with Portcullis and FEATURES=cgroup
cgroup_prefix() {
	prefix_make "$1" "cgroup ${2-}" "${@:3}"
	prefix_install_portcullis
}

# assert_gone LABEL [NAME]: waits until all processes of the phases of app-test/NAME (default: of all packages) have ended, and prints how long this took.
# Fails after 60 s.
assert_gone() {
	local start=${EPOCHREALTIME/./}
	until_true 60 no_phase_processes "${@:2}" || {
		echo "$1: these processes are still alive:"
		ps -o pid,ppid,stat,args -p "$(phase_processes "${@:2}" | paste -sd,)"
		return 1
	}
	printf '# %-44s gone after %d ms\n' "$1" $(((${EPOCHREALTIME/./} - start) / 1000)) >&3
}

# The processes of a phase, parents first. Each line: a title, a command that selects one of the matching processes, and a pattern for command lines.
readonly TARGETS='ebuild.sh|head -n1|ebuild.sh unpack $
the shell of the hook|sed -n 2p|ebuild.sh unpack $
confine|head -n1|portcullis/confine --
the init of confine|tail -n1|portcullis/confine --
the inner ebuild.sh|head -n1|ebuild.sh unpack portcullis-inside'

# delay_hook NAME FIFO: makes src_unpack of app-test/NAME write PREFIX_LOG/NAME.ready and wait for a writer of FIFO before the hook starts confine.
delay_hook() {
	local bashrc
	bashrc=$(<"$PREFIX/etc/portage/bashrc")
	cat >"$PREFIX/etc/portage/bashrc" <<-EOF
		if [[ \$PN:\$EBUILD_PHASE == $1:unpack ]]; then
			echo ready >"$PREFIX_LOG/$1.ready"
			: <"$2"
		fi
		$bashrc
	EOF
}

# assert_kills_clean_up LABEL root|user [FEATURES]: kills each process of a build with SIGKILL, each one in another package of one emerge, and
# finally emerge, when kill6 runs in confine and kill7 has not started confine. The builds wait in src_unpack, which has the sandboxes of
# src_compile here, so that fewer phases run before.
assert_kills_clean_up() {
	local target choice pattern pid name number=0 go waiter
	cgroup_prefix "$2" "${3-}" 'PORTCULLIS_UNPACK="confine"'
	for name in kill{1..7}; do
		waiting_package "$name" unpack
	done
	mkfifo -m 666 "$PREFIX_LOG/go"
	delay_hook kill7 "$PREFIX_LOG/go"
	start_emerge --oneshot --jobs=7 --load-average=99 app-test/kill{1..7}
	until_true 60 all_wait || {
		cat "$PREFIX_LOG/output"
		return 1
	}
	while IFS='|' read -r target choice pattern; do
		name=kill$((++number))
		pid=$(build_processes "$name" "$pattern" | eval "$choice")
		[[ $pid =~ ^[0-9]+$ ]] || {
			echo "not found: $target ($pid)"
			pstree -pa "$EMERGE_PID"
			return 1
		}
		kill -KILL "$pid"
		assert_gone "$1: kill -9 of $target" "$name"
		# emerge must detect the end of the phase.
		until_true 60 grep -q "Failed to emerge app-test/$name-1" "$PREFIX_LOG/output"
		assert_no_cgroup "$name"
	done <<<"$TARGETS"
	# The phase of the next package, kill6, still runs.
	[[ $(phase_processes kill6) ]]
	# Act like another emerge of the same package: it waits for the lock of the build directory, gets it when emerge is killed, and deletes .ipc.
	/usr/bin/python3 -c 'import fcntl, signal, sys
lock = open(sys.argv[1], "r+")
fcntl.lockf(lock, fcntl.LOCK_EX)
signal.pause()' "$PREFIX_TMP/portage/app-test/.kill6-1.portage_lockfile" 3>&- &
	waiter=$!
	until_true 60 grep -q -- "-> POSIX  *ADVISORY  *WRITE $waiter " /proc/locks
	kill -KILL "$EMERGE_PID"
	until_true 60 grep -q -- ": POSIX  *ADVISORY  *WRITE $waiter " /proc/locks
	rm -r "$PREFIX_TMP/portage/app-test/kill6-1/.ipc"
	assert_gone "$1: kill -9 of emerge" kill6
	kill "$waiter"
	assert_no_cgroup kill6
	# A PID namespace of Portage may have ended already, so do not wait until a process opens the FIFO for reading.
	exec {go}<>"$PREFIX_LOG/go"
	until_true 60 no_phase_processes kill7
	exec {go}>&-
	assert_no_cgroup kill7
}

all_wait() {
	local name
	for name in kill{1..7}; do
		[[ -s $PREFIX_LOG/$name.ready ]] || return
	done
}

# assert_no_cgroup NAME: a killed supervisor cannot remove the cgroup of app-test/NAME. The next run of confine removes it.
assert_no_cgroup() {
	[[ ! $(phase_cgroups "$1") ]] || "$CONFINE" --cgroup other -- true
	[[ ! $(phase_cgroups "$1") ]]
}

@test 'as an ordinary user, after kill -9 of emerge, ebuild.sh or confine, all processes of the phase end, and no cgroup remains after the next run of confine' {
	assert_kills_clean_up 'ordinary user' user
}

@test 'as root with the default FEATURES, after kill -9 of emerge, ebuild.sh or confine, all processes of the phase end, and no cgroup remains after the next run of confine' {
	assert_kills_clean_up 'root, default FEATURES' root
}

@test 'as root with FEATURES="-pid-sandbox -network-sandbox -ipc-sandbox", after kill -9 of emerge, ebuild.sh or confine, all processes of the phase end, and no cgroup remains after the next run of confine' {
	assert_kills_clean_up 'root, no pid-sandbox' root '-pid-sandbox -network-sandbox -ipc-sandbox'
}

@test 'as root with FEATURES=cgroup, but without userpriv and *-sandbox, after kill -9 of emerge, ebuild.sh or confine, all processes of the phase end, and no cgroup remains after the next run of confine' {
	assert_kills_clean_up 'root, as root' root '-pid-sandbox -network-sandbox -ipc-sandbox -mount-sandbox -userpriv -usersandbox'
	[[ $(record_values "$RECORDS" unpack r.tracking | tail -n1) == cgroup+pidns ]]
}

@test 'SIGTERM, SIGINT or SIGHUP to the process group of emerge ends all processes of the phase' {
	local signal
	cgroup_prefix user
	waiting_package
	for signal in TERM INT HUP; do
		set -m
		start_waiting_emerge
		set +m
		kill "-$signal" -- "-$EMERGE_PID"
		assert_gone "SIG$signal to the group"
		until_true 60 emerge_ended
		[[ ! $(phase_cgroups waits) ]]
	done
}

# On SIGTERM, emerge sends SIGTERM to ebuild.sh. bash handles the signal after the current command has ended.
@test "if only emerge gets SIGTERM, the phase ends after its current command, as without Portcullis" {
	cgroup_prefix user
	resumable_package
	start_waiting_emerge
	kill -TERM "$EMERGE_PID"
	touch "$PREFIX_LOG/go"
	until_true 60 emerge_ended
	assert_gone 'SIGTERM to emerge, after the current command'
	[[ $(<"$PREFIX_LOG/output") != *'exited unexpectedly'* && ! -e $PREFIX/var/db/pkg/app-test/waits-1 && ! $(phase_cgroups waits) ]]
}

@test 'on Ctrl-C, emerge exits with 130; when the terminal is closed, emerge exits with 129; in both cases no process of the phase remains' {
	local user
	for user in user root; do
		cgroup_prefix "$user"
		waiting_package
		run -130 prefix_run python3 "$TOP/test/lib/terminal.py" "file $PREFIX_LOG/waits.ready"$'\ntype \\x03\nend' -- \
			"${PREFIX_EMERGE[@]}" --oneshot app-test/waits
		assert_gone "$user: Ctrl-C"
		rm "$PREFIX_LOG/waits.ready"
		run -129 prefix_run python3 "$TOP/test/lib/terminal.py" "file $PREFIX_LOG/waits.ready"$'\nhang up\nend' -- \
			"${PREFIX_EMERGE[@]}" --oneshot app-test/waits
		assert_gone "$user: closed terminal"
		prefix_clean
	done
}

# A shell sends SIGHUP to its jobs when its terminal is closed.
@test 'a build started with nohup continues after the terminal is closed' {
	cgroup_prefix user
	resumable_package
	cat >"$PREFIX_LOG/rc" <<-EOF
		PS1='prompt> '
		build() { nohup ${PREFIX_EMERGE[*]@Q} --oneshot app-test/waits >/dev/null 2>&1 & }
	EOF
	run -129 prefix_run python3 "$TOP/test/lib/terminal.py" "await prompt>
		type build\\n
		file $PREFIX_LOG/waits.ready
		hang up
		end" -- bash --noprofile --noediting --rcfile "$PREFIX_LOG/rc" -i 3>&-
	[[ $(phase_processes) ]]
	touch "$PREFIX_LOG/go"
	until_true 60 test -e "$PREFIX/var/db/pkg/app-test/waits-1/environment.bz2"
}

@test 'a confined phase can read from the terminal' {
	local user
	for user in user root; do
		cgroup_prefix "$user"
		prefix_package app-test/asks-1 <<-EOF
			PROPERTIES="interactive"
			src_compile() {
				local answer
				read -rp 'Accept? ' answer && echo "\${answer}" >"$PREFIX_LOG/answer"
			}
		EOF
		run -0 prefix_run python3 "$TOP/test/lib/terminal.py" $'await Accept?\ntype yes\\n\nend' -- \
			"${PREFIX_EMERGE[@]}" --oneshot app-test/asks
		[[ $(<"$PREFIX_LOG/answer") == yes && $(record_values "$RECORDS" compile r.status.exit) == 0 ]]
		prefix_clean
	done
}

@test 'Ctrl-Z stops all processes of the phase and fg continues them' {
	cgroup_prefix user
	resumable_package
	cat >"$PREFIX_LOG/rc" <<-EOF
		PS1='prompt> '
		build() { ${PREFIX_EMERGE[*]@Q} --oneshot app-test/waits; }
		states() {
			grep -lz '^PORTAGE_BUILDDIR=$PREFIX_TMP/' /proc/[0-9]*/environ 2>/dev/null | sed 's/environ/stat/' |
				xargs cat 2>/dev/null | sed 's/.*) \(.\).*/\1/' | sort -u | paste -sd' ' | sed 's/^/states: /'
		}
	EOF
	run -0 prefix_run python3 "$TOP/test/lib/terminal.py" "await prompt>
		type build\\n
		file $PREFIX_LOG/waits.ready
		type \\x1a
		await prompt>
		type jobs\\n
		await Stopped
		await prompt>
		type states\\n
		await states: T
		await prompt>
		type touch $PREFIX_LOG/go\\n
		await prompt>
		type fg\\n
		await prompt>
		type echo status=\$?\\n
		await status=0
		await prompt>
		type exit\\n
		end" -- bash --noprofile --noediting --rcfile "$PREFIX_LOG/rc" -i
	[[ -e $PREFIX/var/db/pkg/app-test/waits-1 ]]
}
