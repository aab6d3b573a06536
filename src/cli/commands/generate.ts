// SPDX-License-Identifier: GPL-2.0-or-later
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Input } from '../command.ts';
import { completionScripts } from './completion.ts';
import { eprefixOf } from '../prefix.ts';
import { renderHook } from '../../hook/render.ts';
import { block } from '../../installation/paths.ts';

/** Writes the hook, the block for bashrc and the completions into one directory, because each start of Node takes 40 ms. */
export function run({ values, words: [dir = ''] }: Input, commands: readonly [string, Command][]): number {
	const eprefix = eprefixOf(values);
	const texts = [['phase.bash', renderHook(eprefix)] as const, ['block', block(eprefix)] as const];
	const completions = Object.entries(completionScripts).map(
		([shell, render]) => [`completion.${shell}`, render(commands)] as const,
	);
	for (const [name, text] of [...texts, ...completions]) writeFileSync(join(dir, name), `${text.trimEnd()}\n`);
	return 0;
}
