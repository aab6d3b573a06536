// SPDX-License-Identifier: GPL-2.0-or-later
import { installation, paths, shellCommand, targetOf } from '../installation/paths.ts';
import type { Attempt, IpcObject, Orphan, Program, RunRecord } from '../records/schema.ts';
import { bracketed } from '../util/addresses.ts';
import { quote } from '../util/environment.ts';
import { withoutVersion } from '../util/grammar.ts';

/** One line that the hook prints about a phase. */
export interface Line {
	/** The Portage function that prints the line. `die` also stops the build. */
	readonly verb: 'elog' | 'ewarn' | 'eqawarn' | 'die';
	readonly text: string;
	/** A sentence with a command that prints details. `portcullis run` omits it, because the command needs a record in records.jsonl. */
	readonly details?: string;
	/** A key: of all lines with the same key, a run of emerge prints only the first. If absent, the line is always printed. */
	readonly once?: string;
}

export function subject({ package: cpv, phase }: RunRecord): string {
	return `Portcullis: ${cpv}: src_${phase}`;
}

/** Returns a command line of portcullis, quoted so that the user can paste it into a shell. */
export function portcullis(...words: readonly string[]): string {
	return [shellCommand(installation().eprefix), ...words.map(quote)].join(' ');
}

export function reportDetails({ package: cpv }: RunRecord): string {
	return `Details: ${portcullis('report', withoutVersion(cpv))}`;
}

/** Returns `run: COMMAND`, where the command sets variables for this package only, in the file `name` of /etc/portage/env (portage(5), package.env). */
export function inPackageEnv({ package: cpv }: RunRecord, setting: string, name: string): string {
	const { env, packageEnv } = paths(installation().eprefix);
	return `run: mkdir -p ${env} && echo ${quote(setting)} >>${env}/${name} && echo ${withoutVersion(cpv)} ${name} >>${targetOf(packageEnv)}`;
}

/** Returns the first `most` items and the number of the others: `a, b +50`. `total` may include items that are not in the list. */
export function firstOf(items: readonly string[], most: number, separator = ', ', total = items.length): string {
	const first = items.slice(0, most);
	return first.join(separator) + (total > first.length ? ` +${total - first.length}` : '');
}

/** Matches the options of shells and interpreters whose argument is the text of a program, such as `bash -ec TEXT`. */
const textOption = /^-[a-z]*[ce]$/;

/** Returns the command line of a process without texts of programs or, if it has no command line, the name of the process. */
export function commandOf({ argv, comm }: Pick<Orphan, 'argv' | 'comm'>): string {
	const isText = (word: string, at: number) => textOption.test(argv[at - 1] ?? '') && /[^\w./:=@%+,-]/.test(word);
	return oneLine(argv.length > 0 ? argv.map((word, at) => (isText(word, at) ? '…' : word)).join(' ') : comm);
}

const ipcObjectNames: Readonly<Record<IpcObject['kind'], string>> = {
	shm: 'shared memory',
	sem: 'semaphores',
	msg: 'message queue',
	mqueue: 'message queue',
};

export function ipcObjectName({ kind, name }: IpcObject): string {
	return name === 'private' ? `private ${ipcObjectNames[kind]}` : `${ipcObjectNames[kind]} ${oneLine(name)}`;
}

/** Replaces each sequence of whitespace by one space, and shortens the text to 60 characters. */
export function oneLine(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** Formats the destination of an attempt: 198.51.100.7:443, [2001:db8::1]:53 (udp). */
export function destination(attempt: Attempt): string {
	return addressAndPort(attempt) + (attempt.protocol === 'tcp' ? '' : ` (${attempt.protocol})`);
}

export function addressAndPort({ address, port }: Attempt): string {
	return `${bracketed(address)}:${port}`;
}

/** Returns the name of a program with its script: python3.13 (tests/test_http.py). */
export function label({ comm, script = '' }: Program): string {
	const short = script
		.split('/')
		.slice(script.startsWith('/') ? -2 : 0)
		.join('/');
	return oneLine(short === '' || short.split('/').at(-1) === comm ? short || comm : `${comm} (${short})`);
}
