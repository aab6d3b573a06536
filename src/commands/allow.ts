import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { allowance, narrowAllowance, type Addition } from '../allow.ts';
import type { Input } from '../command.ts';
import { installation } from '../installation.ts';
import { paths } from '../paths.ts';
import type { RunRecord } from '../record.ts';
import { recordFiles, scan } from '../records.ts';
import { isNamed } from '../report/collect.ts';
import { UsageError } from '../usage.ts';

export function run({ values, flags, words }: Input): number {
	const [word] = words;
	if (word === undefined || words.length > 1) throw new UsageError('allow takes one package: CATEGORY/NAME');
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	const additions = allowance(word, eprefix);
	if (additions === undefined)
		throw new UsageError(`"${word}" is no package: say CATEGORY/NAME, or =CATEGORY/NAME-VERSION`);
	const narrow = flags.has('whole') ? undefined : narrowAllowance(word, eprefix, recordsOf(word, eprefix));
	if (flags.has('write')) return print((narrow ?? additions).map(add));
	if (narrow === undefined) return print(additions.map(show));
	return print([
		'# What it has tried to reach, and nothing else (--write adds this):',
		...narrow.map(show),
		'',
		'# Or the whole network (--whole --write):',
		...additions.map(show),
	]);
}

function print(lines: readonly string[]): number {
	process.stdout.write(`${lines.join('\n')}\n`);
	return 0;
}

/** What is known of a package, of all its versions where the word has none. */
function recordsOf(word: string, eprefix: string): RunRecord[] {
	const found: RunRecord[] = [];
	const name = word.replace(/^[<>=~]*/, '').replace(/:.*/, '');
	scan(recordFiles(paths(eprefix).logs), {
		quiet: () => undefined,
		eventful: (record) => {
			if (isNamed(record.package, name)) found.push(record);
		},
		unreadable: () => undefined,
	});
	return found;
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
