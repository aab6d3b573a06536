import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { parseRecord, type RunRecord } from './record.ts';

/** A phase in which nothing happened that anybody has to hear of: what is left of its record to count. */
export interface Quiet {
	readonly time: string;
	readonly package: string;
	readonly phase: string;
	readonly mode: string;
	readonly keeper: string;
	/** Whether Portage had made some of it. */
	readonly byPortage: boolean;
	readonly exit: number;
	/** in seconds */
	readonly wall: number;
	readonly cpu: number;
	/** in bytes */
	readonly memory: number;
}

export interface Visitor {
	quiet(phase: Quiet): void;
	/** One that has something to tell, or that isn't written as confine writes them. */
	eventful(record: RunRecord): void;
	/** A line that is no record; `why` is JSON's or parseRecord's reason. */
	unreadable(why: string): void;
}

/** The records of a folder, oldest first: confine renames what has grown enough to `records.jsonl.1`. */
export function recordFiles(logs: string): string[] {
	return [`${logs}/records.jsonl.1`, `${logs}/records.jsonl`].filter((file) => existsSync(file));
}

/**
 * A quiet record exactly as native/record.c writes it. Reading it this way takes a fifth of what JSON.parse takes;
 * whatever differs in a byte goes through parseRecord, and a test holds the two together.
 */
const quiet = new RegExp(
	[
		'\\{"schema":1,"time":"([^"\\\\]{0,40})","package":"([!#-\\[\\]-~]{0,300})","phase":"([a-z]{0,20})"',
		'"mode":"(\\w{0,20})","keeper":"([\\w+]{0,40})","asked":\\[[a-z",]{0,60}\\],"had":\\{([a-z":,]{0,100})\\}',
		'"missing":\\[\\],"status":\\{"exit":(\\d{1,3})\\},"wall":([\\d.]{1,20}),"user":([\\d.]{1,20}),"system":([\\d.]{1,20})',
		'"memory_peak":(\\d{1,18})(?:,"processes":\\d{1,9})?(?:,"processes_peak":\\d{1,9})?,"accounting":\\{[a-z":,]{0,80}\\}(?:,"unreachable":0)?' +
			'(?:,"watched":"\\w{1,3}"(?:,"watched_why":"[^"\\\\\\n]{0,200}")?)?' +
			'(?:,"names_seen":"[a-z ]{1,8}"(?:,"names_why":"[^"\\\\\\n]{0,200}")?)?(?:,"host_resolver":true)?\\}\\n',
	].join(','),
	'y',
);

const CHUNK = 1 << 20;
/** No record is longer: what confine describes is bounded. A longer line is garbage, and is not kept in memory. */
const LONGEST = 16 << 20;

/** Visits every record of the files in their order, in constant memory. */
export function scan(files: readonly string[], visitor: Visitor): void {
	for (const file of files) {
		const fd = openSync(file, 'r');
		try {
			scanOpen(fd, visitor);
		} finally {
			closeSync(fd);
		}
	}
}

function scanOpen(fd: number, visitor: Visitor): void {
	let buffer = Buffer.allocUnsafe(CHUNK);
	let filled = 0;
	for (;;) {
		if (filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
		const got = readSync(fd, buffer, filled, buffer.length - filled, null);
		filled += got;
		if (got === 0) break;
		const end = buffer.lastIndexOf(10, filled - 1) + 1;
		if (end > 0) {
			scanLines(buffer, end, visitor);
			buffer.copyWithin(0, end, filled);
			filled -= end;
		} else if (filled >= LONGEST) {
			visitor.unreadable('a line without an end');
			filled = 0;
		}
	}
	// The last line of a file that is just being written, or of a full disk.
	if (filled > 0) visitor.unreadable('its last line is cut off');
}

/** One byte becomes one character, so that positions in the text are positions in the buffer. */
function scanLines(buffer: Buffer, end: number, visitor: Visitor): void {
	const text = buffer.toString('latin1', 0, end);
	for (let at = 0; at < end;) {
		quiet.lastIndex = at;
		const found = quiet.exec(text);
		if (found !== null) {
			visitor.quiet(quietOf(found));
			at = quiet.lastIndex;
			continue;
		}
		const next = text.indexOf('\n', at);
		if (next > at) parse(buffer.toString('utf8', at, next), visitor);
		at = next + 1;
	}
}

function quietOf(found: RegExpExecArray): Quiet {
	const had = found[6] ?? '';
	return {
		time: found[1] ?? '',
		package: own(found[2] ?? ''),
		phase: found[3] ?? '',
		mode: found[4] ?? '',
		keeper: found[5] ?? '',
		byPortage: had.includes('portage'),
		exit: Number(found[7]),
		wall: Number(found[8]),
		cpu: Number(found[9]) + Number(found[10]),
		memory: Number(found[11]),
	};
}

let last = '';

/** What V8 cuts out of a text keeps the whole text in memory; records of a package follow each other. */
function own(slice: string): string {
	if (slice !== last) last = Buffer.from(slice, 'latin1').toString('latin1');
	return last;
}

function parse(line: string, visitor: Visitor): void {
	let record: RunRecord;
	try {
		record = parseRecord(line);
	} catch (error) {
		visitor.unreadable(error instanceof Error ? error.message : String(error));
		return;
	}
	visitor.eventful(record);
}

/** The same of a record that was parsed. */
export function toQuiet(record: RunRecord): Quiet {
	return {
		time: record.time,
		package: record.package,
		phase: record.phase,
		mode: record.mode,
		keeper: record.keeper,
		byPortage: Object.values(record.had).includes('portage'),
		exit: 'exit' in record.status ? record.status.exit : 128 + record.status.signal,
		wall: record.wall,
		cpu: record.user + record.system,
		memory: record.memoryPeak,
	};
}
