// SPDX-License-Identifier: GPL-2.0-or-later
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
	additionsFor,
	allowedBy,
	atomOf,
	AttemptedDestinations,
	checkAddition,
	envFiles,
	mostDestinations,
	wholeNetwork,
	type Addition,
} from '../../records/allowance.ts';
import { UsageError, type Input } from '../command.ts';
import { proxyFindings } from '../../doctor/check_destinations.ts';
import { readFile } from '../../util/files.ts';
import { print } from '../../util/output.ts';
import { paths, targetOf } from '../../installation/paths.ts';
import { portcullis } from '../../messages/message.ts';
import { resolvePortage } from '../../portage/resolve_package.ts';
import { recordFiles, scan, unreadText, type Unread } from '../../records/reader.ts';
import { matcher } from '../../records/report/collect.ts';
import { count } from '../../util/units.ts';
import { prefixOf } from '../prefix.ts';

export async function run({ values, flags, words: [word = ''] }: Input): Promise<number> {
	if (flags.has('remove') && flags.size > 1) throw new UsageError('allow: --remove takes no other flag');
	const eprefix = prefixOf(values);
	// With --remove CATEGORY/..., do not ask Portage for the package, because the package may no longer exist.
	const found = flags.has('remove') && word.includes('/') ? undefined : await resolvePortage(eprefix, word);
	const atom = atomOf(
		word.includes('/') ? word : word.replace(/^[<>=~]*/, `$&${found?.package?.names['CATEGORY'] ?? ''}/`),
	);
	if (atom === undefined)
		throw new UsageError(`"${word}" is not a package. Use CATEGORY/NAME or =CATEGORY/NAME-VERSION`);
	if (flags.has('remove')) {
		print(remove(atom, eprefix));
		return 0;
	}
	const { destinations, notes } = flags.has('whole')
		? { destinations: 'whole' as const, notes: [] }
		: recordedDestinations(atom, eprefix);
	const proxyNotes = flags.has('whole') ? [] : proxyFindings(found?.package?.features ?? []);
	const additions = additionsFor(atom, eprefix, destinations);
	print([
		...additions.flatMap((addition) =>
			flags.has('write') ? add(addition, eprefix) : [`# ${targetOf(addition.file)}`, ...addition.lines],
		),
		...notes.map((note) => `# ${note}`),
		...proxyNotes.map(({ meaning, fix }) => `# ${meaning} ${fix}`),
		...(flags.has('write') ? [] : ['# To add these lines, run the same command with --write.']),
	]);
	return 0;
}

/** Finds the destinations that a package tried to reach, in its records. Throws an Error if there are none or more than mostDestinations. */
function recordedDestinations(atom: string, eprefix: string): { destinations: string[]; notes: string[] } {
	const attempted = new AttemptedDestinations();
	const name = atom.replace(/^[<>=~]*/, '').replace(/:.*/, '');
	const isNamed = matcher(name);
	const unread: Unread[] = scan(recordFiles(paths(eprefix).logs), (record) => {
		if (isNamed(record.package)) attempted.add(record);
	});
	const entries = attempted.entries();
	const guesses = entries.flatMap(({ entry, isGuess }) => (isGuess ? entry : []));
	const reserved = [...attempted.reserved].join(' ');
	const notes = [
		guesses.length > 0 && `The port is a guess, because only the lookup of the name is recorded: ${guesses.join(' ')}.`,
		reserved !== '' &&
			`Not included: ${reserved}. These are not addresses of another host. Add them to PORTCULLIS_ALLOW yourself if the build needs them.`,
		...unread.map(unreadText),
	].filter((note) => note !== false);
	if (entries.length > 0 && entries.length <= mostDestinations)
		return { destinations: entries.map(({ entry }) => entry), notes };
	const none = 'no destination that PORTCULLIS_ALLOW can permit';
	const what = entries.length === 0 ? none : `more than ${count(mostDestinations, 'destination')}`;
	const advice = `To permit the whole network, run: ${portcullis('allow', '--whole', atom)}`;
	throw new Error([`the records of ${atom} contain ${what}.`, ...notes, advice].join(' '));
}

/** Adds those lines of an addition that its file lacks, and returns a description. Replaces a PORTCULLIS_ALLOW line by one with the old and the new destinations. */
function add(addition: Addition, eprefix: string): string[] {
	const target = targetOf(addition.file);
	const old = linesOf(target);
	const replaced = old.filter((line) => allowedBy(line) !== undefined && addition.lines.some((one) => allowedBy(one)));
	const known = replaced.flatMap((line) => allowedBy(line) ?? []);
	const lines = addition.lines.map((line) => {
		const list = allowedBy(line);
		return list === undefined ? line : `PORTCULLIS_ALLOW="${[...new Set([...known, ...list])].join(' ')}"`;
	});
	checkAddition({ ...addition, lines }, eprefix);
	const present = old.map(squeezed);
	return edit(
		target,
		replaced.filter((line) => !lines.includes(line)),
		lines.filter((line) => !present.includes(line)),
	);
}

/** Removes the lines of an atom from package.env, and the lines that `allow` writes from the files in /etc/portage/env that those lines named and that no other package uses. */
function remove(atom: string, eprefix: string): string[] {
	const { packageEnv, env } = paths(eprefix);
	const files = Object.values(envFiles(atom));
	const target = targetOf(packageEnv);
	const old = linesOf(target);
	const removed = old.filter((line) => files.some((file) => squeezed(line) === `${atom} ${file}`));
	if (removed.length === 0) throw new Error(`${target} contains no line that portcullis allow has written for ${atom}`);
	const rest = old.filter((line) => !removed.includes(line)).join('\n');
	const unused = files.filter((file) => !rest.includes(file) && existsSync(`${env}/${file}`));
	return [
		...edit(target, removed, []),
		...unused.flatMap((file) =>
			edit(
				`${env}/${file}`,
				linesOf(`${env}/${file}`).filter((line) => line === wholeNetwork || allowedBy(line)),
				[],
			),
		),
	];
}

/** Removes and adds lines of a file, deletes the file if it becomes empty, and returns the lines that describe the change. */
function edit(file: string, removed: readonly string[], added: readonly string[]): string[] {
	if (removed.length + added.length === 0) return [`${file}: unchanged`];
	const rest = linesOf(file).filter((line) => !removed.includes(line));
	mkdirSync(dirname(file), { recursive: true });
	if ([...rest, ...added].join('').trim() === '') rmSync(file);
	else if (removed.length > 0) writeFileSync(file, `${[...rest, ...added].join('\n')}\n`);
	else appendFileSync(file, `${readFile(file)?.endsWith('\n') === false ? '\n' : ''}${added.join('\n')}\n`);
	return [`${file}:`, ...removed.map((line) => `  - ${line}`), ...added.map((line) => `  + ${line}`)];
}

function linesOf(file: string): string[] {
	return (readFile(file) ?? '').replace(/\n$/, '').split('\n');
}

function squeezed(line: string): string {
	return line.trim().replace(/\s+/g, ' ');
}
