// SPDX-License-Identifier: GPL-2.0-or-later
import { UsageError, type Command, type Input } from '../command.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { print } from '../../util/output.ts';
import { suggestion } from '../../util/suggestion.ts';

export const completionScripts: Readonly<Record<string, (commands: readonly [string, Command][]) => string>> = {
	bash: bashCompletion,
	zsh: zshCompletion,
	fish: fishCompletion,
};

export function run({ words: [name = ''] }: Input, commands: readonly [string, Command][]): number {
	const known = Object.keys(completionScripts);
	const render = known.includes(name) ? completionScripts[name] : undefined;
	if (render === undefined)
		throw new UsageError(`completion takes one of ${known.join(', ')}${suggestion(name, known)}`);
	print(render(commands).trimEnd().split('\n'));
	return 0;
}
