import type { Input } from '../command.ts';
import { renderHook } from '../hook.ts';
import { installation } from '../installation.ts';
import { block } from '../paths.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`hook takes no argument, and was given "${words[0]}"`);
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	if (eprefix !== '' && !eprefix.startsWith('/')) {
		throw new UsageError(`--eprefix takes an absolute path, not "${eprefix}"`);
	}
	if (flags.has('check')) {
		const { hookFindings } = await import('../doctor/hook.ts');
		const wrong = hookFindings(eprefix, '').filter(({ state }) => state !== 'good');
		for (const { title, means, way } of wrong) process.stderr.write(`portcullis: ${title}: ${means} ${way}\n`);
		return wrong.length > 0 ? 1 : 0;
	}
	process.stdout.write(flags.has('block') ? block(eprefix) : renderHook(eprefix));
	return 0;
}
