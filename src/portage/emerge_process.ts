import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readProcess, type Process } from '../util/processes.ts';

const prefix = '.portcullis-told-';

/**
 * Whether this is the first time that this emerge says this. An emerge is its process and everything it forked; where that
 * is out of sight (FEATURES=pid-sandbox), each package is its own. `state` is the folder for a package, Portage's .ipc.
 */
export function firstTime(text: string, state: string): boolean {
	const emerge = theEmerge(ancestors());
	const key = createHash('sha256').update(text).digest('hex').slice(0, 16);
	// PORTAGE_BUILDDIR is PORTAGE_TMPDIR/portage/CATEGORY/PF, and .ipc is in there.
	const shared = join(state, '../../..');
	if (emerge !== undefined) {
		forget(shared);
		const first = create(join(shared, `${prefix}${emerge.pid}-${emerge.startTicks}-${key}`));
		if (first !== undefined) return first;
	}
	return create(join(state, `${prefix}${key}`)) ?? true;
}

/** The topmost of the processes that share the command line of the nearest emerge or ebuild. */
export function theEmerge(line: readonly Process[]): Process | undefined {
	const nearest = line.findIndex(({ argv }) => isPortage(basename(scriptOf(argv))));
	if (nearest < 0) return undefined;
	const command = line[nearest]?.argv.join('\0');
	const above = line.slice(nearest).findIndex(({ argv }) => argv.join('\0') !== command);
	return line.at(above < 0 ? -1 : nearest + above - 1);
}

/** What an interpreter runs, or the program itself. */
function scriptOf([program = '', ...rest]: readonly string[]): string {
	const script = basename(program).startsWith('python') ? rest.find((word) => !word.startsWith('-')) : undefined;
	return script ?? program;
}

function isPortage(name: string): boolean {
	return name === 'emerge' || name === 'ebuild';
}

/** From our parent upwards. */
function ancestors(): Process[] {
	const line: Process[] = [];
	for (let pid = process.ppid; pid > 0;) {
		const one = readProcess(pid);
		if (one === undefined) break;
		line.push(one);
		pid = one.parent;
	}
	return line;
}

/** true: it wasn't there; false: it was; undefined: it can't be had. */
function create(file: string): boolean | undefined {
	try {
		closeSync(openSync(file, 'wx', 0o644));
		return true;
	} catch (error) {
		return isExists(error) ? false : undefined;
	}
}

/** Removes what emerges that are over have left. */
function forget(folder: string): void {
	try {
		for (const name of readdirSync(folder)) {
			const [pid, start] = name.startsWith(prefix) ? name.slice(prefix.length).split('-') : [];
			if (start !== undefined && readProcess(Number(pid))?.startTicks !== Number(start))
				rmSync(join(folder, name), { force: true });
		}
	} catch {
		// Somebody else's: it is removed when they come back.
	}
}

function isExists(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
