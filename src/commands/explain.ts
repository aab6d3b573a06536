import type { Input } from '../commands.ts';
import { explain } from '../explain.ts';
import { words as wordsOf } from '../facts.ts';
import { otherPhases, srcPhases } from '../phases.ts';
import { problem, resolve } from '../settings.ts';
import { suggestion, UsageError } from '../usage.ts';

export function run({ values, words }: Input): number {
	if (values['features'] === undefined) throw new UsageError('explain needs --features "LIST"');
	const unpack = values['unpack'] ?? '';
	const wrong = problem('PORTCULLIS_UNPACK', unpack);
	if (wrong !== undefined) throw new UsageError(wrong);
	const phases = words.length > 0 ? words.map(phaseOf) : srcPhases;
	for (const phase of phases) {
		const lines = explain({
			phase,
			from: 'ebuild',
			features: wordsOf(values['features']),
			restrict: wordsOf(values['restrict']),
			properties: wordsOf(values['properties']),
			settings: resolve({ PORTCULLIS_UNPACK: unpack }),
		});
		process.stdout.write(`${lines.join('\n')}\n`);
	}
	return 0;
}

/** compile, or src_compile */
function phaseOf(word: string): string {
	const phase = word.replace(/^(src|pkg)_/, '');
	const known: readonly string[] = [...srcPhases, ...otherPhases.filter(Boolean)];
	if (!known.includes(phase)) throw new UsageError(`there is no phase "${word}"${suggestion(phase, known)}`);
	return phase;
}
