#!/usr/bin/env bats
# At a terminal: Ctrl-C counts once, Ctrl-Z and fg work, what a command reads is typed there.

load helper

setup_file() {
	confine_begin count_interrupts
	cp "$TOP/test/lib/terminal.py" "$PLACE/"
}

at_terminal() {
	ordinary /usr/bin/python3 "$PLACE/terminal.py" "$@"
}

WAYS=('--net' '--net --cgroup x')

# The command has its Ctrl-C while confine, supervisor and init, can do nothing. What these would make of theirs, they do before
# they hand on the next signal: its number is higher.
@test 'Ctrl-C counts once' {
	local way hold
	for way in "${WAYS[@]}"; do
		hold=stop
		# Where nobody stays outside, confine has become the command itself.
		[[ $way == *--cgroup* ]] || hold=
		# shellcheck disable=SC2086 # words
		run -0 at_terminal "await ready
			$hold
			type \\x03
			await interrupted
			${hold:+go on}
			signal USR1
			end" -- "$CONFINE" $way -- "$PLACE/count_interrupts"
		[[ $output == *'interrupts: 1'* ]] || {
			echo "$way: $output"
			return 1
		}
	done
}

@test 'a signal that a process sends to confine counts once' {
	local way
	for way in "${WAYS[@]}"; do
		# shellcheck disable=SC2086 # words
		run -0 at_terminal $'await ready\nsignal INT\nawait interrupted\nsignal USR1\nend' -- "$CONFINE" $way -- "$PLACE/count_interrupts"
		[[ $output == *'interrupts: 1'* ]] || {
			echo "$way: $output"
			return 1
		}
	done
}

@test 'Ctrl-Z stops all of it, fg goes on, and the status is that of the command' {
	local way
	for way in "${WAYS[@]}"; do
		cat >"$PLACE/rc" <<-EOF
			PS1='prompt> '
			work() { "$CONFINE" $way -- bash -c 'echo running; read -r line; echo "got \$line"; exit 5'; }
		EOF
		run -0 at_terminal $'await prompt>
			type work\\n
			await running
			type \\x1a
			await prompt>
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
			end' -- bash --noprofile --noediting --rcfile "$PLACE/rc" -i
	done
}

@test 'a closed terminal ends it all' {
	at_terminal $'await there\nhang up\nend' -- "$CONFINE" --net --cgroup x -- bash -c \
		'exec -a "$1" sleep 1000 & echo there; wait' - "$PLACE-closed" >/dev/null || [[ $? == 129 ]]
	until_true 1 eval '[[ ! $(marked "$PLACE-closed") ]]'
}
