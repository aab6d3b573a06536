import { harmless } from '../screen.ts';
import { ago, bytes, count, duration, wallClock } from '../units.ts';
import type { Quiet } from '../records.ts';
import { latest, type Collected, type Event } from './collect.ts';
import { style } from './style.ts';
import { timeline } from './timeline.ts';

interface Page {
	readonly now: Date;
	readonly package: string | undefined;
}

/** One page for a browser: no script, no font, no address that it would fetch. */
export function reportHtml(sum: Collected, page: Page): string {
	const events = latest(sum);
	const title = page.package === undefined ? 'What the builds did' : page.package;
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
<p class="when">${sum.from === '' ? 'No phase is on record.' : `${wallClock(sum.from)} to ${wallClock(sum.to)}`}</p>
</header>
<main>
${tiles(sum)}
${eventSection(
	'blocked',
	'Blocked',
	'Tried to reach what the network sandbox cuts off.',
	events.filter((one) => one.attempts + one.names.length > 0),
	page,
	blockedBody,
)}
${eventSection(
	'killed',
	'Killed',
	'Left behind when their phase had ended.',
	events.filter((one) => one.killedCount > 0),
	page,
	killedBody,
)}
${eventSection(
	'missing',
	'Not confined as asked',
	'<code>portcullis doctor</code> says what would help.',
	events.filter((one) => one.missing.length > 0),
	page,
	missingBody,
)}
${eventSection(
	'limit',
	'Stopped by a limit',
	'',
	events.filter((one) => one.limit !== undefined),
	page,
	(one) => `<p>${escape(one.limit ?? '')}</p>`,
)}
${timeline(sum.recent)}
${heavy('time', 'Time', sum.slowest, ({ wall }) => wall, duration)}
${heavy('memory', 'Memory', sum.largest, ({ memory }) => memory, bytes)}
</main>
<footer>Written ${wallClock(page.now.toISOString())}${sum.unreadable > 0 ? `; ${count(sum.unreadable, 'line')} of the records could not be read` : ''}.</footer>
</body>
</html>
`;
}

/** Text of a build in a page: neither markup nor an invisible character. */
export function escape(text: string): string {
	return harmless(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

function tiles(sum: Collected): string {
	const all: [string, string, string][] = [
		[String(sum.phases), sum.phases === 1 ? 'phase' : 'phases', ''],
		[String(sum.packages.size), sum.packages.size === 1 ? 'package' : 'packages', ''],
		[
			String(sum.attempts),
			sum.attempts === 1 ? 'attempt blocked' : 'attempts blocked',
			sum.attempts > 0 ? 'bad' : 'good',
		],
		[String(sum.killed), sum.killed === 1 ? 'process killed' : 'processes killed', sum.killed > 0 ? 'odd' : 'good'],
		[String(sum.unconfined), 'not confined as asked', sum.unconfined > 0 ? 'odd' : 'good'],
		[duration(sum.wall), 'in phases', ''],
	];
	const items = all.map(([number, label, kind]) => `<li class="${kind}"><b>${number}</b> ${label}</li>`);
	return `<ul class="tiles">${items.join('')}</ul>`;
}

function eventSection(
	id: string,
	title: string,
	lead: string,
	events: readonly Event[],
	{ now }: Page,
	body: (event: Event) => string,
): string {
	if (events.length === 0) return '';
	const cards = events.slice(0, 200).map(
		(event) => `<article>
<h3><span>${escape(event.package)}</span> <span class="phase">src_${escape(event.phase)}</span></h3>
<p class="when">${ago(Date.parse(event.time), now.getTime())}${event.runs > 1 ? `, ${event.runs} runs` : ''}${event.failed ? ', failed' : ''}</p>
${body(event)}
</article>`,
	);
	const [first, rest] = [cards.slice(0, 12), cards.slice(12)];
	const more =
		rest.length > 0
			? `<details><summary>${count(rest.length, 'phase')} more</summary>${rest.join('\n')}</details>`
			: '';
	return `<section id="${id}"><h2>${title}</h2><p>${lead}</p>${first.join('\n')}${more}</section>`;
}

function blockedBody(event: Event): string {
	const rows = [...event.blocked].sort((a, b) => b.count - a.count);
	const seen = rows.reduce((sum, row) => sum + row.count, 0);
	const items = rows.map(
		(row) =>
			`<li><span class="where">${escape(row.destination)}${row.protocol === 'tcp' ? '' : `/${escape(row.protocol)}`}</span> <span class="times">${row.count}×</span> <code>${escape(row.command)}</code></li>`,
	);
	items.unshift(
		...event.names.map(
			(one) =>
				`<li><span class="where">${escape(one.name)}</span> <span class="times">${one.count}×</span> <code>${escape(one.command)}</code></li>`,
		),
	);
	if (event.attempts > seen) {
		items.push(
			`<li class="times">${count(event.attempts - seen, seen > 0 ? 'more attempt' : 'attempt')}, counted by the kernel</li>`,
		);
	}
	return `<ul class="list">${items.join('')}</ul>`;
}

function killedBody(event: Event): string {
	const items = event.killed.map(
		({ pid, age, argv, comm }) =>
			`<li><code>${escape(argv.length > 0 ? argv.join(' ') : comm)}</code> <span class="times">pid ${pid}, ${duration(age)} old</span></li>`,
	);
	const more = event.killedCount - event.killed.length;
	return `<ul class="list">${items.join('')}${more > 0 ? `<li>and ${more} more</li>` : ''}</ul>`;
}

function missingBody(event: Event): string {
	return `<ul class="list">${event.missing.map(({ what, why }) => `<li><b>${escape(what)}</b> ${escape(why)}</li>`).join('')}</ul>`;
}

function heavy(
	id: string,
	title: string,
	phases: readonly Quiet[],
	size: (phase: Quiet) => number,
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
