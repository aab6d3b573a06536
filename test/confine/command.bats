#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The options of confine, and the status, files, signals and environment of its command.

load confine_helper

setup() {
	RECORD=$BATS_TEST_TMPDIR/record
}

# Two modes: with these options, confine replaces itself with the command (first element), or supervises the command (second element).
MODES=('--net' "--net --cgroup x")

@test 'confine --help lists all options and exits with 0' {
	local option
	local -a options
	run -0 --separate-stderr "$CONFINE" --help
	[[ ! ${stderr-} ]]
	# Read the names of the options from the table in options.c, which has one line for each option.
	mapfile -t options < <(sed -nE 's/^\t\{"(--[a-z-]+)[ "].*/\1/p' "$TOP/native/options/options.c")
	((${#options[@]} >= 20))
	for option in "${options[@]}"; do
		[[ $output == *$'\n'"  $option "* ]] || {
			echo "--help omits $option"
			return 1
		}
	done
	[[ $(grep -c '^  --' <<<"$output") == "${#options[@]}" ]]
}

@test 'if an option is invalid, confine prints one line about the mistake, exits with 125 and does not run the command' {
	local line
	local -a labels=() pids=()
	while IFS= read -r line; do
		# shellcheck disable=SC2086 # words
		run -125 --separate-stderr "$CONFINE" ${line%%#*}
		[[ ! $output && ${stderr-} != *$'\n'* && ${stderr-} == "confine: "*"${line#*# }"* ]] || {
			echo "$line: $output ${stderr-}"
			return 1
		}
	done <<-'EOF'
		# no command
		--net # no command
		--net -- # no command
		--nett -- echo ran # unknown option: --nett
		--net=yes -- echo ran # unknown option: --net=yes
		-n -- echo ran # unknown option: -n
		--net echo ran # -- is missing before the command: echo
		--cgroup # a value is missing after: --cgroup
		--cgroup ../x -- echo ran # --cgroup takes
		--cgroup a/b -- echo ran # --cgroup takes
		--cgroup .. -- echo ran # --cgroup takes
		--limit memory.max=8G -- echo ran # --limit needs --cgroup
		--cgroup x --limit memory.high=8G -- echo ran # --limit takes
		--cgroup x --limit memory.max=8X -- echo ran # memory.max=BYTES
		--cgroup x --limit memory.max= -- echo ran # memory.max=BYTES
		--cgroup x --limit cpu.max=0% -- echo ran # cpu.max=N%
		--cgroup x --limit pids.max=1k -- echo ran # pids.max=N
		--uses shm -- echo ran # --uses takes an absolute path
		--die-with 0 -- echo ran # --die-with takes a process id
		--die-with -1 -- echo ran # --die-with takes a process id
		--die-with 99999999999 -- echo ran # --die-with takes a process id
		--die-with 1x -- echo ran # --die-with takes a process id
		--environ x -- echo ran # --environ takes
		--label A=b -- echo ran # --label takes
		--label =b -- echo ran # --label takes
		--label b -- echo ran # --label takes
		--probe -- echo ran # --probe and --gc take no command
	EOF
	run -125 "$CONFINE" --cgroup "$(printf '%0201d' 0)" -- echo ran
	[[ $output == *'--cgroup takes up to 200'* ]]
	for line in {1..17}; do
		labels+=(--label a="$line")
		pids+=(--die-with "$line")
	done
	run -125 "$CONFINE" "${labels[@]}" -- echo ran
	[[ $output == *'too many options: --label'* ]]
	run -125 "$CONFINE" "${pids[@]}" -- echo ran
	[[ $output == *'too many options: --die-with'* ]]
}

@test 'confine exits with the status of the command, with 126 if the command cannot be executed and with 127 if the command is not found' {
	local mode status
	for mode in "${MODES[@]}" '--net --best-effort' ''; do
		for status in 0 1 2 77 124 125 126 127 128 130 143 255; do
			# shellcheck disable=SC2086
			run "-$status" "$CONFINE" $mode -- bash -c "exit $status"
			[[ ! $output ]]
		done
		# shellcheck disable=SC2086
		run -127 --separate-stderr "$CONFINE" $mode -- no-such-command-here
		[[ ${stderr-} == 'confine: no-such-command-here: No such file or directory' ]]
		# shellcheck disable=SC2086
		run -126 --separate-stderr "$CONFINE" $mode -- "$TEST_DIR"
		[[ ${stderr-} == "confine: $TEST_DIR: Permission denied" ]]
	done
}

@test 'if a signal kills the command, confine dies by the same signal' {
	local mode signal
	for mode in "${MODES[@]}"; do
		for signal in HUP INT QUIT ABRT KILL USR1 SEGV PIPE ALRM TERM; do
			# shellcheck disable=SC2086,SC2016
			run -0 python3 -c 'import subprocess, sys; print(-subprocess.call(sys.argv[1:]))' "$CONFINE" $mode -- sh -c "ulimit -c 0; kill -$signal \$\$; exit 99"
			[[ $output == "$(kill -l "$signal")" ]] || {
				echo "$mode $signal: $output"
				return 1
			}
		done
	done
}

@test 'confine passes all file descriptors of the caller to the command, and no descriptor that confine has opened' {
	local mode lock=$BATS_TEST_TMPDIR/lock
	cat >"$BATS_TEST_TMPDIR/see" <<-'EOF'
		for fd in /proc/$$/fd/*; do
			echo "${fd##*/} $(readlink "$fd" | sed 's/pipe:.*/pipe/')"
		done
		cat <&200
	EOF
	exec {held}<>"$lock" && flock "$held"
	exec 5<"$BATS_TEST_FILENAME" 9>"$BATS_TEST_TMPDIR/nine"
	bash "$BATS_TEST_TMPDIR/see" 200< <(echo through) >"$BATS_TEST_TMPDIR/plain"
	[[ $(<"$BATS_TEST_TMPDIR/plain") == *$'\n9 '*$'\n'through ]]
	for mode in "${MODES[@]}" "--ipc --cgroup x --record $RECORD --notice-file $RECORD.notice --die-with $$ --die-with-lock $lock" '--best-effort'; do
		# shellcheck disable=SC2086
		"$CONFINE" $mode -- bash "$BATS_TEST_TMPDIR/see" 200< <(echo through) >"$BATS_TEST_TMPDIR/seen"
		diff <(sed 's/plain$/seen/' "$BATS_TEST_TMPDIR/plain") "$BATS_TEST_TMPDIR/seen"
	done
	exec {held}>&-
}

@test 'confine --die-with-lock FILE opens FILE if another process has locked FILE, and does not open the locked target of FILE if FILE is a symbolic link' {
	local name lock=$BATS_TEST_TMPDIR/lock
	ln -s lock "$BATS_TEST_TMPDIR/link"
	for name in lock link; do
		# shellcheck disable=SC2016
		run -0 python3 -c 'import fcntl, subprocess, sys
held = open(sys.argv[1], "w")
fcntl.lockf(held, fcntl.LOCK_EX)
sys.exit(subprocess.call(sys.argv[2:]))' "$lock" "$CONFINE" --die-with-lock "$BATS_TEST_TMPDIR/$name" -- \
			bash -c 'read -r _ _ _ supervisor _ <"/proc/$PPID/stat" && readlink "/proc/$supervisor/fd/"*'
		echo "$output"
		[[ ($name == lock && $output == *"$lock"*) || ($name == link && $output != *"$lock"* && $output == *socket:*) ]]
	done
}

@test 'confine --die-with-lock FILE does not run the command if no process holds a POSIX lock or an flock lock on FILE' {
	local held lock=$BATS_TEST_TMPDIR/lock
	exec {held}<>"$lock"
	run -125 "$CONFINE" --die-with-lock "$lock" -- touch "$BATS_TEST_TMPDIR/ran"
	[[ ! -e $BATS_TEST_TMPDIR/ran ]]
	flock "$held"
	run -0 "$CONFINE" --die-with-lock "$lock" -- true
	exec {held}>&-
}

@test 'confine --die-with-file PATH kills the command when the file or directory PATH is deleted' {
	local path
	for path in file directory; do
		mkdir -p "$BATS_TEST_TMPDIR/directory"
		echo >"$BATS_TEST_TMPDIR/file"
		run -137 "$CONFINE" --die-with-file "$BATS_TEST_TMPDIR/$path" -- bash -c 'rm -r "$1"; exec sleep 1000' - "$BATS_TEST_TMPDIR/$path"
		[[ ! -e $BATS_TEST_TMPDIR/$path ]]
	done
}

@test 'a stdin, stdout or stderr that is closed at the start of confine is closed for the command too' {
	local mode
	for mode in "${MODES[@]}"; do
		# shellcheck disable=SC2086
		run -0 "$CONFINE" $mode --record "$RECORD" -- bash -c 'echo out; echo err >&2' <&-
		[[ $output == $'out\nerr' ]]
		# shellcheck disable=SC2086
		assert_status 3 "$CONFINE" $mode --record "$RECORD" -- bash -c 'exit 3' >&- 2>&- <&-
		[[ $(record_value "$RECORD" r.status.exit) == 3 ]]
	done
}

@test 'confine passes the arguments after -- unchanged to the command' {
	local mode
	for mode in "${MODES[@]}"; do
		# shellcheck disable=SC2086
		run -0 "$CONFINE" $mode -- printf '<%s>' '' ' ' '--' $'a\nb' '--net' $'\xff'
		[[ $output == $'<>< ><--><a\nb><--net><\xff>' ]]
	done
}

@test 'under confine, a command has the same blocked and ignored signals as the caller of confine' {
	local mode plain
	plain=$(python3 -c '
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
for s in (signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE): signal.signal(s, signal.SIG_IGN)
os.execvp("grep", ["grep", "^Sig[BIC]", "/proc/self/status"])')
	for mode in "${MODES[@]}" '--best-effort'; do
		# shellcheck disable=SC2086
		run -0 python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
for s in (signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE): signal.signal(s, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])' "$CONFINE" $mode -- grep '^Sig[BIC]' /proc/self/status
		[[ $output == "$plain" ]]
	done
}

@test 'confine --environ sets the whole environment of the command, up to 1.8 MB' {
	local mode blob
	blob=$(printf '%0100000d' 0)
	for _ in {1..18}; do
		printf 'BLOB%s=%s\0' "$_" "$blob"
	done >"$BATS_TEST_TMPDIR/environ"
	printf 'EMPTY=\0LINES=a\nb\0LD_PRELOAD=\0CONFINE_ENV_X=kept\0' >>"$BATS_TEST_TMPDIR/environ"
	for mode in "${MODES[@]}"; do
		exec {environ}<"$BATS_TEST_TMPDIR/environ"
		# shellcheck disable=SC2086
		MINE=1 "$CONFINE" $mode --environ "$environ" -- /bin/cat /proc/self/environ >"$BATS_TEST_TMPDIR/seen"
		cmp "$BATS_TEST_TMPDIR/environ" "$BATS_TEST_TMPDIR/seen"
		exec {environ}>&-
		# shellcheck disable=SC2086
		run -0 "$CONFINE" $mode --environ 7 -- /bin/sh -c '[ ! -e /proc/self/fd/7 ]' 7<"$BATS_TEST_TMPDIR/seen"
	done
	run -125 "$CONFINE" --net --environ 9 -- echo ran 9>&-
	[[ $output == 'confine: --environ 9: '*'this file descriptor is not open' ]]
}

@test 'a variable CONFINE_ENV_NAME becomes NAME in the environment of the command that confine runs' {
	local mode
	for mode in "${MODES[@]}"; do
		# shellcheck disable=SC2086
		run -0 env -i PATH="$PATH" A=outer CONFINE_ENV_A=inner CONFINE_ENV_TMPDIR=/t CONFINE_ENV_EMPTY= CONFINE_ENV_=unnamed \
			"$CONFINE" $mode -- env
		[[ $(sort <<<"$output") == $'A=inner\nCONFINE_ENV_=unnamed\nEMPTY=\nPATH='*$'\nTMPDIR=/t' ]] || {
			echo "$output"
			return 1
		}
	done
}

@test 'confine searches for the command in the PATH that --environ or CONFINE_ENV_PATH sets' {
	# env(1) also searches in the PATH that it sets.
	printf '#!/bin/sh\necho found\n' >"$BATS_TEST_TMPDIR/only-here"
	chmod 755 "$BATS_TEST_TMPDIR/only-here"
	run -0 env CONFINE_ENV_PATH="$BATS_TEST_TMPDIR:$PATH" "$CONFINE" --net -- only-here
	[[ $output == found ]]
	run -0 "$CONFINE" --net --environ 7 -- only-here 7< <(printf 'PATH=%s\0' "$BATS_TEST_TMPDIR:$PATH")
	[[ $output == found ]]
}
