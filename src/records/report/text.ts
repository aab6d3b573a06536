// SPDX-License-Identifier: GPL-2.0-or-later
import { ipcObjectName } from '../../messages/message.ts';
import { featureOf, features } from '../../rules/features.ts';
import { portcullis } from '../../messages/message.ts';
import { unreadText } from '../reader.ts';
import { fit, pad, table, wrap } from '../../util/layout.ts';
import { paint, type Screen } from '../../util/terminal.ts';
import { ago, bytes, count, duration, localTime } from '../../util/units.ts';
import { MOST_PACKAGES, sumOf, type PhaseSummary, type Report, type Tally } from './collect.ts';
import {
	destinationText,
	remedies,
	requestsIn,
	sectionNames,
	sectionsOf,
	unlistedText,
	type SectionEntry,
	type SectionName,
} from './sections.ts';

interface View {
	readonly screen: Screen;
	/** The current time in milliseconds since 1970. */
	readonly now: number;
	/** True if the report shows all entries. Otherwise it shows only the first entries of each section. */
	readonly whole: boolean;
}

export function reportText(report: Report, view: View): string[] {
	const entries = sectionsOf(report);
	return [
		...sectionNames.flatMap((name) => section(view, sections[name], entries[name])),
		...usageLines(report, view),
		...summary(report, view.screen),
	];
}

interface Section {
	readonly style: 'red' | 'yellow';
	readonly title: (entries: readonly SectionEntry[]) => string;
	readonly lines: (entry: SectionEntry, view: View, most: number) => string[];
}

const sections: Readonly<Record<SectionName, Section>> = {
	blocked: {
		style: 'red',
		title: (entries) =>
			`Blocked: ${count(
				sumOf(entries, ({ attempts }) => attempts),
				'attempt',
			)} of ${packages(entries)} to reach the network`,
		lines: ({ blocked, attempts }, view, most) => attemptLines(blocked, attempts, view, most),
	},
	observed: {
		style: 'yellow',
		title: (entries) =>
			`Would be blocked by ${features.net}: ${count(
				sumOf(entries, ({ observedAttempts }) => observedAttempts),
				'attempt',
			)} of ${packages(entries)}`,
		lines: ({ observed, observedAttempts }, view, most) => attemptLines(observed, observedAttempts, view, most),
	},
	killed: {
		style: 'yellow',
		title: (entries) =>
			`Killed: ${count(
				sumOf(entries, ({ killedCount }) => killedCount),
				'process',
				'processes',
			)} left behind by ${packages(entries)}`,
		lines: killedLines,
	},
	removed: {
		style: 'yellow',
		title: (entries) =>
			`Removed: ${count(
				sumOf(entries, ({ removedCount }) => removedCount),
				'IPC object',
			)} left behind by ${packages(entries)}`,
		lines: removedLines,
	},
	missing: {
		style: 'yellow',
		title: (entries) => `Not fully confined: ${packages(entries)} (\`${portcullis('doctor')}\` shows the fix)`,
		lines: missingLines,
	},
	limit: { style: 'yellow', title: (entries) => `Stopped by a limit: ${packages(entries)}`, lines: limitLines },
	asked: {
		style: 'yellow',
		title: (entries) => `Asked the host: ${packages(entries)} sent requests to UNIX sockets that they had not bound`,
		lines: (entry, view, most) => [
			...attemptLines(entry.asked, requestsIn(entry), view, most),
			...remedies('asked', entry).flatMap((text) => indented(text, view.screen)),
		],
	},
	allowed: {
		style: 'yellow',
		title: (entries) => `Allowed: ${packages(entries)} connected to destinations in PORTCULLIS_ALLOW`,
		lines: ({ allowed }, view, most) =>
			attemptLines(
				allowed,
				sumOf(allowed, (row) => row.count),
				view,
				most,
			),
	},
};

function packages(entries: readonly SectionEntry[]): string {
	return count(new Set(entries.map((entry) => entry.package)).size, 'package');
}

