import { featureOf } from '../../rules/features.ts';
import { settingOf } from '../../rules/settings.ts';
import { ago, bytes, count as amount, duration, localTime } from '../../util/units.ts';
import { unreadText, type Quiet } from '../reader.ts';
import type { Collected, Event } from './collect.ts';
import { escape } from './html_escape.ts';
import { kinds, sorted, type Kind, type Told } from './kinds.ts';
import { style } from './html_style.ts';
import { timeline } from './html_timeline.ts';

interface Page {
	readonly now: Date;
	readonly package: string | undefined;
}

/** One page for a browser: no script, no font, no address that it would fetch. */
export function reportHtml(sum: Collected, page: Page): string {
	const events = sorted(sum);
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
<p class="when">${sum.from === '' ? 'No phase is on record.' : `${localTime(sum.from)} to ${localTime(sum.to)}`}</p>
</header>
<main>
${tiles(sum)}
${kinds.map((kind) => eventSection(kind, events[kind], page)).join('\n')}
${timeline(sum.recent)}
<div class="pair">
${heavy('time', 'Time', sum.slowest, ({ wall }) => wall, duration)}
${heavy('memory', 'Memory', sum.largest, ({ memory }) => memory, bytes)}
</div>
</main>
<footer>Written ${localTime(page.now.toISOString())}.${sum.unread.map((one) => ` ${escape(unreadText(one))}`).join('')}</footer>
</body>
</html>
`;
}

/** Text of a build in a page: neither markup nor an invisible character. */
function tiles(sum: Collected): string {
	const all: [string, string, string][] = [
		[String(sum.phases), sum.phases === 1 ? 'phase' : 'phases', ''],
		[String(sum.packages.size), sum.packages.size === 1 ? 'package' : 'packages', ''],
		[
			String(sum.attempts),
			sum.attempts === 1 ? 'attempt blocked' : 'attempts blocked',
			sum.attempts > 0 ? 'error' : 'ok',
		],
		[String(sum.killed), sum.killed === 1 ? 'process killed' : 'processes killed', sum.killed > 0 ? 'warning' : 'ok'],
		[String(sum.unconfined), 'not confined as asked', sum.unconfined > 0 ? 'warning' : 'ok'],
		[duration(sum.wall), 'in phases', ''],
	];
	const items = all.map(([number, label, kind]) => `<li class="${kind}"><b>${number}</b> ${label}</li>`);
	return `<ul class="tiles">${items.join('')}</ul>`;
}

const sections: Readonly<Record<Kind, { title: string; lead: string; body: (event: Told) => string }>> = {
	blocked: { title: 'Blocked', lead: 'Tried to reach what the network sandbox cuts off.', body: blockedBody },
	killed: { title: 'Killed', lead: 'Left behind when their phase had ended.', body: killedBody },
	missing: {
		title: 'Not confined as asked',
		lead: '<code>portcullis doctor</code> says what would help.',
		body: missingBody,
	},
	limit: { title: 'Stopped by a limit', lead: '', body: limitBody },
	allowed: {
		title: 'Let through',
		lead: 'Reached what PORTCULLIS_ALLOW names.',
		body: ({ allowed }) => `<ul class="list">${rows(allowed).join('')}</ul>`,
	},
};

/** So many at once, and so many at all. */
const OPEN = 12;
const MOST = 200;

function eventSection(kind: Kind, events: readonly Told[], { now }: Page): string {
	if (events.length === 0) return '';
	const { title, lead, body } = sections[kind];
	const cards = events.slice(0, MOST).map(
		(event) => `<article>
<h3><span>${escape(event.package)}</span> <span class="phase">${event.phases.map((phase) => `src_${escape(phase)}`).join(', ')}</span></h3>
<p class="when">${ago(Date.parse(event.time), now.getTime())}${event.runs > 1 ? `, ${event.runs} runs` : ''}${event.failed ? ', failed' : ''}</p>
${body(event)}
</article>`,
	);
	const [first, rest] = [cards.slice(0, OPEN), cards.slice(OPEN)];
	const more = rest.length > 0 ? `<details><summary>${rest.length} more</summary>${rest.join('\n')}</details>` : '';
	return `<section id="${kind}"><h2>${title}</h2>${lead === '' ? '' : `<p>${lead}</p>`}${first.join('\n')}${more}</section>`;
}

/** Who tried what, and how often: the most often first. */
function rows(tallies: Event['blocked']): string[] {
	return [...tallies]
		.sort((a, b) => b.count - a.count)
		.map(({ destination, protocol, count, command }) =>
			attempt(protocol === 'tcp' ? destination : `${destination}/${protocol}`, count, command),
		);
}

function attempt(where: string, times: number, command: string): string {
	return `<li><span class="where">${escape(where)}</span> <span class="times">${times}×</span> <code>${escape(command)}</code></li>`;
}

function blockedBody(event: Event): string {
	const seen = event.blocked.reduce((sum, row) => sum + row.count, 0);
	const items = [
		...event.names.map(({ name, count, command }) => attempt(name, count, command)),
		...rows(event.blocked),
	];
	if (event.attempts > seen) {
		items.push(
			`<li class="times">${amount(event.attempts - seen, seen > 0 ? 'more attempt' : 'attempt')}, counted by the kernel</li>`,
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
	return `<ul class="list">${items.join('')}${more > 0 ? `<li class="times">and ${more} more</li>` : ''}</ul>`;
}

function missingBody(event: Event): string {
	return `<ul class="list">${event.missing.map(({ what, why }) => `<li><b>${escape(featureOf(what))}</b> ${escape(why)}</li>`).join('')}</ul>`;
}

function limitBody({ limit = '' }: Event): string {
	const variable = settingOf(limit);
	return `<ul class="list"><li><b>${escape(limit)}</b>${variable === undefined ? '' : ` ${variable} raises it`}</li></ul>`;
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
