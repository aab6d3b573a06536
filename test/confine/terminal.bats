#!/usr/bin/env bats
# At a terminal: Ctrl-C counts once, Ctrl-Z and fg work, what a command reads is typed there.

load helper

setup_file() {
	confine_begin count
	cp "$TOP/test/portage/terminal.py" "$PLACE/"
}

at_terminal() {
	ordinary /usr/bin/python3 "$PLACE/terminal.py" "$@"
}

WAYS=('--net' '--net --cgroup x')

@test 'Ctrl-C counts once, and a signal that a process sends counts once' {
	local way
	# Several times: two that come close are one to the kernel.
	for way in "${WAYS[@]}" "${WAYS[1]}" "${WAYS[1]}" "${WAYS[1]}"; do
		# shellcheck disable=SC2086 # words
		run -0 at_terminal $'await ready\ntype \\x03\nend' -- "$CONFINE" $way -- "$PLACE/count"
		[[ $output == *'interrupts: 1'* ]] || {
			echo "$way: $output"
			return 1
		}
		# shellcheck disable=SC2086
		coproc COUNTER { exec 3>&- && ordinary "$CONFINE" $way -- "$PLACE/count"; }
		read -r line <&"${COUNTER[0]}"
		[[ $line == ready ]]
		# To confine itself, which hands it on.
		kill -INT "$(pgrep -of "$PLACE/count")"
		read -r line <&"${COUNTER[0]}"
		[[ $line == 'interrupts: 1' ]]
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
