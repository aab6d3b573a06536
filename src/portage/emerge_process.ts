// SPDX-License-Identifier: GPL-2.0-or-later
import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { installation, run, storedFile } from '../installation/paths.ts';
import { errorCode, namesIn, orUndefined, readFile, stat } from '../util/files.ts';
import { readProcess, type Process } from '../util/processes.ts';

/**
 * Beginning of the names of marker files. If the marker file `NAME-EMERGE-HASH` exists, this run of emerge has printed the message with this
 * HASH. EMERGE is the PID and start time of emerge; if they are unknown, the file is `NAME-HASH` in .ipc of the build directory. O_EXCL of
 * open(2) makes sure that only one of parallel builds prints the message. The files of root are in /run, where phases of another user cannot
 * create them to suppress a message.
 */
const name = '.portcullis-reported';

const DAY = 86_400_000;

/**
 * Returns a function of a text. If this run of emerge has not printed the text yet, the function creates a marker file and returns true,
 * otherwise false. If it cannot create the file, it returns true. `state` is the folder .ipc of the build directory.
 */
export function firstTime(state: string, eprefix = installation().eprefix): (text: string) => boolean {
	const emerge = emergeId(state);
	// Use /run only as root of the host: root of a user namespace does not own /run and cannot write there. All others use
	// PORTAGE_TMPDIR/portage, because `state` is PORTAGE_TMPDIR/portage/CATEGORY/PF/.ipc.
	const isRoot = process.geteuid?.() === 0 && stat('/run')?.uid === 0;
	const shared = isRoot ? `${run}.${eprefix.replaceAll('/', '%')}.reported` : join(state, '../../..', name);
	if (emerge !== undefined) removeStale(shared, emerge);
	return (text) => {
		const key = createHash('sha256').update(text).digest('hex').slice(0, 16);
		const first = emerge === undefined ? undefined : create(`${shared}-${emerge}-${key}`);
		return first ?? create(join(state, `${name}-${key}`)) ?? true;
	};
}

/** Returns PID and start time of emerge as PID-TICKS; undefined if unknown. If FEATURES=pid-sandbox hides emerge, the hook has stored them in pkg_setup. */
function emergeId(state: string): string | undefined {
	const emerge = findEmerge(ancestors());
	if (emerge !== undefined) return `${emerge.pid}-${emerge.startTicks}`;
	return readFile(storedFile(dirname(state), 'emerge'))?.match(/\n(\d+-\d+)\n$/)?.[1];
}

/**
 * Finds the package manager among the ancestors of a phase. emerge forks, so several processes have its command line: returns the topmost
 * one. Paludis starts other commands of cave for each package: returns the topmost cave.
 */
export function findEmerge(ancestors: readonly Process[]): Process | undefined {
	const names = ancestors.map(({ argv }) => basename(scriptOf(argv)));
	if (names.includes('cave')) return ancestors[names.lastIndexOf('cave')];
	const nearest = names.findIndex((one) => packageManagers.includes(one));
	if (nearest < 0) return undefined;
	const command = ancestors[nearest]?.argv.join('\0');
	const above = ancestors.slice(nearest).findIndex(({ argv }) => argv.join('\0') !== command);
	return ancestors.at(above < 0 ? -1 : nearest + above - 1);
}

/** Returns the script of a Python command line, or the program of any other command line. */
function scriptOf([program = '', ...rest]: readonly string[]): string {
	const script = basename(program).startsWith('python') ? rest.find((word) => !word.startsWith('-')) : undefined;
	return script ?? program;
}

/** The programs of Portage and pkgcore that run phases. */
const packageManagers = ['emerge', 'ebuild', 'pmerge', 'pebuild'];

function ancestors(): Process[] {
	const found: Process[] = [];
	for (let pid = process.ppid; pid > 0;) {
		const ancestor = readProcess(pid);
		if (ancestor === undefined) break;
		found.push(ancestor);
		pid = ancestor.parent;
	}
	return found;
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
