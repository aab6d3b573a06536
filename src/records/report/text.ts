import { featureOf } from '../../rules/features.ts';
import { unreadText, type Quiet } from '../reader.ts';
import { fit, pad, paint, table, wrap, type Screen } from '../../util/terminal.ts';
import { settingOf } from '../../rules/settings.ts';
import { ago, bytes, count, duration, localTime } from '../../util/units.ts';
import type { Collected } from './collect.ts';
import { kinds, sorted, type Kind, type Told } from './kinds.ts';

interface View {
	readonly screen: Screen;
	readonly now: number;
	/** A package was named: everything about it, rather than what fits on a screen. */
	readonly whole: boolean;
}

/** The report as a person reads it: what needs an answer comes first. */
export function reportText(sum: Collected, view: View): string[] {
	const events = sorted(sum);
	return [
		...kinds.flatMap((kind) => section(view, sections[kind], events[kind])),
		...usedLines(sum, view),
		...summary(sum, view.screen),
	];
}

interface Section {
	readonly style: 'red' | 'yellow';
	readonly title: (events: readonly Told[]) => string;
	readonly lines: (event: Told, view: View, most: number) => string[];
}

const blockedTitle = (events: readonly Told[]) =>
	`Blocked: ${count(packages(events), 'package')} tried to reach what the network sandbox cuts off`;
const allowedTitle = (events: readonly Told[]) =>
	`Let through: ${count(packages(events), 'package')} reached what PORTCULLIS_ALLOW names`;
const killedTitle = (events: readonly Told[]) =>
	`Killed: ${count(
		sumOf(events, ({ killedCount }) => killedCount),
		'process',
		'processes',
	)} left behind by ${count(packages(events), 'package')}`;
const missingTitle = (events: readonly Told[]) =>
	`Not confined as asked: ${count(packages(events), 'package')} (\`portcullis doctor\` says what would help)`;
const limitTitle = (events: readonly Told[]) => `Stopped by a limit: ${count(packages(events), 'package')}`;

const sections: Readonly<Record<Kind, Section>> = {
	blocked: { style: 'red', title: blockedTitle, lines: blockedLines },
	killed: { style: 'yellow', title: killedTitle, lines: killedLines },
	missing: { style: 'yellow', title: missingTitle, lines: missingLines },
	limit: { style: 'yellow', title: limitTitle, lines: limitLines },
	allowed: { style: 'yellow', title: allowedTitle, lines: allowedLines },
};

function packages(events: readonly Told[]): number {
	return new Set(events.map((event) => event.package)).size;
}

function sumOf(events: readonly Told[], size: (event: Told) => number): number {
	return events.reduce((sum, event) => sum + size(event), 0);
}

/** On the first screen: this many phases of a kind, with this many lines each. */
const PHASES = 5;
const LINES = 3;

function section(view: View, { style, title, lines }: Section, events: readonly Told[]): string[] {
	if (events.length === 0) return [];
	const { screen, whole } = view;
	const shown = whole ? events : events.slice(0, PHASES);
	const more = sumOf(events.slice(shown.length), ({ phases }) => phases.length);
	return [
		...wrap(title(events), screen.width).map((line) => paint(screen, 'bold', paint(screen, style, line))),
		...shown.flatMap((event) => [heading(event, view), ...lines(event, view, whole ? Infinity : LINES)]),
		...(more > 0 ? [`  and ${count(more, 'phase')} more: portcullis report PACKAGE, or --html FILE`] : []),
		'',
	];
}

function heading(event: Told, { screen, now }: View): string {
	const name = `${event.package} ${event.phases.map((phase) => `src_${phase}`).join(', ')}`;
	const often = event.runs > 1 ? `, ${event.runs} runs` : '';
	const when = `${ago(Date.parse(event.time), now)}${often}${event.failed ? ', failed' : ''}`;
	if (screen.width === Infinity) return `  ${name}  ${when}`;
	const room = screen.width - when.length - 4;
	return `  ${paint(screen, 'cyan', pad(fit(name, room), room))}  ${paint(screen, 'dim', when)}`;
}

