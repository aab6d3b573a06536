// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync } from 'node:fs';
import { installation } from '../../installation/paths.ts';
import { makeConf } from '../../portage/make_conf.ts';
import { recordedPackages } from '../../records/reader.ts';
import { namesIn } from '../../util/files.ts';
import { isPackage, withoutVersion } from '../../util/grammar.ts';
import { print } from '../../util/output.ts';
import type { Candidates, CandidateList, Command, Input } from '../command.ts';

/** The functions that make the lists. None of them starts Portage, because a completion should take at most 0.1 s. */
const lists: Readonly<Record<CandidateList, (eprefix: string) => string[]>> = {
	installed: (eprefix) => packageFolders(`${eprefix}/var/db/pkg`).map(withoutVersion),
	recorded: recordedPackages,
	kept: (eprefix) => {
		const builds = `${makeConf(eprefix, 'PORTAGE_TMPDIR') ?? `${eprefix}/var/tmp`}/portage`;
		return packageFolders(builds).filter((name) => existsSync(`${builds}/${name}/temp/environment`));
	},
	file: () => [':file'],
	folder: () => [':folder'],
};

/**
 * Prints the completions of the last word of a command line, for src/cli/completion/: one WORD or WORD<TAB>DESCRIPTION per line, or only `:file`
 * or `:folder`, for which the shell completes paths. The shell omits the words that do not match.
 */
export function run({ command: words = [] }: Input, commands: readonly [string, Command][]): number {
	print(completions(words, commands));
	return 0;
}

function completions(words: readonly string[], commands: readonly [string, Command][]): readonly string[] {
	const [name = '', ...before] = words.slice(0, -1);
	const current = words.at(-1) ?? '';
	const summaries = commands.map(([one, { summary }]) => `${one}\t${summary}`);
	const help = '--help\tshow the help';
	if (words.length < 2) return [...summaries, 'help\tshow the help', help, '--version\tprint the version'];
	if (name === 'help') return summaries;
	const command = commands.find(([one]) => one === name)?.[1];
	if (command === undefined) return [];
	const options = new Map(Object.entries(command.options).map(([option, row]) => [`--${option}`, row]));
	const takesValue = (word = '') => options.get(word)?.value !== undefined;
	const option = [/^(--[^=]*)=/.exec(current)?.[1], before.at(-1)].find((word) => takesValue(word));
	if (option !== undefined) return candidates(options.get(option)?.candidates);
	if (current.startsWith('-')) return [...[...options].map(([one, { means }]) => `${one}\t${means}`), help];
	const at = before.filter((word, at) => !word.startsWith('-') && !takesValue(before[at - 1])).length;
	return candidates(command.candidates[at]);
}

function candidates(from: Candidates): readonly string[] {
	return typeof from === 'string' ? [...new Set(lists[from](installation().eprefix))] : (from ?? []);
}

/** Lists the folders CATEGORY/NAME in `top`. Omits invalid names, because they may contain characters that the shell expands. */
function packageFolders(top: string): string[] {
	const names = namesIn(top).flatMap((category) => namesIn(`${top}/${category}`).map((name) => `${category}/${name}`));
	return names.filter(isPackage);
}
