// SPDX-License-Identifier: GPL-2.0-or-later
import type { Candidates, Command } from '../command.ts';

/** Returns a completion script for bash. The script works with and without the package bash-completion. */
export function bashCompletion(names: readonly [string, Command][]): string {
	return `# bash completion for portcullis, written by \`portcullis completion bash\`
# shellcheck shell=bash

_portcullis() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} at=-1 word
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W '${names.map(([name]) => name).join(' ')} help --help --version' -- "$current")
		return
	fi
	# The index of the current word among the words that are not options.
	for word in "\${COMP_WORDS[@]:2:COMP_CWORD-1}"; do
		[[ $word == -* ]] || at=$((at + 1))
	done
	case $command in
	help) mapfile -t COMPREPLY < <(compgen -W '${names.map(([name]) => name).join(' ')}' -- "$current") ;;
${names.map(([name, command]) => branch(name, command)).join('\n')}
	esac
}

complete -F _portcullis portcullis
`;
}

function branch(name: string, command: Command): string {
	const options = Object.entries(command.options);
	const values = options.flatMap(([option, { value, candidates }]) =>
		value === undefined ? [] : [`		--${option}) ${reply(candidates)} return ;;`],
	);
	const endpoints = command.candidates.map((candidates, at) => `		${at}) ${reply(candidates)} ;;`);
	const flags = [...options.map(([option]) => `--${option}`), '--help'].join(' ');
	return [
		`	${name})`,
		...(values.length > 0 ? ['		case $previous in', ...values, '		esac'] : []),
		'		if [[ $current == -* ]]; then',
		`			mapfile -t COMPREPLY < <(compgen -W '${flags}' -- "$current")`,
		'			return',
		'		fi',
		...(endpoints.length > 0 ? ['		case $at in', ...endpoints, '		esac'] : []),
		'		;;',
	].join('\n');
}

function reply(candidates: Candidates): string {
	if (candidates === undefined) return 'true;';
	const how =
		typeof candidates !== 'string'
			? `-W '${candidates.join(' ')}'`
			: ({ file: '-f', folder: '-d', command: '-c' }[candidates as string] ??
				`-W "$(portcullis candidates ${candidates} 2>/dev/null)"`);
	return `mapfile -t COMPREPLY < <(compgen ${how} -- "$current");`;
}
