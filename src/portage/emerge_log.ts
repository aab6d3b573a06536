// SPDX-License-Identifier: GPL-2.0-or-later
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isPackage } from '../util/grammar.ts';
import { makeConf } from './make_conf.ts';

export interface LastEmerge {
	/** The time when this run of emerge started, ISO 8601 in UTC. */
	readonly since: string;
	/** CATEGORY/PF of each package that this run of emerge has begun to build. */
	readonly packages: ReadonlySet<string>;
}

/** Maximum number of bytes to read, at the end of emerge.log. They contain the lines of more than a thousand packages. */
const TAIL = 8 << 20;

/** Finds in emerge.log the last run of emerge that began to build a package. */
export function lastEmerge(eprefix: string): LastEmerge {
	const file = `${makeConf(eprefix, 'EMERGE_LOG_DIR') ?? `${eprefix}/var/log`}/emerge.log`;
	const found = parseEmergeLog(tailOf(file));
	if (found === undefined) throw new Error(`${file} contains no run of emerge that built a package`);
	return found;
}

/** Parses lines `SECONDS: TEXT` of emerge.log (emergelog() in emergelog.py). Returns undefined if no line is about a build. */
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
	// Subtract a second, because emerge rounds the times in its log, perhaps to the next second.
	return found && { since: new Date(Number(found.started) * 1000 - 1000).toISOString(), packages: found.packages };
}

function tailOf(file: string): string {
	// Group portage may write in the folder of the log. Without O_NONBLOCK, a FIFO there would block root's emerge.
	const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
	try {
		if (!fstatSync(fd).isFile()) throw new Error(`${file} is not a regular file`);
		const length = Math.min(fstatSync(fd).size, TAIL);
		const buffer = Buffer.alloc(length);
		return buffer.toString('latin1', 0, readSync(fd, buffer, 0, length, fstatSync(fd).size - length));
	} finally {
		closeSync(fd);
	}
}
