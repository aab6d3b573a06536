// SPDX-License-Identifier: GPL-2.0-or-later
import { unreadText } from '../reader.ts';
import { fit, pad, table, wrap, type Column } from '../../util/layout.ts';
import { paint, type Screen } from '../../util/terminal.ts';
import { ago, bytes, count, duration, localTime, sumOf } from '../../util/units.ts';
import { MOST_PACKAGES, type PhaseSummary, type Report } from './collect.ts';
import { countOf, filledSections, phaseNames, type Section, type SectionEntry } from './sections.ts';

interface View {
	readonly screen: Screen;
	/** The current time in milliseconds since 1970. */
	readonly now: number;
	/** True if the report shows all entries. Otherwise it shows only the first entries of each section. */
	readonly whole: boolean;
}

export function reportText(report: Report, view: View): string[] {
	return [
		...filledSections(report).flatMap(([section, entries]) => sectionLines(view, section, entries)),
		...usageLines(report, view),
		...summary(report, view.screen),
	];
}

/** Maximum number of entries in a section of the report, and of lines in an entry. `whole` disables both limits. */
const MOST_ENTRIES = 5;
const MOST_LINES = 3;

function sectionLines(view: View, section: Section, entries: readonly SectionEntry[]): string[] {
	const { screen, whole } = view;
	const shown = whole ? entries : entries.slice(0, MOST_ENTRIES);
	const more = sumOf(entries.slice(shown.length), ({ phases }) => phases.length);
	const hint = `and ${count(more, 'more phase')}: use \`portcullis report PACKAGE\` or \`--html FILE\``;
	const total = sumOf(entries, (entry) => countOf(section, entry));
	const packages = count(new Set(entries.map((entry) => entry.package)).size, 'package');
	return [
		...wrap(section.heading(packages, total), screen.width).map((line) =>
			paint(screen, 'bold', paint(screen, section.isUrgent === true ? 'red' : 'yellow', line)),
		),
		...shown.flatMap((entry) => [heading(entry, view), ...entryLines(entry, section, view)]),
		...(more > 0 ? indented(hint, 2, screen) : []),
		'',
	];
}

function heading(entry: SectionEntry, { screen, now }: View): string {
	const name = `${entry.package} ${phaseNames(entry)}`;
	const often = entry.runs > 1 ? `, ${entry.runs} runs` : '';
	const when = `${ago(Date.parse(entry.time), now)}${often}${entry.failed ? ', failed' : ''}`;
	if (screen.width === Infinity) return `  ${name}  ${when}`;
	const room = screen.width - when.length - 4;
	return `  ${paint(screen, 'cyan', pad(fit(name, room), room))}  ${paint(screen, 'dim', when)}`;
}

const columns: Readonly<Record<Section['columns'][number], Column>> = {
	...{ where: { shrinks: 24 }, times: { align: 'right' }, code: { shrinks: 16 }, name: {}, text: {} },
};

function entryLines(entry: SectionEntry, section: Section, { screen, whole }: View): string[] {
	const kinds = section.columns.map((kind) => columns[kind]);
	const lines = section.columns[0] === 'name' ? [] : table(screen, kinds, section.rows(entry), '    ');
	const shown = lines.slice(0, whole ? Infinity : MOST_LINES);
	const notes = section.notes?.(entry) ?? [];
	return [
		...shown,
		...(section.more?.(entry, lines.length - shown.length) ?? []).map((more) => `    and ${more}`),
		...notes.flatMap((text) => indented(text, 4, screen)),
	];
}

function indented(text: string, columns: number, { width }: Screen): string[] {
	return wrap(text, width - columns).map((line) => fit(' '.repeat(columns) + line, width));
}

function usageLines(report: Report, { screen, whole }: View): string[] {
	const phases = whole ? report.recent.slice(-12) : report.slowest.slice(0, 3);
	if (phases.length === 0) return [];
	const kinds: Column[] = [{ shrinks: 12 }, { align: 'right' }, { align: 'right' }, { align: 'right' }, {}];
	const title = whole ? 'Last phases' : 'Slowest phases';
	return [paint(screen, 'bold', title), ...table(screen, kinds, phases.map(usageRow), '  '), ''];
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
	const { blocked, observed, killed, removed } = report.counts;
	const isClean = blocked + observed + killed + removed + report.unconfined + report.limited === 0;
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
	const of = (part: number, whole: number) => [part, part / whole] as const;
	const rows: (readonly [label: string, value: string | number, fraction?: number])[] = [
		['Since', report.from === '' ? '-' : localTime(report.from)],
		['Phases', phases],
		['  fully confined', ...of(phases - report.unconfined, phases)],
		['  isolated by Portage itself', ...of(report.byPortage, phases)],
		['  with blocked attempts', ...of(report.blockedPhases, phases)],
		['  left processes behind', ...of(report.killedPhases, phases)],
		['  stopped by a limit', ...of(report.limited, phases)],
		['  failed', ...of(report.failed, phases)],
		['Packages', `${atLeast(report.packages)}${packages}`],
		['  with blocked attempts', ...of(report.blockedPackages.size, packages)],
		['  left processes behind', ...of(report.killedPackages.size, packages)],
		['Blocked attempts', report.counts.blocked],
		['Attempts that would be blocked', report.counts.observed],
		['Killed processes', report.counts.killed],
		...(report.counts.removed > 0 ? [['Removed IPC objects', report.counts.removed] as const] : []),
		...mostFrequent(report.modes).map(([mode, number]) => [`Mode ${mode}`, ...of(number, phases)] as const),
		...mostFrequent(report.trackingMethods).map(
			([name, number]) => [`Tracked by ${name}`, ...of(number, phases)] as const,
		),
		['Time in phases', duration(report.wall)],
		['  processor time', duration(report.cpu), report.cpu / report.wall],
		['Peak memory of a phase', bytes(report.largest[0]?.memory ?? 0)],
	];
	const lines = rows.map(([label, value, fraction = NaN]) => {
		const style = label.startsWith(' ') ? label.padEnd(32) : paint(screen, 'bold', label.padEnd(32));
		const share = Number.isNaN(fraction) ? '' : `(${(100 * fraction).toFixed(1).padStart(5)}%)`;
		return `${style} ${String(value).padStart(17)} ${share}`.trimEnd();
	});
	return [...lines, ...report.unread.map(unreadText)];
}

function mostFrequent(counted: ReadonlyMap<string, number>): [string, number][] {
	return [...counted].filter(([name]) => name !== '').sort((a, b) => b[1] - a[1]);
}

function atLeast(packages: ReadonlySet<string>): string {
	return packages.size < MOST_PACKAGES ? '' : 'at least ';
}
