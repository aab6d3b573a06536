import { describe, findCollisions } from '../collide.ts';
import type { Input } from '../commands.ts';
import { aroundOf } from '../evidence/around.ts';
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
	const features = wordsOf(values['features']);
	const around = aroundOf(process.env, features);
	const facts = {
		from: 'ebuild',
		features,
		restrict: wordsOf(values['restrict']),
		properties: wordsOf(values['properties']),
		fakeroot: around.uid !== 0 && features.includes('fakeroot'),
		settings: resolve({ PORTCULLIS_UNPACK: unpack }),
	};
	for (const phase of phases) process.stdout.write(`${explain({ ...facts, phase }).join('\n')}\n`);
	// What a phase would find is looked for in the environment that this was started in.
	for (const found of findCollisions({ ...facts, phase: '' }, around)) {
		process.stdout.write(`\n${describe(found, around).join('\n  ')}\n`);
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
