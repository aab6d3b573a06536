// SPDX-License-Identifier: GPL-2.0-or-later
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

export type RunningPhase = Readonly<ReturnType<typeof runningPhases>[number]>;

/** Lists the phases of this user (of all users if this user is root) that are running now, in the order of their start. */
export function runningPhases() {
	const all = processes();
	const byPid = new Map(all.map((proc) => [proc.pid, proc]));
	const children = new Map<number, Process[]>();
	for (const proc of all) children.set(proc.parent, [...(children.get(proc.parent) ?? []), proc]);
	const now = uptime();
	const uid = process.getuid?.();
	const phases = all.flatMap((proc) => {
		const name = phaseOf(proc);
		if (name === undefined || isInsidePhase(proc, byPid) || (uid !== 0 && ownerOf(proc.pid) !== uid)) return [];
		const tree = descendants(proc, children);
		return {
			/** PID of the outermost process of the phase, usually confine. */
			pid: proc.pid,
			...name,
			/** Seconds since the start of the phase. */
			elapsed: Math.max(0, now - proc.startTicks / TICKS_PER_SECOND),
			/** Number of processes of the phase, not including those of confine. */
			processes: tree.filter((process) => phaseFromLabels(process) === undefined).length,
			/** Memory of the phase in bytes, including that of confine. */
			memory: tree.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
			/** Processor time of the phase in seconds, including that of confine. */
			cpu: tree.reduce((sum, { cpu }) => sum + cpu, 0),
			/** Number of packets of the phase that the kernel could not send for lack of a route. Lookups of host names are not included. */
			blocked: Math.max(...tree.map(({ pid }) => unroutablePackets(pid))),
		};
	});
	return phases.sort((a, b) => b.elapsed - a.elapsed);
}

/**
 * If `proc` is the outermost process of a phase, returns the package (CATEGORY/PF) and the phase without src_, each `?` if unknown; otherwise
 * undefined. The outermost process is usually confine, whose options name the phase. A /proc with hidepid=2 hides a setuid confine from its user:
 * then the outermost process is the inner ebuild.sh, whose last argument is the hook's marker.
 */
export function phaseOf(proc: Process) {
	return phaseFromLabels(proc) ?? phaseFromMarker(proc);
}

/** Reads package and phase from the options that the hook passes to confine: `--label package=CATEGORY/PF --label phase=PHASE`. */
function phaseFromLabels({ argv }: Process) {
	if (basename(argv[0] ?? '') !== 'confine') return undefined;
	const labels = argv.slice(0, argv.indexOf('--')).filter((_, at) => argv[at - 1] === '--label');
	const find = (name: string) => labels.find((label) => label.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
	const [cpv, phase] = [find('package'), find('phase')];
	// Check the forms of package and phase, because any user can start a process with these arguments.
	return isPackage(cpv) && isSrcPhase(phase) ? { package: cpv, phase } : undefined;
}

function phaseFromMarker({ pid, argv }: Process) {
	const script = argv.findIndex((word) => basename(word) === 'ebuild.sh');
	if (argv.at(-1) !== marker || script < 0) return undefined;
	const cpv = variableOf(pid, 'PORTAGE_BUILDDIR').split('/').slice(-2).join('/');
	// Portage passes the arguments of ebuild.sh as one word or as several words. The phase is the first.
	const phase = argv[script + 1]?.split(' ')[0] ?? '';
	return { package: isPackage(cpv) ? cpv : '?', phase: isSrcPhase(phase) ? phase : '?' };
}

function isInsidePhase(proc: Process, byPid: ReadonlyMap<number, Process>): boolean {
	for (let parent = byPid.get(proc.parent); parent !== undefined; parent = byPid.get(parent.parent)) {
		if (phaseOf(parent) !== undefined) return true;
	}
	return false;
}

function descendants(top: Process, children: ReadonlyMap<number, readonly Process[]>): Process[] {
	const found = new Set([top]);
	// This loop also visits the elements that it adds, because iterating a Set does so.
	for (const proc of found) for (const child of children.get(proc.pid) ?? []) found.add(child);
	return [...found];
}
