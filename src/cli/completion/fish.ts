// SPDX-License-Identifier: GPL-2.0-or-later
import type { Candidates, Command } from '../command.ts';

export function fishCompletion(names: readonly [string, Command][]): string {
	return `# fish completion for portcullis, written by \`portcullis completion fish\`

# Whether this many words after the command are not options.
function __portcullis_at
	set -l words (commandline -opc)[3..-1]
	test (count (string match -v -- '-*' $words)) -eq $argv[1]
end

complete -c portcullis -f
complete -c portcullis -n __fish_use_subcommand -l help -d 'show the help'
complete -c portcullis -n __fish_use_subcommand -l version -d 'print the version'
${names.flatMap(([name, command]) => lines(name, command)).join('\n')}
`;
}

function lines(name: string, command: Command): string[] {
	const within = `-n '__fish_seen_subcommand_from ${name}'`;
	return [
		`complete -c portcullis -n __fish_use_subcommand -a ${name} -d ${word(command.summary)}`,
		...Object.entries(command.options).map(
			([option, { value, means, candidates }]) =>
				`complete -c portcullis ${within} -l ${option} -d ${word(means)}${value === undefined ? '' : ` -x${list(candidates)}`}`,
		),
		`complete -c portcullis ${within} -l help -d 'show the help'`,
		...command.candidates.flatMap((candidates, at) =>
			candidates === undefined
				? []
				: [
						`complete -c portcullis -n '__fish_seen_subcommand_from ${name}; and __portcullis_at ${at}'${list(candidates)}`,
					],
		),
	];
}

function list(candidates: Candidates): string {
	if (candidates === undefined) return '';
	if (typeof candidates !== 'string') return ` -a ${word(candidates.join(' '))}`;
	const calls: Readonly<Record<string, string>> = {
		file: '__fish_complete_path',
		folder: '__fish_complete_directories',
		command: '__fish_complete_command',
	};
	return ` -a '(${calls[candidates] ?? `portcullis candidates ${candidates} 2>/dev/null`})'`;
}

function word(text: string): string {
	return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
