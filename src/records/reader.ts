// SPDX-License-Identifier: GPL-2.0-or-later
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { paths } from '../installation/paths.ts';
import { errorCode, errorText } from '../util/files.ts';
import { isPackage, withoutVersion } from '../util/grammar.ts';
import { progress } from '../util/output.ts';
import { count } from '../util/units.ts';
import { parseRecord, type RunRecord } from './schema.ts';

/** A file that could not be read completely. */
export interface Unread {
	readonly file: string;
	/** Number of lines in the file that are not valid records; 0 if the file could not be read at all. */
	readonly lines: number;
	/** The reason why the first invalid line, or the whole file, could not be read. */
	readonly why: string;
}

/** A file of records. `named`: true if the user has named it (--records), so that it may be a symbolic link, a pipe or a device; false: it must be a regular file. */
export interface Source {
	readonly file: string;
	readonly named: boolean;
}

/** Lists the files of records in a folder, oldest first. confine renames records.jsonl to records.jsonl.1 at 16 MiB. */
export function recordFiles(logs: string): Source[] {
	return [`${logs}/records.jsonl.1`, `${logs}/records.jsonl`].map((file) => ({ file, named: false }));
}

/** Maximum number of bytes to read at once. After each read, portcullis updates the progress line. */
const CHUNK = 1 << 20;
/** Maximum length of a line in bytes. A longer line is invalid: the longest record (256 attempts, 256 names, 32 orphans) is shorter. */
const LONGEST = 4 << 20;
/** Size of a file in bytes, above which reading takes more than a quarter of a second, so that portcullis prints a progress line. */
const LARGE = 32 << 20;
/** Maximum number of bytes to read from a file that the user has not named. confine starts a new file at 16 MiB, but a forged file can be huge. */
const MOST_BYTES = 1 << 30;

/** Calls `visit` for each record in the files, in constant memory. Returns the files that could not be read completely. */
export function scan(sources: readonly Source[], visit: (record: RunRecord) => void): Unread[] {
	return sources.flatMap((source) => {
		const { file } = source;
		const opened = openRecords(source);
		if (opened === undefined) return [];
		if ('why' in opened) return [{ file, lines: 0, why: opened.why }];
		try {
			const { lines, why } = scanOpen(opened, file, source.named ? Infinity : MOST_BYTES, visit);
			return lines === 0 ? [] : [{ file, lines, why }];
		} finally {
			closeSync(opened.fd);
			progress('');
		}
	});
}

/** Returns the first record in a file that confine wrote; undefined if the file is missing or empty. Throws an Error if a line is invalid. */
export function readRecord(file: string): RunRecord | undefined {
	let found: RunRecord | undefined;
	const [unread] = scan([{ file, named: false }], (record) => (found ??= record));
	if (unread !== undefined) throw new Error(`cannot read the record in ${file}: ${unread.why}`);
	return found;
}

export function unreadText({ file, lines, why }: Unread): string {
	return lines === 0
		? `${file} was not read: ${why}.`
		: `${count(lines, 'line')} of ${file} could not be read: ${why}.`;
}

/**
 * Opens a file of records. If the user has named the file: throws an Error if it cannot be opened, and returns { why } for a directory. Otherwise: returns undefined if it does
 * not exist, and { why } if it cannot be opened or is not a regular file with one link. Members of group portage can write to the folder of records: there a FIFO could block this
 * program, and a link could make it read a file that they cannot read themselves.
 */
function openRecords({ file, named }: Source): { fd: number; size: number } | { why: string } | undefined {
	const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
	let fd: number;
	try {
		fd = openSync(file, named ? O_RDONLY : O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	} catch (error) {
		const code = errorCode(error);
		if (code === 'ENOENT' && !named) return undefined;
		if (named) throw error;
		const why = errorText(error as Error).replace(`${file}: `, '');
		return { why: code === 'ELOOP' || code === 'ENXIO' ? notRegular : why };
	}
	const status = fstatSync(fd);
	if (named ? !status.isDirectory() : status.isFile() && status.nlink === 1) return { fd, size: status.size };
	closeSync(fd);
	return { why: notRegular };
}

const notRegular = 'it is not a regular file with a single link. Remove it';

/** Reads at most `most` bytes of an open file. Returns the number of unreadable lines, and the reason for the first one. */
function scanOpen(
	{ fd, size }: { fd: number; size: number },
	file: string,
	most: number,
	visit: (record: RunRecord) => void,
): { lines: number; why: string } {
	const unread = { lines: 0, why: '' };
	const reject = (why: string) => {
		if (unread.lines++ === 0) unread.why = why;
	};
	const scanLines = (lines: Buffer) => {
		for (let at = 0; at < lines.length;) {
			const next = lines.indexOf(10, at);
			const record = next > at ? parse(lines.toString('utf8', at, next), reject) : undefined;
			if (record !== undefined) visit(record);
			at = next + 1;
		}
	};
	const buffer = Buffer.allocUnsafe(LONGEST);
	let filled = 0;
	let isTooLong = false;
	let total = 0;
	for (;;) {
		const got = readSync(fd, buffer, filled, Math.min(CHUNK, buffer.length - filled), null);
		total += got;
		if (total > most) reject('the file is larger than 1 GiB');
		if (got === 0 || total > most) break;
		filled += got;
		if (size > LARGE) progress(`reading ${file}: ${((100 * total) / size).toFixed(0)} %`);
		let begin = 0;
		if (isTooLong) {
			begin = buffer.subarray(0, filled).indexOf(10) + 1;
			isTooLong = begin === 0;
		}
		const end = isTooLong ? filled : buffer.lastIndexOf(10, filled - 1) + 1;
		if (!isTooLong) scanLines(buffer.subarray(begin, end));
		buffer.copyWithin(0, end, filled);
		filled -= end;
		if (filled === buffer.length) {
			reject('the line is longer than any record');
			isTooLong = true;
			filled = 0;
		}
	}
	// Reject a last line without a newline. confine is still writing it, or the disk was full.
	if (filled > 0 && total <= most) reject('the last line is incomplete');
	return unread;
}

function parse(line: string, reject: (why: string) => void): RunRecord | undefined {
	try {
		return parseRecord(line);
	} catch (error) {
		reject(error instanceof Error ? error.message : String(error));
		return undefined;
	}
}

/** Maximum number of bytes that recordedPackages() searches at the end of each file, so that a completion takes less than 0.1 s. */
const TAIL = 4 << 20;

/** Lists CATEGORY/PN of the packages in the last TAIL bytes of each file. Searches for `"package":` and does not parse the records. */
export function recordedPackages(eprefix: string): string[] {
	const names = recordFiles(paths(eprefix).logs).flatMap((source) => {
		const opened = openRecords(source);
		if (opened === undefined || 'why' in opened) return [];
		const buffer = Buffer.alloc(Math.min(opened.size, TAIL));
		readSync(opened.fd, buffer, 0, buffer.length, opened.size - buffer.length);
		closeSync(opened.fd);
		return [...buffer.toString('latin1').matchAll(/"package":"([^"\\]{1,256})"/g)].map(([, name = '']) => name);
	});
	return [...new Set(names.filter(isPackage).map(withoutVersion))].sort();
}