/** Maximum number of entries in a section of the report, and of lines in an entry. `whole` disables both limits. */
const MOST_ENTRIES = 5;
const MOST_LINES = 3;

function section(view: View, { style, title, lines }: Section, entries: readonly SectionEntry[]): string[] {
	if (entries.length === 0) return [];
	const { screen, whole } = view;
	const shown = whole ? entries : entries.slice(0, MOST_ENTRIES);
	const more = sumOf(entries.slice(shown.length), ({ phases }) => phases.length);
	return [
		...wrap(title(entries), screen.width).map((line) => paint(screen, 'bold', paint(screen, style, line))),
		...shown.flatMap((entry) => [heading(entry, view), ...lines(entry, view, whole ? Infinity : MOST_LINES)]),
		...(more > 0
			? wrap(
					`and ${count(more, 'more phase')}: use \`portcullis report PACKAGE\` or \`--html FILE\``,
					screen.width - 2,
				).map((line) => `  ${line}`)
			: []),
		'',
	];
}

function heading(entry: SectionEntry, { screen, now }: View): string {
	const name = `${entry.package} ${entry.phases.map((phase) => `src_${phase}`).join(', ')}`;
	const often = entry.runs > 1 ? `, ${entry.runs} runs` : '';
	const when = `${ago(Date.parse(entry.time), now)}${often}${entry.failed ? ', failed' : ''}`;
	if (screen.width === Infinity) return `  ${name}  ${when}`;
	const room = screen.width - when.length - 4;
	return `  ${paint(screen, 'cyan', pad(fit(name, room), room))}  ${paint(screen, 'dim', when)}`;
}

function attemptLines(tallies: readonly Tally[], attempts: number, { screen }: View, most: number): string[] {
	const rows = [...tallies]
		.sort((a, b) => b.count - a.count)
		.map(({ destination, protocol, count, command }) => [
			destinationText({ destination, protocol }),
			`${count}x`,
			command,
		]);
	const unlisted = attempts - sumOf(tallies, (row) => row.count);
	return [
		...capped(table(screen, [{ shrinks: 24 }, { align: 'right' }, { shrinks: 16 }], rows, '    '), most),
		...(unlisted > 0 ? [`    and ${unlistedText(unlisted)}`] : []),
	];
}

function killedLines(entry: SectionEntry, { screen }: View, most: number): string[] {
	const rows = entry.killed.map(({ pid, age, argv, comm }) => [
		`pid ${pid}`,
		`${duration(age)} old`,
		argv.length > 0 ? argv.join(' ') : comm,
	]);
	return capped(
		table(screen, [{}, { align: 'right' }, { shrinks: 16 }], rows, '    '),
		most,
		entry.killedCount - rows.length,
	);
}

function removedLines({ removed, removedCount }: SectionEntry, { screen }: View, most: number): string[] {
	const rows = removed.map((one) => [ipcObjectName(one), one.comm]);
	return capped(table(screen, [{ shrinks: 24 }, { shrinks: 8 }], rows, '    '), most, removedCount - rows.length);
}

function missingLines(entry: SectionEntry, { screen }: View): string[] {
	return entry.missing.map(({ what, why }) => fit(`    ${featureOf(what)}: ${why}`, screen.width));
}

function limitLines(entry: SectionEntry, { screen }: View): string[] {
	return indented([entry.limit ?? '', ...remedies('limit', entry)].join(': '), screen);
}

function indented(text: string, screen: Screen): string[] {
	return wrap(text, screen.width - 4).map((line) => `    ${line}`);
}

function capped(lines: readonly string[], most: number, unlisted = 0): string[] {
	const shown = lines.slice(0, most);
	const more = lines.length - shown.length + unlisted;
	return more > 0 ? [...shown, `    and ${more} more`] : shown;
}

