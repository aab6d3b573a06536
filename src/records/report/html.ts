// SPDX-License-Identifier: GPL-2.0-or-later
import { bytes, count as amount, duration, localTime, sumOf } from '../../util/units.ts';
import { stripControls } from '../../util/output.ts';
import { unreadText } from '../reader.ts';
import type { PhaseSummary, Report } from './collect.ts';
import { phaseColours, style } from './html_style.ts';
import { filledSections, phaseNames, type Section, type SectionEntry } from './sections.ts';

/** Returns the page of `portcullis report --html`. It contains no scripts and loads no other files. */
export function reportHtml(report: Report, now: Date, title = 'Build report'): string {
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Portcullis: ${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="brand">Portcullis</p>
<h1>${escape(title)}</h1>
<p class="when">${report.from === '' ? 'No phase is recorded.' : `${localTime(report.from)} to ${localTime(report.to)}`}</p>
</header>
<main>
${tiles(report)}
${filledSections(report).map(sectionHtml).join('\n')}
${timeline(report.recent)}
<div class="pair">
${heavy('time', 'Time', report.slowest, ({ wall }) => wall, duration)}
${heavy('memory', 'Memory', report.largest, ({ memory }) => memory, bytes)}
</div>
</main>
<footer>Written ${localTime(now.toISOString())}.${report.unread.map((unread) => ` ${escape(unreadText(unread))}`).join('')}</footer>
</body>
</html>
`;
}

function tiles(report: Report): string {
	const { phases, packages, failed, unconfined, wall } = report;
	const { blocked, observed, killed, removed } = report.counts;
	const all: (readonly [number: number | string, label: string, kind?: string])[] = [
		[phases, phases === 1 ? 'phase' : 'phases'],
		[packages.size, packages.size === 1 ? 'package' : 'packages'],
		[failed, failed === 1 ? 'failed phase' : 'failed phases', failed > 0 ? 'error' : 'ok'],
		[blocked, blocked === 1 ? 'blocked attempt' : 'blocked attempts', blocked > 0 ? 'error' : 'ok'],
		...(observed > 0 ? [[observed, 'would be blocked', 'warning'] as const] : []),
		[killed, killed === 1 ? 'killed process' : 'killed processes', killed > 0 ? 'warning' : 'ok'],
		...(removed > 0
			? [[removed, removed === 1 ? 'removed IPC object' : 'removed IPC objects', 'warning'] as const]
			: []),
		[unconfined, 'not fully confined', unconfined > 0 ? 'warning' : 'ok'],
		[duration(wall), 'in phases'],
	];
	const items = all.map(([number, label, kind = '']) => `<li class="${kind}"><b>${number}</b> ${label}</li>`);
	return `<ul class="tiles">${items.join('')}</ul>`;
}

/** A section of the page shows at most MOST_SHOWN entries at first and, after a click on "more", at most MOST_ENTRIES. */
const MOST_SHOWN = 12;
const MOST_ENTRIES = 200;

function sectionHtml([section, entries]: readonly [Section, readonly SectionEntry[]]): string {
	const { name, title, lead, isUrgent } = section;
	const cards = entries.slice(0, MOST_ENTRIES).map((entry) => card(section, entry));
	const [first, rest] = [cards.slice(0, MOST_SHOWN), cards.slice(MOST_SHOWN)];
	const more = rest.length > 0 ? `<details><summary>${rest.length} more</summary>${rest.join('\n')}</details>` : '';
	const kind = isUrgent === true ? ' class="urgent"' : '';
	return `<section id="${name}"${kind}><h2>${title}</h2>${lead === '' ? '' : `<p>${lead}</p>`}${first.join('\n')}${more}</section>`;
}

/** The name and attributes of the HTML element for each kind of column. */
const elements: Readonly<Record<Section['columns'][number], string>> = {
	...{ where: 'span class="where"', times: 'span class="times"', code: 'code', name: 'b', text: 'span' },
};

function card({ columns, rows, more, advice }: Section, entry: SectionEntry): string {
	const cell = (text: string, at: number) => {
		const element = elements[columns[at] ?? 'text'];
		return `<${element}>${escape(text)}</${element.replace(/ .*/, '')}>`;
	};
	const items = [
		...rows(entry).map((row) => row.map(cell).join(' ')),
		...(more?.(entry, 0) ?? []).map((text) => `<span class="times">${text}</span>`),
	];
	return `<article>
<h3><span>${escape(entry.package)}</span> <span class="phase">${escape(phaseNames(entry))}</span></h3>
<p class="when">${localTime(entry.time)}${entry.runs > 1 ? `, ${entry.runs} runs` : ''}${entry.failed ? ', <b>failed</b>' : ''}</p>
<ul class="list">${items.map((item) => `<li>${item}</li>`).join('')}</ul>
${advice(entry)
	.map((sentence) => `<p class="advice">${escape(sentence).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`)
	.join('')}
</article>`;
}

function heavy(
	id: string,
	title: string,
	phases: readonly PhaseSummary[],
	size: (phase: PhaseSummary) => number,
	show: (value: number) => string,
): string {
	const largest = phases[0] === undefined ? 0 : size(phases[0]);
	if (largest === 0) return '';
	const rows = phases.map(
		(phase) =>
			`<li><span>${escape(phase.package)} <span class="phase">src_${escape(phase.phase)}</span></span><span class="bar p-${escape(phase.phase)}" style="width:${((100 * size(phase)) / largest).toFixed(1)}%"></span><span class="value">${show(size(phase))}</span></li>`,
	);
	return `<section id="${id}"><h2>${title}</h2><ol class="bars">${rows.join('')}</ol></section>`;
}

/** Escapes text from a record for HTML, and replaces control characters by `?`. */
function escape(text: string): string {
	return stripControls(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A phase that starts more than this number of seconds after the end of all earlier phases begins a new session. Each session has its own chart. */
const PAUSE = 900;
const MOST_SESSIONS = 5;
const MOST_ROWS = 60;

/** A phase with its start time (`begin`) and its end time, in seconds since 1970. */
type TimedPhase = Readonly<ReturnType<typeof timed>>;
function timed(phase: PhaseSummary) {
	const begin = Date.parse(phase.time) / 1000;
	return { ...phase, begin, end: begin + phase.wall };
}

/** Returns a chart for each session, the last session first. A chart has a row for each package and a bar for each phase. */
function timeline(phases: readonly PhaseSummary[]): string {
	const sessions = sessionsOf(phases).reverse().slice(0, MOST_SESSIONS);
	if (sessions.length === 0) return '';
	const legend = Object.keys(phaseColours).map((phase) => `<li><i class="p-${phase}"></i>${phase}</li>`);
	const failed = phases.some(({ exit }) => exit !== 0) ? '<li><i class="failed"></i>failed</li>' : '';
	return `<section id="timeline"><h2>Timeline</h2><ul class="legend">${legend.join('')}${failed}</ul>${sessions.map(sessionChart).join('\n')}</section>`;
}

function sessionsOf(phases: readonly PhaseSummary[]): TimedPhase[][] {
	const sorted = phases
		.map(timed)
		.filter(({ begin }) => !Number.isNaN(begin))
		.sort((a, b) => a.begin - b.begin);
	const sessions: TimedPhase[][] = [];
	let end = -Infinity;
	for (const phase of sorted) {
		if (phase.begin > end + PAUSE) sessions.push([]);
		sessions.at(-1)?.push(phase);
		end = Math.max(end, phase.end);
	}
	return sessions;
}

function sessionChart(phases: readonly TimedPhase[]): string {
	const rows = new Map<string, TimedPhase[]>();
	for (const phase of phases) rows.set(phase.package, [...(rows.get(phase.package) ?? []), phase]);
	const shown = [...rows].slice(-MOST_ROWS);
	const drawn = shown.flatMap(([, all]) => all);
	const begin = Math.min(...drawn.map((phase) => phase.begin));
	const end = Math.max(...drawn.map((phase) => phase.end), begin + 0.001);
	const hidden = rows.size - shown.length;
	return `<figure>
<figcaption>${localTime(new Date(begin * 1000).toISOString())}, ${duration(end - begin)}, ${amount(rows.size, 'package')}${hidden > 0 ? `; the first ${hidden} are not shown` : ''}</figcaption>
<ol class="rows">${shown.map(([name, all]) => chartRow(name, all, begin, end - begin)).join('')}</ol>
<p class="axis"><span>0</span><span>${duration((end - begin) / 2)}</span><span>${duration(end - begin)}</span></p>
${table(drawn, begin)}
</figure>`;
}

/** Returns the numbers of a chart as a table, for screen readers and for touch screens, which do not show the tooltips of the bars. */
function table(phases: readonly TimedPhase[], begin: number): string {
	const rows = phases.map(
		(phase) =>
			`<tr><td>${escape(phase.package)} <span class="phase">src_${escape(phase.phase)}</span>${outcome(phase) === '' ? '' : ` <b>${outcome(phase)}</b>`}</td><td>${duration(phase.begin - begin)}</td><td>${duration(phase.wall)}</td><td>${duration(phase.cpu)}</td><td>${bytes(phase.memory)}</td></tr>`,
	);
	return `<details><summary>In numbers</summary><div class="scroll"><table><thead><tr><th>phase</th><th>after</th><th>time</th><th>cpu</th><th>memory</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

function outcome({ exit }: PhaseSummary): string {
	return exit === 0 ? '' : `failed (${exit})`;
}

function chartRow(name: string, phases: readonly TimedPhase[], begin: number, length: number): string {
	const memory = Math.max(...phases.map((phase) => phase.memory));
	const wall = sumOf(phases, (phase) => phase.wall);
	const pieces = phases.map((phase) => {
		const left = (100 * (phase.begin - begin)) / length;
		const width = (100 * phase.wall) / length;
		const text = `src_${phase.phase}: ${duration(phase.wall)}, cpu ${duration(phase.cpu)}, ${bytes(phase.memory)}${outcome(phase) === '' ? '' : `, ${outcome(phase)}`}`;
		return `<i class="p-${escape(phase.phase)}${phase.exit === 0 ? '' : ' failed'}" style="left:${left.toFixed(3)}%;width:${width.toFixed(3)}%" title="${escape(text)}"></i>`;
	});
	return `<li><span class="name">${escape(name)}</span><span class="track">${pieces.join('')}</span><span class="value">${duration(wall)}, ${bytes(memory)}</span></li>`;
}
