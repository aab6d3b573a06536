import { paint, type Screen } from '../../util/terminal.ts';
import { unreadText } from '../reader.ts';
import { bytes, duration, localTime } from '../../util/units.ts';
import type { Collected } from './collect.ts';

/** Numbers only, in the manner of `ccache -s`: a label, a number, and what part of the line above it is. */
export function statsText(sum: Collected, screen: Screen): string[] {
	const { phases } = sum;
	const packages = sum.packages.size;
	const rows: [string, string, string?][] = [
		['Since', sum.from === '' ? '-' : localTime(sum.from)],
		['Phases', String(phases)],
		['  confined as asked', String(phases - sum.unconfined), share(phases - sum.unconfined, phases)],
		['  isolated by Portage itself', String(sum.byPortage), share(sum.byPortage, phases)],
		['  blocked', String(sum.blockedPhases), share(sum.blockedPhases, phases)],
		['  left processes behind', String(sum.killedPhases), share(sum.killedPhases, phases)],
		['  stopped by a limit', String(sum.limited), share(sum.limited, phases)],
		['  failed', String(sum.failed), share(sum.failed, phases)],
		['Packages', atLeast(packages, sum.packages.dropped)],
		['  blocked', String(sum.blockedPackages.size), share(sum.blockedPackages.size, packages)],
		['  left processes behind', String(sum.killedPackages.size), share(sum.killedPackages.size, packages)],
		['Attempts blocked', String(sum.attempts)],
		['Processes killed', String(sum.killed)],
		...counts('Mode', sum.modes, phases),
		...counts('Tracked by', sum.trackingMethods, phases),
		['Time in phases', duration(sum.wall)],
		['  processor time', duration(sum.cpu), share(sum.cpu, sum.wall)],
		['Most memory of a phase', bytes(sum.largest[0]?.memory ?? 0)],
	];
	const lines = rows.map(([label, number, part]) =>
		[
			label.startsWith(' ') ? label.padEnd(32) : paint(screen, 'bold', label.padEnd(32)),
			number.padStart(17),
			part ?? '',
		]
			.join(' ')
			.trimEnd(),
	);
	return [...lines, ...sum.unread.map(unreadText)];
}

function counts(title: string, counted: ReadonlyMap<string, number>, all: number): [string, string, string?][] {
	const sorted = [...counted].filter(([name]) => name !== '').sort((a, b) => b[1] - a[1]);
	return sorted.map(([name, number]) => [`${title} ${name}`, String(number), share(number, all)]);
}

function share(part: number, whole: number): string {
	return whole === 0 ? '' : `(${((100 * part) / whole).toFixed(1).padStart(5)}%)`;
}

function atLeast(number: number, more: number): string {
	return more > 0 ? `over ${number}` : String(number);
}
