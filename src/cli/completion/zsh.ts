// SPDX-License-Identifier: GPL-2.0-or-later
import type { Candidates, Command } from '../command.ts';

export function zshCompletion(names: readonly [string, Command][]): string {
	return `#compdef portcullis
# zsh completion for portcullis, written by \`portcullis completion zsh\`

_portcullis_candidates() {
	local -a names
	names=(\${(f)"$(portcullis candidates $1 2>/dev/null)"})
	compadd -a names
}

_portcullis() {
	local -a commands
	commands=(
${names.map(([name, { summary }]) => `		${word(`${name}:${summary}`)}`).join('\n')}
	)
	if ((CURRENT == 2)); then
		_describe command commands
		_arguments '--help[show the help]' '--version[print the version]'
		return
	fi
	local command=\${words[2]}
	shift words
	((CURRENT--))
	case $command in
	help) _describe command commands ;;
${names.map(([name, command]) => branch(name, command)).join('\n')}
	esac
}

_portcullis "$@"
`;
}

function branch(name: string, command: Command): string {
	const specs = Object.entries(command.options).map(([option, { value, means, candidates }]) =>
		word(
			`--${option}${value === undefined ? '' : '='}[${escape(means)}]${value === undefined ? '' : `:${value}:${action(candidates)}`}`,
		),
	);
	const endpoints = command.candidates.map((candidates, at) => word(`${at + 1}:word:${action(candidates)}`));
	return `	${name}) _arguments ${[...specs, "'--help[show the help]'", ...endpoints].join(' ')} ;;`;
}

function action(candidates: Candidates): string {
	if (candidates === undefined) return ' ';
	if (typeof candidates !== 'string') return `(${candidates.join(' ')})`;
	const actions: Readonly<Record<string, string>> = { file: '_files', folder: '_files -/', command: '_command_names' };
	return actions[candidates] ?? `{_portcullis_candidates ${candidates}}`;
}

function escape(text: string): string {
	return text.replace(/[[\]:]/g, '\\$&');
}

function word(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
