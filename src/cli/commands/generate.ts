// SPDX-License-Identifier: GPL-2.0-or-later
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../command.ts';
import { completionScripts } from './completion.ts';
import { eprefixOf } from '../prefix.ts';
import { renderHook } from '../../hook/render.ts';
import { block } from '../../installation/paths.ts';

/** Writes the hook, the block for bashrc and the completions into one directory, because each start of Node takes 40 ms. */
export function run({ values, words: [dir = ''] }: Input): number {
	const eprefix = eprefixOf(values);
	const completions = [...completionScripts].map(([shell, script]) => [`completion.${shell}`, script] as const);
	for (const [name, text] of [['phase.bash', renderHook(eprefix)], ['block', block(eprefix)], ...completions] as const)
		writeFileSync(join(dir, name), `${text.trimEnd()}\n`);
	return 0;
}
