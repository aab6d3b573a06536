// SPDX-License-Identifier: GPL-2.0-or-later
import { closeSync, readSync } from 'node:fs';
import { paths } from '../installation/paths.ts';
import { isPackage, withoutVersion } from '../util/grammar.ts';
import { openRecords, recordFiles } from './reader.ts';

/** Maximum number of bytes that recordedPackages() searches at the end of each file, so that a completion takes less than 0.1 s. */
const TAIL = 4 << 20;

/** Lists CATEGORY/PN of the packages in the last records. It searches for `"package":` and does not parse the records. */
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
