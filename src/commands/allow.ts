import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { allowance, type Addition } from '../allow.ts';
import type { Input } from '../commands.ts';
import { installation } from '../installation.ts';
import { UsageError } from '../usage.ts';

export function run({ values, flags, words }: Input): number {
	const [word] = words;
	if (word === undefined || words.length > 1) throw new UsageError('allow takes one package: CATEGORY/NAME');
	const additions = allowance(word, (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, ''));
	if (additions === undefined)
		throw new UsageError(`"${word}" is no package: say CATEGORY/NAME, or =CATEGORY/NAME-VERSION`);
	for (const addition of additions) process.stdout.write(`${(flags.has('write') ? add : show)(addition)}\n`);
	return 0;
}

function show({ file, lines }: Addition): string {
	return [`# ${place(file)}`, ...lines].join('\n');
}

/** Adds what is not there yet; what is there stays as it is. */
function add({ file, lines }: Addition): string {
	const target = place(file);
	const text = existsSync(target) ? readFileSync(target, 'utf8') : '';
	const present = text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
	const missing = lines.filter((line) => !present.includes(line));
	if (missing.length === 0) return `${target} has it already`;
	mkdirSync(dirname(target), { recursive: true });
	const gap = text === '' || text.endsWith('\n') ? '' : '\n';
	appendFileSync(target, `${gap}${missing.join('\n')}\n`);
	return `${target}: added ${missing.join('; ')}`;
}

/** Where Portage reads a folder in the file's place, a file of ours in there. */
function place(file: string): string {
	return existsSync(file) && statSync(file).isDirectory() ? join(file, 'portcullis') : file;
}
