import type { Quiet } from '../reader.ts';
import { bytes, count, duration, localTime } from '../../util/units.ts';
import { escape } from './html_escape.ts';
import { phaseColours } from './html_style.ts';

/** Phases that follow each other without a longer rest, in seconds, belong to one session. */
const REST = 900;
const MOST_SESSIONS = 5;
const MOST_ROWS = 60;

interface Placed extends Quiet {
	/** in seconds since 1970 */
	readonly begin: number;
	readonly end: number;
}

/** When which phase of which package ran: a row a package, one picture a session, the last session first. */
export function timeline(phases: readonly Quiet[]): string {
	const sessions = split(phases).reverse().slice(0, MOST_SESSIONS);
	if (sessions.length === 0) return '';
	const legend = Object.keys(phaseColours).map((phase) => `<li><i class="p-${phase}"></i>${phase}</li>`);
	const failed = phases.some(({ exit }) => exit !== 0) ? '<li><i class="failed"></i>failed</li>' : '';
	return `<section id="timeline"><h2>Timeline</h2><ul class="legend">${legend.join('')}${failed}</ul>${sessions.map(session).join('\n')}</section>`;
}

function split(phases: readonly Quiet[]): Placed[][] {
	const placed = phases
		.map((phase) => ({
			...phase,
			begin: Date.parse(phase.time) / 1000,
			end: Date.parse(phase.time) / 1000 + phase.wall,
		}))
		.filter(({ begin }) => !Number.isNaN(begin))
		.sort((a, b) => a.begin - b.begin);
	const sessions: Placed[][] = [];
	let end = -Infinity;
	for (const phase of placed) {
		if (phase.begin > end + REST) sessions.push([]);
		sessions.at(-1)?.push(phase);
		end = Math.max(end, phase.end);
	}
	return sessions;
}

function session(phases: readonly Placed[]): string {
	const rows = new Map<string, Placed[]>();
	for (const phase of phases) rows.set(phase.package, [...(rows.get(phase.package) ?? []), phase]);
	const shown = [...rows].slice(-MOST_ROWS);
	const drawn = shown.flatMap(([, all]) => all);
	const begin = Math.min(...drawn.map((phase) => phase.begin));
	const end = Math.max(...drawn.map((phase) => phase.end), begin + 0.001);
	const hidden = rows.size - shown.length;
	return `<figure>
<figcaption>${localTime(new Date(begin * 1000).toISOString())}, ${duration(end - begin)}, ${count(rows.size, 'package')}${hidden > 0 ? `; the first ${hidden} are not shown` : ''}</figcaption>
<ol class="rows">${shown.map(([name, all]) => row(name, all, begin, end - begin)).join('')}</ol>
<p class="axis"><span>0</span><span>${duration((end - begin) / 2)}</span><span>${duration(end - begin)}</span></p>
${table(drawn, begin)}
</figure>`;
}

/** The same in numbers: for fingers, which hover over nothing, and for ears. */
function table(phases: readonly Placed[], begin: number): string {
	const rows = phases.map(
		(one) =>
			`<tr><td>${escape(one.package)} <span class="phase">src_${escape(one.phase)}</span>${outcome(one) === '' ? '' : ` <b>${outcome(one)}</b>`}</td><td>${duration(one.begin - begin)}</td><td>${duration(one.wall)}</td><td>${duration(one.cpu)}</td><td>${bytes(one.memory)}</td></tr>`,
	);
	return `<details><summary>In numbers</summary><div class="scroll"><table><thead><tr><th>phase</th><th>after</th><th>time</th><th>cpu</th><th>memory</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

function outcome({ exit }: Quiet): string {
	return exit === 0 ? '' : `failed (${exit})`;
}

function row(name: string, phases: readonly Placed[], begin: number, length: number): string {
	const memory = Math.max(...phases.map((phase) => phase.memory));
	const wall = phases.reduce((sum, phase) => sum + phase.wall, 0);
	const pieces = phases.map((phase) => {
		const left = (100 * (phase.begin - begin)) / length;
		const width = (100 * phase.wall) / length;
		const text = `src_${phase.phase}: ${duration(phase.wall)}, cpu ${duration(phase.cpu)}, ${bytes(phase.memory)}${outcome(phase) === '' ? '' : `, ${outcome(phase)}`}`;
		return `<i class="p-${escape(phase.phase)}${phase.exit === 0 ? '' : ' failed'}" style="left:${left.toFixed(3)}%;width:${width.toFixed(3)}%" title="${escape(text)}"></i>`;
	});
	return `<li><span class="name">${escape(name)}</span><span class="track">${pieces.join('')}</span><span class="value">${duration(wall)}, ${bytes(memory)}</span></li>`;
}
