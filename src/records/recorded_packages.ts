import { closeSync, readSync } from 'node:fs';
import { paths } from '../installation/paths.ts';
import { isPackage, withoutVersion } from '../util/grammar.ts';
import { openRecords, recordFiles } from './reader.ts';

/** At most this many bytes at the end of each file are searched, so that a completion takes less than 0.1 s. */
const TAIL = 4 << 20;

/** CATEGORY/NAME of the packages in the last records, without a complete parser. */
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
