import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parseRecord, type RunRecord } from './schema.ts';

/** What a phase has used, and how it ended. */
export interface Quiet {
	readonly time: string;
	readonly package: string;
	readonly phase: string;
	readonly mode: string;
	readonly tracking: string;
	/** Whether Portage had made some of it. */
	readonly byPortage: boolean;
	readonly exit: number;
	/** in seconds */
	readonly wall: number;
	readonly cpu: number;
	/** in bytes */
	readonly memory: number;
}

/** What could not be read of a file: some of its lines, or with 0 lines all of it. */
export interface Unread {
	readonly file: string;
	readonly lines: number;
	/** Of the first of them. */
	readonly why: string;
}

/** A file of records. Only a file that the user has named may be a symbolic link, a pipe or a device. */
export interface Source {
	readonly file: string;
	readonly named: boolean;
}

/** The records of a folder, oldest first: confine renames what has grown enough to `records.jsonl.1`. */
export function recordFiles(logs: string): Source[] {
	return [`${logs}/records.jsonl.1`, `${logs}/records.jsonl`].map((file) => ({ file, named: false }));
}

const CHUNK = 1 << 20;
/** 256 attempts, 256 names and 32 orphans with every byte escaped are below 4 MiB. What is longer is not kept in memory. */
const LONGEST = 4 << 20;
/** confine starts a new file at 16 MiB. A file with holes may be larger than a disk. */
const MOST_BYTES = 1 << 30;

/** Visits every record of the files in their order, in constant memory. Gives what could not be read. */
export function scan(sources: readonly Source[], visit: (record: RunRecord) => void): Unread[] {
	return sources.flatMap((source) => {
		const { file } = source;
		const opened = openRecords(source);
		if (opened === undefined) return [];
		if ('why' in opened) return [{ file, lines: 0, why: opened.why }];
		try {
			const { lines, why } = scanOpen(opened.fd, source.named ? Infinity : MOST_BYTES, visit);
			return lines === 0 ? [] : [{ file, lines, why }];
		} finally {
			closeSync(opened.fd);
		}
	});
}

/** The only record of a file that confine wrote with --notice-file; undefined where there is none. */
export function readRecord(file: string): RunRecord | undefined {
	let found: RunRecord | undefined;
	const [unread] = scan([{ file, named: false }], (record) => (found ??= record));
	if (unread !== undefined) throw new Error(`the record in ${file} can't be read: ${unread.why}`);
	return found;
}

/** One sentence for each file that was not read as a whole. */
export function unreadText({ file, lines, why }: Unread): string {
	if (lines === 0) return `${file} was not read: ${why}.`;
	return `${lines} ${lines === 1 ? 'line' : 'lines'} of ${file} could not be read: ${why}.`;
}

/**
 * Group portage can write the folder: a FIFO would block the reader, a link would lead it elsewhere. (native/supervisor/record.c refuses to write
 * to them.)
 */
function openRecords({ file, named }: Source): { fd: number } | { why: string } | undefined {
	const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
	let fd: number;
	try {
		fd = openSync(file, named ? O_RDONLY : O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		if (code === 'ENOENT' && !named) return undefined;
		if (named) throw error;
		return { why: code === 'ELOOP' || code === 'ENXIO' ? notRegular : `open: ${String(code)}` };
	}
	const status = fstatSync(fd);
	if (named ? !status.isDirectory() : status.isFile() && status.nlink === 1) return { fd };
	closeSync(fd);
	return { why: notRegular };
}

const notRegular = 'it is not a regular file with one name. Remove it';

/** How many lines could not be read, and why the first of them. */
function scanOpen(fd: number, most: number, visit: (record: RunRecord) => void): { lines: number; why: string } {
	const unread = { lines: 0, why: '' };
	const skip = (why: string) => {
		if (unread.lines++ === 0) unread.why = why;
	};
	let buffer = Buffer.allocUnsafe(CHUNK);
	let filled = 0;
	let isTooLong = false;
	let total = 0;
	for (;;) {
		if (filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
		const got = readSync(fd, buffer, filled, buffer.length - filled, null);
		total += got;
		if (total > most) skip('the file is larger than 1 GiB');
		if (got === 0 || total > most) break;
		filled += got;
		let begin = 0;
		if (isTooLong) {
			begin = buffer.subarray(0, filled).indexOf(10) + 1;
			isTooLong = begin === 0;
		}
		const end = isTooLong ? filled : buffer.lastIndexOf(10, filled - 1) + 1;
		if (!isTooLong) scanLines(buffer, begin, end, visit, skip);
		buffer.copyWithin(0, end, filled);
		filled -= end;
		if (filled >= LONGEST) {
			skip('it is longer than a record can be');
			isTooLong = true;
			filled = 0;
		}
	}
	// The last line of a file that is just being written, or of a full disk.
	if (filled > 0 && total <= most) skip('its end is missing');
	return unread;
}

function scanLines(
	buffer: Buffer,
	begin: number,
	end: number,
	visit: (record: RunRecord) => void,
	skip: (why: string) => void,
): void {
	for (let at = begin; at < end;) {
		const next = buffer.indexOf(10, at);
		if (next > at) {
			const record = parse(buffer.toString('utf8', at, next), skip);
			if (record !== undefined) visit(record);
		}
		at = next + 1;
	}
}

function parse(line: string, skip: (why: string) => void): RunRecord | undefined {
	try {
		return parseRecord(line);
	} catch (error) {
		skip(error instanceof Error ? error.message : String(error));
		return undefined;
	}
}

export function toQuiet(record: RunRecord): Quiet {
	return {
		time: record.time,
		package: record.package,
		phase: record.phase,
		mode: record.mode,
		tracking: record.tracking,
		byPortage: Object.values(record.applied).includes('portage'),
		exit: 'exit' in record.status ? record.status.exit : 128 + record.status.signal,
		wall: record.wall,
		cpu: record.user + record.system,
		memory: record.memoryPeak,
	};
}
