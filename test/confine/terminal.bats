#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine at a terminal: Ctrl-C, Ctrl-Z, fg, input, the end of the terminal, and signals that confine forwards.

load confine_helper

setup_file() {
	confine_begin count_interrupts
	cp "$TOP/test/lib/terminal.py" "$TEST_DIR/"
}

at_terminal() {
	as_user /usr/bin/python3 "$TEST_DIR/terminal.py" "$@"
}

MODES=('--net' '--net --cgroup x')

assert_one_interrupt() {
	[[ $output == *'interrupts: 1'* ]] || {
		echo "$mode: $output"
		return 1
	}
}

# The test stops the supervisor and init of confine while the command receives SIGINT from Ctrl-C. When they continue, they
# would forward their own SIGINT before SIGUSR1, which has a higher number.
@test 'on Ctrl-C, the command of confine receives SIGINT once' {
	local mode hold
	for mode in "${MODES[@]}"; do
		hold=stop
		# Without --cgroup, confine replaces itself with the command, so there is no supervisor to stop.
		[[ $mode == *--cgroup* ]] || hold=
		# shellcheck disable=SC2086 # words
		run -0 at_terminal "await ready
			$hold
			type \\x03
			await interrupted
			${hold:+go on}
			signal USR1
			end" -- "$CONFINE" $mode -- "$TEST_DIR/count_interrupts"
		assert_one_interrupt
	done
}

@test 'confine forwards a received signal to the command once' {
	local mode
	for mode in "${MODES[@]}"; do
		# shellcheck disable=SC2086 # words
		run -0 at_terminal $'await ready\nsignal INT\nawait interrupted\nsignal USR1\nend' -- "$CONFINE" $mode -- "$TEST_DIR/count_interrupts"
		assert_one_interrupt
	done
}

@test 'Ctrl-Z stops confine and the command, fg continues both, and confine exits with the status of the command' {
	local mode
	for mode in "${MODES[@]}"; do
		cat >"$TEST_DIR/rc" <<-EOF
			PS1='prompt> '
			work() { "$CONFINE" $mode -- bash -c 'echo running; read -r line; echo "got \$line"; exit 5'; }
		EOF
		run -0 at_terminal $'await prompt>
			type work\\n
			await running
			type \\x1a
			await prompt>
			suspended
			type jobs\\n
			await Stopped
			await prompt>
			type fg\\n
			type word\\n
			await got word
			await prompt>
			type echo status=$?\\n
			await status=5
			await prompt>
			type exit\\n
			end' -- bash --noprofile --noediting --rcfile "$TEST_DIR/rc" -i
	done
}

@test 'if the terminal closes, confine and the command exit' {
	assert_status 129 at_terminal $'await started\nhang up\nend' -- "$CONFINE" --net --cgroup x -- bash -c \
		'exec -a "$1" sleep 1000 & echo started; wait' - "$TEST_DIR-closed" >/dev/null
	until_true 60 eval '[[ ! $(live_processes "$TEST_DIR-closed") ]]'
}

# hold_init SUPERVISOR: starts a process that stops the init process of confine. Sets TRACER
hold_init() {
	local init
	init=$(pgrep -x -P "$1" confine)
	# PTRACE_SEIZE and PTRACE_INTERRUPT: after SIGSTOP, the supervisor would continue init at once. __WALL: reaps init, so that the supervisor can.
	/usr/bin/python3 -c '
import ctypes, os, sys
libc, init = ctypes.CDLL(None), int(sys.argv[1])
for request in 0x4206, 0x4207:
    assert libc.ptrace(request, init, 0, 0) == 0
while os.WIFSTOPPED(os.waitpid(init, 0x40000000)[1]):
    pass' "$init" 3>&- &
	TRACER=$!
	until_true 60 grep -q '^State:.t' "/proc/$init/status"
}

# has_read_signals PID: succeeds if the process sleeps and no signal is pending
has_read_signals() {
	[[ $(grep -cE '^State:.S|^ShdPnd:.0*$' "/proc/$1/status") == 2 ]]
}

@test 'confine kills the phase if the init process of confine does not confirm a forwarded signal within 5 s, not counting time in which confine is stopped' {
	local name TRACER stopped_tracer
	local -A pids
	for name in stopped running; do
		"$CONFINE" --net --cgroup "$CGROUP" -- "$TEST_DIR/count_interrupts" >"$TEST_DIR/$name" 3>&- &
		pids[$name]=$!
		until_true 60 grep -q ready "$TEST_DIR/$name"
		hold_init "${pids[$name]}"
		kill -USR1 "${pids[$name]}"
		until_true 60 has_read_signals "${pids[$name]}"
		[[ $name == running ]] || {
			kill -STOP "${pids[$name]}"
			stopped_tracer=$TRACER
		}
	done
	assert_status 137 wait "${pids[running]}"
	kill -CONT "${pids[stopped]}"
	until_true 60 has_read_signals "${pids[stopped]}"
	kill "$stopped_tracer"
	wait "${pids[stopped]}"
	grep -qx 'interrupts: 0' "$TEST_DIR/stopped"
}
