import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
	AttemptedDestinations,
	checkAddition,
	generalAllowance,
	narrowAllowance,
	type Addition,
} from '../../records/allowance.ts';
import type { Input } from '../command.ts';
import { installation } from '../../installation/locate.ts';
import { print } from '../../util/output.ts';
import { paths } from '../../installation/paths.ts';
import { recordFiles, scan, unreadText, type Unread } from '../../records/reader.ts';
import { isNamed } from '../../records/report/collect.ts';
import { UsageError } from '../usage.ts';

export function run({ values, flags, words }: Input): number {
	const [word] = words;
	if (word === undefined || words.length > 1) throw new UsageError('allow takes one package, CATEGORY/NAME');
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	const additions = generalAllowance(word, eprefix);
	if (additions === undefined)
		throw new UsageError(`"${word}" is not a package. Use CATEGORY/NAME or =CATEGORY/NAME-VERSION`);
	const { attempted, unread } = attemptsOf(word, eprefix);
	const narrow = flags.has('whole') ? undefined : narrowAllowance(word, eprefix, attempted);
	const notes = flags.has('whole') ? [] : [...reservedNotes(attempted), ...unread.map(unreadText)];
	if (flags.has('write')) {
		print([...(narrow ?? additions).map((addition) => add(addition, eprefix)), ...notes]);
		return 0;
	}
	print([
		...(narrow === undefined
			? []
			: [
					'# Allow only the recorded destinations (--write adds these lines):',
					...narrow.flatMap(show),
					'',
					'# Or allow the whole network (--whole --write adds these lines):',
				]),
		...additions.flatMap(show),
		...notes.map((note) => `# ${note}`),
	]);
	return 0;
}

/** The destinations in the records of a package: of one version, or of all versions if the word has none. */
function attemptsOf(word: string, eprefix: string): { attempted: AttemptedDestinations; unread: Unread[] } {
	const attempted = new AttemptedDestinations();
	const name = word.replace(/^[<>=~]*/, '').replace(/:.*/, '');
	const unread = scan(recordFiles(paths(eprefix).logs), (record) => {
		if (isNamed(record.package, name)) attempted.add(record);
	});
	return { attempted, unread };
}

function reservedNotes({ reserved }: AttemptedDestinations): string[] {
	if (reserved.size === 0) return [];
	return [
		`Not included: ${[...reserved].join(' ')}. These are not addresses of another host. Add them to PORTCULLIS_ALLOW yourself if the build needs them.`,
	];
}

function show({ file, lines }: Addition): string[] {
	return [`# ${targetOf(file)}`, ...lines];
}

/** Adds the missing lines to a file, and returns a description of the change. */
function add(addition: Addition, eprefix: string): string {
	checkAddition(addition, eprefix);
	const { file, lines } = addition;
	const target = targetOf(file);
	const text = existsSync(target) ? readFileSync(target, 'utf8') : '';
	const present = text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
	const missing = lines.filter((line) => !present.includes(line));
	if (missing.length === 0) return `${target}: unchanged`;
	mkdirSync(dirname(target), { recursive: true });
	const gap = text === '' || text.endsWith('\n') ? '' : '\n';
	appendFileSync(target, `${gap}${missing.join('\n')}\n`);
	return `${target}: added ${missing.join('; ')}`;
}

/** The file to write: if the path is a folder, which Portage reads as well, the file `portcullis` in it. */
function targetOf(file: string): string {
	return existsSync(file) && statSync(file).isDirectory() ? join(file, 'portcullis') : file;
}
