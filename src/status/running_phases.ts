import { basename } from 'node:path';
import { isPackage } from '../util/grammar.ts';
import { marker } from '../installation/paths.ts';
import { isSrcPhase } from '../rules/phases.ts';
import { memoryOf, owner, processes, uptime, variable, type Process } from '../util/processes.ts';

/** A phase that is running now. */
export interface Running {
	readonly pid: number;
	readonly package: string;
	readonly phase: string;
	/** in seconds */
	readonly since: number;
	readonly processes: number;
	/** in bytes */
	readonly memory: number;
	/** in seconds of processor time */
	readonly cpu: number;
}

/**
 * The phases that run now, the longest first: one's own, and root sees everybody's. A phase is known by confine, which stays outside with the labels that the
 * hook gave it, or where nothing has to be watched and confine has become the phase, by the marker of the inner ebuild.sh.
 */
export function running(): Running[] {
	const all = processes();
	const byPid = new Map(all.map((one) => [one.pid, one]));
	const children = new Map<number, Process[]>();
	for (const one of all) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
	const now = uptime();
	const me = process.getuid?.();
	return all
		.flatMap((one) => {
			const name = nameOf(one);
			if (name === undefined || hasAbove(one, byPid) || (me !== 0 && owner(one.pid) !== me)) return [];
			const tree = below(one, children);
			return [
				{
					pid: one.pid,
					...name,
					since: Math.max(0, now - one.start),
					// What only waits beside the phase is not counted.
					processes: tree.filter((process) => labels(process) === undefined).length,
					memory: tree.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
					cpu: tree.reduce((sum, { cpu }) => sum + cpu, 0),
				},
			];
		})
		.sort((a, b) => b.since - a.since);
}

interface Name {
	readonly package: string;
	readonly phase: string;
}

export function nameOf(one: Process): Name | undefined {
	return labels(one) ?? marked(one);
}

/** What the hook told confine: `--label package=CATEGORY/PF --label phase=PHASE`. */
function labels({ argv }: Process): Name | undefined {
	if (basename(argv[0] ?? '') !== 'confine') return undefined;
	const given = argv.slice(0, argv.indexOf('--')).filter((_, at) => argv[at - 1] === '--label');
	const find = (name: string) => given.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
	const [cpv, phase] = [find('package'), find('phase')];
	// Any user can start a process with such arguments.
	return isPackage(cpv) && isSrcPhase(phase) ? { package: cpv, phase } : undefined;
}

function marked({ pid, argv }: Process): Name | undefined {
	if (argv.at(-1) !== marker || !argv.some((word) => basename(word) === 'ebuild.sh')) return undefined;
	const cpv = variable(pid, 'PORTAGE_BUILDDIR').split('/').slice(-2).join('/');
	// ebuild.sh takes its arguments as one word or as several.
	const phase = argv.slice(argv.findIndex((word) => basename(word) === 'ebuild.sh') + 1)[0]?.split(' ')[0] ?? '';
	return { package: isPackage(cpv) ? cpv : '?', phase: isSrcPhase(phase) ? phase : '?' };
}

function hasAbove(one: Process, byPid: ReadonlyMap<number, Process>): boolean {
	for (let above = byPid.get(one.parent); above !== undefined; above = byPid.get(above.parent)) {
		if (nameOf(above) !== undefined) return true;
	}
	return false;
}

function below(top: Process, children: ReadonlyMap<number, readonly Process[]>): Process[] {
	const found = new Set([top]);
	// A set is iterated in the order of insertion, also of what is inserted meanwhile.
	for (const one of found) for (const child of children.get(one.pid) ?? []) found.add(child);
	return [...found];
}
