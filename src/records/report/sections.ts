// SPDX-License-Identifier: GPL-2.0-or-later
import { ebuildFixes } from '../../messages/hints.ts';
import { hostServiceAt } from '../../messages/host_services.ts';
import { ipcObjectName, portcullis } from '../../messages/message.ts';
import { featureOf, features } from '../../rules/features.ts';
import { settingOf } from '../../rules/settings.ts';
import { withoutVersion } from '../../util/grammar.ts';
import { count, duration, sumOf } from '../../util/units.ts';
import { latestEvents, type PhaseEvents, type Report } from './collect.ts';

/** An entry of a report: the events of one phase, or of several phases in which the same sandboxes were missing. */
export interface SectionEntry extends PhaseEvents {
	readonly phases: readonly string[];
}

/** A section of the reports. text.ts and html.ts render it. */
export interface Section {
	readonly name: string;
	/** The heading in the HTML report. */
	readonly title: string;
	/** The sentence below the heading; '' for none. */
	readonly lead: string;
	/** True if the heading on a terminal, and the border of each entry in the HTML report, are red instead of yellow. */
	readonly isUrgent?: true;
	/** The heading on a terminal. `packages` is the number of packages with its noun, `total` the sum of countOf() over the entries. */
	readonly heading: (packages: string, total: number) => string;
	/** Selects the events of the section. If absent, the section has the events for which countOf() is above 0. */
	readonly includes?: (event: PhaseEvents) => boolean;
	/** Phases of one package for which this function returns the same text become one entry. Without it, each phase is an entry. */
	readonly groupBy?: (event: PhaseEvents) => string;
	/** The kinds of the columns of `rows`. If the first column is a name, a terminal shows `notes` and no table. */
	readonly columns: readonly ('where' | 'times' | 'code' | 'name' | 'text')[];
	readonly rows: (entry: SectionEntry) => string[][];
	/** Describes what the rows lack: `hidden` rows that the report omits, and items for which the record had no room. */
	readonly more?: (entry: SectionEntry, hidden: number) => string[];
	/** Advice for the user and for the author of the ebuild. Commands are in backquotes. */
	readonly advice: (entry: SectionEntry) => string[];
	/** The lines below the table on a terminal. */
	readonly notes?: (entry: SectionEntry) => string[];
}

/** The sections of a report, the most urgent first. */
export const sections: readonly Section[] = [
	{
		name: 'blocked',
		title: 'Blocked',
		lead: 'These phases tried to reach the network.',
		isUrgent: true,
		heading: (packages, total) => `Blocked: ${count(total, 'attempt')} of ${packages} to reach the network`,
		...tallies('blocked'),
		advice: networkAdvice,
	},
	{
		name: 'observed',
		title: 'Would be blocked',
		lead: `These phases were not isolated. FEATURES=${features.net} would block their attempts.`,
		heading: (packages, total) => `Would be blocked by ${features.net}: ${count(total, 'attempt')} of ${packages}`,
		...tallies('observed'),
		advice: networkAdvice,
	},
	{
		name: 'killed',
		title: 'Killed',
		lead: 'These processes were still running at the end of their phase.',
		heading: (packages, total) => `Killed: ${count(total, 'process', 'processes')} left behind by ${packages}`,
		columns: ['text', 'times', 'code'],
		rows: ({ killed }) =>
			killed.map(({ pid, age, argv, comm }) => [`pid ${pid}`, `${duration(age)} old`, argv.join(' ') || comm]),
		more: ({ killed, counts }, hidden) => moreItems(hidden + counts.killed - killed.length),
		advice: (entry) => [`To fix the ebuild, stop the processes at the end of ${phaseNames(entry)}`],
	},
	{
		name: 'removed',
		title: 'Removed',
		lead: 'These IPC objects still existed at the end of the phase that had created them.',
		heading: (packages, total) => `Removed: ${count(total, 'IPC object')} left behind by ${packages}`,
		columns: ['where', 'code'],
		rows: ({ removed }) => removed.map((one) => [ipcObjectName(one), one.comm]),
		more: ({ removed, counts }, hidden) => moreItems(hidden + counts.removed - removed.length),
		advice: (entry) => [`To fix the ebuild, remove the objects at the end of ${phaseNames(entry)}`],
	},
	{
		name: 'missing',
		title: 'Not fully confined',
		lead: 'These phases ran without a sandbox that FEATURES requests.',
		heading: (packages) => `Not fully confined: ${packages} (\`${portcullis('doctor')}\` shows the fix)`,
		includes: ({ missing }) => missing.length > 0,
		groupBy: ({ missing }) => JSON.stringify(missing),
		columns: ['name', 'text'],
		rows: ({ missing }) => missing.map(({ what, why }) => [featureOf(what), why]),
		advice: () => [`To find the fix, run: \`${portcullis('doctor')}\``],
		notes: ({ missing }) => missing.map(({ what, why }) => `${featureOf(what)}: ${why}`),
	},
	{
		name: 'limit',
		title: 'Stopped by a limit',
		lead: '',
		heading: (packages) => `Stopped by a limit: ${packages}`,
		includes: ({ limit }) => limit !== undefined,
		columns: ['name'],
		rows: ({ limit = '' }) => [[limit]],
		advice: limitAdvice,
		notes: (entry) => [[entry.limit, ...limitAdvice(entry)].join(': ')],
	},
	{
		name: 'requests',
		title: 'Requests to the host',
		lead: 'These phases sent requests to UNIX sockets that they had not bound.',
		heading: (packages) => `Requests to the host: ${packages} sent requests to UNIX sockets that they had not bound`,
		includes: ({ requests }) => requests.length > 0,
		...tallies('requests'),
		advice: socketAdvice,
		notes: socketAdvice,
	},
	{
		name: 'allowed',
		title: 'Allowed',
		lead: 'These phases connected to destinations in PORTCULLIS_ALLOW.',
		heading: (packages) => `Allowed: ${packages} connected to destinations in PORTCULLIS_ALLOW`,
		includes: ({ allowed }) => allowed.length > 0,
		...tallies('allowed'),
		advice: (entry) => [
			`To block these connections again, run: \`${portcullis('allow', '--remove', withoutVersion(entry.package))}\``,
		],
	},
];

