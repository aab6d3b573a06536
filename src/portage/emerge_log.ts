import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isPackage } from '../util/grammar.ts';
import { makeConf } from './make_conf.ts';

export interface LastEmerge {
	/** When it started, ISO 8601 in UTC. */
	readonly since: string;
	/** CATEGORY/PF of the packages that it has begun to build. */
	readonly packages: ReadonlySet<string>;
}

/** More than the lines of a thousand packages. */
const TAIL = 8 << 20;

/** The last emerge that began to build a package, by emerge.log. (emerge writes the log if it may install packages.) */
export function lastEmerge(eprefix: string): LastEmerge {
	const file = `${makeConf(eprefix, 'EMERGE_LOG_DIR') ?? `${eprefix}/var/log`}/emerge.log`;
	const found = parseEmergeLog(tailOf(file));
	if (found === undefined) throw new Error(`${file} contains no emerge that builds a package`);
	return found;
}

/** Each line is `SECONDS: TEXT` (emergelog() in Portage's emergelog.py). */
export function parseEmergeLog(text: string): LastEmerge | undefined {
	let started = '';
	let found: { started: string; packages: Set<string> } | undefined;
	for (const line of text.split('\n')) {
		const [, time = '', event = '', name = ''] =
			/^(\d{1,12}): {1,2}(Started emerge on|>>> emerge \(\d+ of \d+\) (\S+) to )/.exec(line) ?? [];
		if (event.startsWith('Started')) started = time;
		if (!isPackage(name) || started === '') continue;
		if (found?.started !== started) found = { started, packages: new Set() };
		found.packages.add(name);
	}
	// The log has whole seconds, rounded.
	return found && { since: new Date(Number(found.started) * 1000 - 1000).toISOString(), packages: found.packages };
}

function tailOf(file: string): string {
	const fd = openSync(file, 'r');
	try {
		const length = Math.min(fstatSync(fd).size, TAIL);
		const buffer = Buffer.alloc(length);
		return buffer.toString('latin1', 0, readSync(fd, buffer, 0, length, fstatSync(fd).size - length));
	} finally {
		closeSync(fd);
	}
}