function allowedLines(event: Told, { screen }: View, most: number): string[] {
	const rows = [...event.allowed]
		.sort((a, b) => b.count - a.count)
		.map((row) => [row.destination, `${row.count}x`, row.command]);
	return capped(table(screen, [{ shrinks: 24 }, { align: 'right' }, { shrinks: 16 }], rows, '    '), most);
}

function blockedLines(event: Told, { screen }: View, most: number): string[] {
	const rows = [...event.blocked].sort((a, b) => b.count - a.count);
	const seen = rows.reduce((sum, row) => sum + row.count, 0);
	const names = event.names.map(({ name, command, count }) => [name, `${count}x`, command]);
	const tried = rows.map((row) => [
		row.destination + (row.protocol === 'tcp' ? '' : `/${row.protocol}`),
		`${row.count}x`,
		row.command,
	]);
	return [
		...capped(
			table(screen, [{ shrinks: 24 }, { align: 'right' }, { shrinks: 16 }], [...names, ...tried], '    '),
			most,
		),
		...(event.attempts > seen
			? [`    ${count(event.attempts - seen, seen > 0 ? 'more attempt' : 'attempt')}, counted by the kernel`]
			: []),
	];
}

function killedLines(event: Told, { screen }: View, most: number): string[] {
	const rows = event.killed.map(({ pid, age, argv, comm }) => [
		`pid ${pid}`,
		`${duration(age)} old`,
		argv.length > 0 ? argv.join(' ') : comm,
	]);
	return capped(
		table(screen, [{}, { align: 'right' }, { shrinks: 16 }], rows, '    '),
		most,
		event.killedCount - rows.length,
	);
}

function missingLines(event: Told, { screen }: View): string[] {
	return event.missing.map(({ what, why }) => fit(`    ${featureOf(what)}: ${why}`, screen.width));
}

function limitLines(event: Told): string[] {
	const variable = settingOf(event.limit ?? '');
	return [`    ${event.limit ?? ''}${variable === undefined ? '' : `: ${variable} raises it`}`];
}

function capped(lines: readonly string[], most: number, unlisted = 0): string[] {
	const shown = lines.slice(0, most);
	const more = lines.length - shown.length + unlisted;
	return more > 0 ? [...shown, `    and ${more} more`] : shown;
}

function usedLines(sum: Collected, { screen, whole }: View): string[] {
	const phases = whole ? sum.recent.slice(-12) : sum.slowest.slice(0, 3);
	if (phases.length === 0) return [];
	return [
		paint(screen, 'bold', whole ? 'Used: its last phases' : 'Used the most'),
		...table(
			screen,
			[{ shrinks: 20 }, { align: 'right' }, { align: 'right' }, { align: 'right' }, {}],
			phases.map(usedRow),
			'  ',
		),
		'',
	];
}

function usedRow(phase: Quiet): string[] {
	return [
		`${phase.package} src_${phase.phase}`,
		duration(phase.wall),
		`cpu ${duration(phase.cpu)}`,
		bytes(phase.memory),
		phase.exit === 0 ? '' : `failed (${phase.exit})`,
	];
}

function summary(sum: Collected, screen: Screen): string[] {
	if (sum.phases === 0)
		return [
			'No record of a phase: nothing was built under Portcullis, or not since then.',
			...sum.unread.map(unreadText),
		];
	const good = sum.attempts + sum.killed + sum.unconfined + sum.limited === 0;
	const text = [
		`${count(sum.phases, 'phase')} of ${count(sum.packages.size, 'package')} since ${localTime(sum.from)}`,
		good
			? 'nothing was blocked and nothing left behind'
			: `${sum.unconfined === 0 ? 'all' : sum.phases - sum.unconfined} confined as asked`,
		...(sum.failed > 0 ? [`${sum.failed} failed`] : []),
	].join(', ');
	return [...wrap(`${text}.`, screen.width), ...sum.unread.map(unreadText)];
}
