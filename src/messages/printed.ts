// SPDX-License-Identifier: GPL-2.0-or-later
import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { installation, run } from '../installation/paths.ts';
import { errorCode, namesIn, orUndefined, stat } from '../util/files.ts';

/**
 * Beginning of the names of marker files. If the marker file `NAME-EMERGE-HASH` exists, this run of emerge has printed the message with this
 * HASH. EMERGE is the PID and start time of emerge; if they are unknown, the file is `NAME-HASH` in .ipc of the build directory. O_EXCL of
 * open(2) makes sure that only one of parallel builds prints the message. The files of root are /run/portcullis.*.reported-EMERGE-HASH, because phases
 * of another user cannot create files in /run to suppress a message.
 */
const name = '.portcullis-reported';

const DAY = 86_400_000;

/**
 * Returns a function of a text. If this run of emerge has not printed the text yet, the function creates a marker file and returns true,
 * otherwise false. If it cannot create the file, it returns true. `state` is the folder .ipc of the build directory, `emerge` the PID and start
 * time of emerge (PID-TICKS), or '' if they are unknown.
 */
export function firstTime(state: string, emerge: string, eprefix = installation().eprefix): (text: string) => boolean {
	// Use /run only as root of the host: root of a user namespace does not own /run and cannot write there. All others use
	// PORTAGE_TMPDIR/portage, because `state` is PORTAGE_TMPDIR/portage/CATEGORY/PF/.ipc.
	const isRoot = process.geteuid?.() === 0 && stat('/run')?.uid === 0;
	const shared = isRoot ? `${run}.${eprefix.replaceAll('/', '%')}.reported` : join(state, '../../..', name);
	if (emerge !== '') removeStale(shared, emerge);
	return (text) => {
		const key = createHash('sha256').update(text).digest('hex').slice(0, 16);
		const first = emerge === '' ? undefined : create(`${shared}-${emerge}-${key}`);
		return first ?? create(join(state, `${name}-${key}`)) ?? true;
	};
}

/** Creates a file and returns true. Returns false if the file exists, and undefined if it could not be created. */
function create(file: string): boolean | undefined {
	try {
		closeSync(openSync(file, 'wx', 0o644));
		return true;
	} catch (error) {
		return errorCode(error) === 'EEXIST' ? false : undefined;
	}
}

/** Removes marker files that are older than a day, except those of this emerge. */
function removeStale(prefix: string, emerge: string): void {
	const start = `${basename(prefix)}-`;
	for (const name of namesIn(dirname(prefix)).filter((one) => one.startsWith(start))) {
		const file = join(dirname(prefix), name);
		const age = Date.now() - (stat(file)?.mtimeMs ?? 0);
		// Ignore the error if this user cannot write to the folder. The next run of emerge by the owner of the folder removes the files.
		if (age > DAY && !name.startsWith(`${start}${emerge}-`))
			orUndefined(() => {
				rmSync(file, { force: true });
			});
	}
}