function usageLines(report: Report, { screen, whole }: View): string[] {
	const phases = whole ? report.recent.slice(-12) : report.slowest.slice(0, 3);
	if (phases.length === 0) return [];
	return [
		paint(screen, 'bold', whole ? 'Last phases' : 'Slowest phases'),
		...table(
			screen,
			[{ shrinks: 12 }, { align: 'right' }, { align: 'right' }, { align: 'right' }, {}],
			phases.map(usageRow),
			'  ',
		),
		'',
	];
}

function usageRow(phase: PhaseSummary): string[] {
	return [
		`${phase.package} src_${phase.phase}`,
		duration(phase.wall),
		`cpu ${duration(phase.cpu)}`,
		bytes(phase.memory),
		phase.exit === 0 ? '' : `failed (${phase.exit})`,
	];
}

function summary(report: Report, screen: Screen): string[] {
	if (report.phases === 0) return ['No matching phase is recorded.', ...report.unread.map(unreadText)];
	const isClean =
		report.attempts + report.observedAttempts + report.killed + report.removed + report.unconfined + report.limited ===
		0;
	const text = [
		`${count(report.phases, 'phase')} of ${atLeast(report.packages)}${count(report.packages.size, 'package')} since ${localTime(report.from)}`,
		isClean
			? 'all fully confined, nothing was blocked or killed'
			: `${report.unconfined === 0 ? 'all' : report.phases - report.unconfined} fully confined`,
		...(report.failed > 0 ? [`${report.failed} failed`] : []),
	].join(', ');
	return [...wrap(`${text}.`, screen.width), ...report.unread.map(unreadText)];
}

/** Returns the lines of `portcullis report --stats`: label, number, and percentage, in the format of `ccache -s`. */
export function statsText(report: Report, screen: Screen): string[] {
	const { phases } = report;
	const packages = report.packages.size;
	const rows: [string, string, string?][] = [
		['Since', report.from === '' ? '-' : localTime(report.from)],
		['Phases', String(phases)],
		['  fully confined', String(phases - report.unconfined), share(phases - report.unconfined, phases)],
		['  isolated by Portage itself', String(report.byPortage), share(report.byPortage, phases)],
		['  with blocked attempts', String(report.blockedPhases), share(report.blockedPhases, phases)],
		['  left processes behind', String(report.killedPhases), share(report.killedPhases, phases)],
		['  stopped by a limit', String(report.limited), share(report.limited, phases)],
		['  failed', String(report.failed), share(report.failed, phases)],
		['Packages', `${atLeast(report.packages)}${packages}`],
		['  with blocked attempts', String(report.blockedPackages.size), share(report.blockedPackages.size, packages)],
		['  left processes behind', String(report.killedPackages.size), share(report.killedPackages.size, packages)],
		['Blocked attempts', String(report.attempts)],
		['Attempts that would be blocked', String(report.observedAttempts)],
		['Killed processes', String(report.killed)],
		...(report.removed > 0 ? [['Removed IPC objects', String(report.removed)] as [string, string]] : []),
		...counts('Mode', report.modes, phases),
		...counts('Tracked by', report.trackingMethods, phases),
		['Time in phases', duration(report.wall)],
		['  processor time', duration(report.cpu), share(report.cpu, report.wall)],
		['Peak memory of a phase', bytes(report.largest[0]?.memory ?? 0)],
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
	return [...lines, ...report.unread.map(unreadText)];
}

function counts(title: string, counted: ReadonlyMap<string, number>, all: number): [string, string, string?][] {
	const sorted = [...counted].filter(([name]) => name !== '').sort((a, b) => b[1] - a[1]);
	return sorted.map(([name, number]) => [`${title} ${name}`, String(number), share(number, all)]);
}

function share(part: number, whole: number): string {
	return whole === 0 ? '' : `(${((100 * part) / whole).toFixed(1).padStart(5)}%)`;
}

function atLeast(packages: ReadonlySet<string>): string {
	return packages.size < MOST_PACKAGES ? '' : 'at least ';
}
