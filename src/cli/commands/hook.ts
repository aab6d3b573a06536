// SPDX-License-Identifier: GPL-2.0-or-later
import type { Input } from '../command.ts';
import { renderHook } from '../../hook/render.ts';
import { print, printError } from '../../util/output.ts';
import { block } from '../../installation/paths.ts';
import { eprefixOf } from '../prefix.ts';

export async function run({ values, flags }: Input): Promise<number> {
	const eprefix = eprefixOf(values);
	if (flags.has('check')) {
		const { hookFindings } = await import('../../doctor/check_hook.ts');
		const wrong = hookFindings(eprefix).filter(({ state }) => state !== 'ok');
		for (const { title, meaning, fix } of wrong) printError(`portcullis: ${title}: ${meaning} ${fix}`);
		return wrong.length > 0 ? 1 : 0;
	}
	const text = flags.has('block') ? block(eprefix) : renderHook(eprefix);
	print(text.trimEnd().split('\n'));
	return 0;
}
