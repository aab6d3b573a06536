import type { Input } from '../commands.ts';
import { renderHook } from '../hook.ts';
import { installation } from '../installation.ts';
import { block } from '../paths.ts';
import { UsageError } from '../usage.ts';

export function run({ values, flags, words }: Input): number {
	if (words[0] !== undefined) throw new UsageError(`hook takes no argument, and was given "${words[0]}"`);
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	if (eprefix !== '' && !eprefix.startsWith('/')) {
		throw new UsageError(`--eprefix takes an absolute path, not "${eprefix}"`);
	}
	process.stdout.write(flags.has('block') ? block(eprefix) : renderHook(eprefix));
	return 0;
}