/** Returns each section that has entries, together with its entries, the latest entry first. */
export function filledSections(report: Report): (readonly [Section, readonly SectionEntry[]])[] {
	const events = latestEvents(report);
	return sections
		.map((section) => {
			const includes = section.includes ?? ((event) => countOf(section, event) > 0);
			return [section, entriesOf(section, events.filter(includes))] as const;
		})
		.filter(([, entries]) => entries.length > 0);
}

function entriesOf({ groupBy }: Section, events: readonly PhaseEvents[]): SectionEntry[] {
	const groups = new Map<unknown, SectionEntry>();
	for (const event of events) {
		const key = groupBy === undefined ? event : `${event.package} ${groupBy(event)}`;
		// The loop gets the latest phase first. Prepend each phase, so that a group lists its phases in the order of the build.
		groups.set(key, { ...(groups.get(key) ?? event), phases: [event.phase, ...(groups.get(key)?.phases ?? [])] });
	}
	return [...groups.values()];
}

/** Returns the number in `counts` for a section, which includes events for which its rows had no room; 0 if `counts` has none for it. */
export function countOf({ name }: Pick<Section, 'name'>, { counts }: PhaseEvents): number {
	return (counts as Readonly<Record<string, number>>)[name] ?? 0;
}

export function phaseNames({ phases }: SectionEntry): string {
	return phases.map((phase) => `src_${phase}`).join(', ');
}

/** Returns the columns, the rows and `more` of a section about destinations. The row with the most attempts is the first. */
function tallies(key: 'blocked' | 'observed' | 'requests' | 'allowed') {
	return {
		columns: ['where', 'times', 'code'],
		rows: (entry: SectionEntry) =>
			entry[key]
				.toSorted((a, b) => b.count - a.count)
				.map(({ destination, protocol, count, command }) => [
					destination + (protocolTexts[protocol] ?? `/${protocol}`),
					`${count}x`,
					command,
				]),
		more: (entry: SectionEntry, hidden: number) => {
			// The program of an unlisted attempt is unknown, or a record or the report had no room for the attempt.
			const unlisted = countOf({ name: key }, entry) - sumOf(entry[key], (tally) => tally.count);
			const text = `${count(unlisted, 'more attempt')}, program not recorded`;
			return [...moreItems(hidden), ...(unlisted > 0 ? [text] : [])];
		},
	} as const satisfies Partial<Section>;
}

const protocolTexts: Readonly<Record<string, string>> = { tcp: '', dns: '', unix: '', refused: ' (refused)' };

function moreItems(number: number): string[] {
	return number > 0 ? [`${number} more`] : [];
}

function networkAdvice({ package: cpv, phase, hints }: SectionEntry): string[] {
	return [
		`To allow the access on this machine, run: \`${portcullis('allow', '--write', withoutVersion(cpv))}\``,
		...ebuildFixes(phase, [...hints]),
	];
}

function limitAdvice({ limit = '' }: SectionEntry): string[] {
	const variable = settingOf(limit);
	return variable === undefined ? [] : [`Raise ${variable} in make.conf or /etc/portage/env`];
}

function socketAdvice({ requests }: SectionEntry): string[] {
	const services = new Set(requests.flatMap(({ destination }) => hostServiceAt(destination) ?? []));
	const isReachable = requests.some(({ protocol }) => protocol === 'unix');
	return [
		...[...services].map(({ name, means }) => `${name}: ${means}`),
		...(isReachable ? ['To refuse these requests, set PORTCULLIS_SOCKETS="own" in make.conf or /etc/portage/env'] : []),
	];
}
