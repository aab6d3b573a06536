import { basename } from 'node:path';
import { marker } from '../installation/paths.ts';
import { isSrcPhase } from '../rules/phases.ts';
import { isPackage } from '../util/grammar.ts';
import {
	memoryOf,
	ownerOf,
	processes,
	TICKS_PER_SECOND,
	unroutablePackets,
	uptime,
	variableOf,
	type Process,
} from '../util/processes.ts';

export interface RunningPhase {
	/** The outermost process of the phase. */
	readonly pid: number;
	/** CATEGORY/PF; `?` if unknown */
	readonly package: string;
	readonly phase: string;
	/** in seconds */
	readonly elapsed: number;
	/** Number of processes, without confine's own. */
	readonly processes: number;
	/** in bytes */
	readonly memory: number;
	/** Processor time in seconds. */
	readonly cpu: number;
	/** Number of packets without a route. Lookups of host names are not included. */
	readonly blocked: number;
}

/** The phases of this user that are running now, or of all users if this user is root. The one that started first comes first. */
export function runningPhases(): RunningPhase[] {
	const all = processes();
	const byPid = new Map(all.map((proc) => [proc.pid, proc]));
	const children = new Map<number, Process[]>();
	for (const proc of all) children.set(proc.parent, [...(children.get(proc.parent) ?? []), proc]);
	const now = uptime();
	const uid = process.getuid?.();
	return all
		.flatMap((proc) => {
			const name = phaseOf(proc);
			if (name === undefined || isInsidePhase(proc, byPid) || (uid !== 0 && ownerOf(proc.pid) !== uid)) return [];
			const tree = descendants(proc, children);
			return [
				{
					pid: proc.pid,
					...name,
					elapsed: Math.max(0, now - proc.startTicks / TICKS_PER_SECOND),
					processes: tree.filter((process) => phaseFromLabels(process) === undefined).length,
					memory: tree.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
					cpu: tree.reduce((sum, { cpu }) => sum + cpu, 0),
					blocked: Math.max(...tree.map(({ pid }) => unroutablePackets(pid))),
				},
			];
		})
		.sort((a, b) => b.elapsed - a.elapsed);
}

interface PhaseName {
	readonly package: string;
	readonly phase: string;
}

/**
 * The phase whose outermost process this is. That process is usually confine, whose options name the phase. If the phase needs no
 * supervisor, confine has replaced itself with the inner ebuild.sh, whose last argument is the marker of the hook.
 */
export function phaseOf(proc: Process): PhaseName | undefined {
	return phaseFromLabels(proc) ?? phaseFromMarker(proc);
}

/** Reads the options that the hook passes to confine: `--label package=CATEGORY/PF --label phase=PHASE`. */
function phaseFromLabels({ argv }: Process): PhaseName | undefined {
	if (basename(argv[0] ?? '') !== 'confine') return undefined;
	const labels = argv.slice(0, argv.indexOf('--')).filter((_, at) => argv[at - 1] === '--label');
	const find = (name: string) => labels.find((label) => label.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
	const [cpv, phase] = [find('package'), find('phase')];
	// Check the values, because any user can start a process with such arguments.
	return isPackage(cpv) && isSrcPhase(phase) ? { package: cpv, phase } : undefined;
}

function phaseFromMarker({ pid, argv }: Process): PhaseName | undefined {
	const script = argv.findIndex((word) => basename(word) === 'ebuild.sh');
	if (argv.at(-1) !== marker || script < 0) return undefined;
	const cpv = variableOf(pid, 'PORTAGE_BUILDDIR').split('/').slice(-2).join('/');
	// Portage passes the arguments of ebuild.sh as one word or as several.
	const phase = argv[script + 1]?.split(' ')[0] ?? '';
	return { package: isPackage(cpv) ? cpv : '?', phase: isSrcPhase(phase) ? phase : '?' };
}

function isInsidePhase(proc: Process, byPid: ReadonlyMap<number, Process>): boolean {
	for (let parent = byPid.get(proc.parent); parent !== undefined; parent = byPid.get(parent.parent)) {
		if (phaseOf(parent) !== undefined) return true;
	}
	return false;
}

/** The process itself and all its descendants. */
function descendants(top: Process, children: ReadonlyMap<number, readonly Process[]>): Process[] {
	const found = new Set([top]);
	// Iterating a Set also visits the elements that the loop adds.
	for (const proc of found) for (const child of children.get(proc.pid) ?? []) found.add(child);
	return [...found];
}
