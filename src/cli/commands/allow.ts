import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { allowance, checkAddition, narrowAllowance, Tried, type Addition } from '../../records/allowance.ts';
import type { Input } from '../command.ts';
import { installation } from '../../installation/locate.ts';
import { print } from '../../util/output.ts';
import { paths } from '../../installation/paths.ts';
import { recordFiles, scan, unreadText, type Unread } from '../../records/reader.ts';
import { isNamed } from '../../records/report/collect.ts';
import { UsageError } from '../usage.ts';

export function run({ values, flags, words }: Input): number {
	const [word] = words;
	if (word === undefined || words.length > 1) throw new UsageError('allow takes one package: CATEGORY/NAME');
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	const additions = allowance(word, eprefix);
	if (additions === undefined)
		throw new UsageError(`"${word}" is no package: say CATEGORY/NAME, or =CATEGORY/NAME-VERSION`);
	const { tried, unread } = recordsOf(word, eprefix);
	const narrow = flags.has('whole') ? undefined : narrowAllowance(word, eprefix, tried);
	const notes = flags.has('whole') ? [] : [...reservedNotes(tried), ...unread.map(unreadText)];
	if (flags.has('write')) {
		print([...(narrow ?? additions).map((one) => add(one, eprefix)), ...notes]);
		return 0;
	}
	print([
		...(narrow === undefined
			? []
			: [
					'# What it has tried to reach, and nothing else (--write adds this):',
					...narrow.flatMap(show),
					'',
					'# Or the whole network (--whole --write):',
				]),
		...additions.flatMap(show),
		...notes.map((note) => `# ${note}`),
	]);
	return 0;
}

/** What is known of a package, of all its versions where the word has none. */
function recordsOf(word: string, eprefix: string): { tried: Tried; unread: Unread[] } {
	const tried = new Tried();
	const name = word.replace(/^[<>=~]*/, '').replace(/:.*/, '');
	const unread = scan(recordFiles(paths(eprefix).logs), (record) => {
		if (isNamed(record.package, name)) tried.add(record);
	});
	return { tried, unread };
}

function reservedNotes({ reserved }: Tried): string[] {
	if (reserved.size === 0) return [];
	return [
		`Left out: ${[...reserved].join(' ')}. These are not addresses of another host; write them yourself if you mean them.`,
	];
}

function show({ file, lines }: Addition): string[] {
	return [`# ${place(file)}`, ...lines];
}

/** Adds what is not there yet; what is there stays as it is. */
function add(addition: Addition, eprefix: string): string {
	checkAddition(addition, eprefix);
	const { file, lines } = addition;
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
