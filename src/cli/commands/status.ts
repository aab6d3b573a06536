// SPDX-License-Identifier: GPL-2.0-or-later
import type { Input } from '../command.ts';
import { print, terminal } from '../../util/output.ts';
import { table } from '../../util/layout.ts';
import { paint, screenOf, type Screen } from '../../util/terminal.ts';
import { runningPhases, type RunningPhase } from '../running_phases.ts';
import { bytes, duration } from '../../util/units.ts';

const SECOND = 1000;

export async function run({ flags }: Input): Promise<number> {
	const screen = screenOf(process.stdout);
	const show = (phases: readonly RunningPhase[], before?: readonly RunningPhase[]) =>
		flags.has('json') ? [JSON.stringify(phases)] : statusText(phases, screen, before);
	if (!flags.has('watch')) {
		print(show(runningPhases()));
		return 0;
	}
	await watch(show, screen.width !== Infinity && !flags.has('json'), flags.has('json') ? [] : ['']);
	return 0;
}

/** Returns a table of the phases. Column CPU: the average CPU use since `before`, an earlier list of the phases, was made or, without `before`, since the start of the phase. */
function statusText(phases: readonly RunningPhase[], screen: Screen, before?: readonly RunningPhase[]): string[] {
	if (phases.length === 0) return ['No phase is running under Portcullis.'];
	const [head = '', ...lines] = table(
		screen,
		[{ shrinks: 12 }, {}, ...Array.from({ length: 5 }, () => ({ align: 'right' }) as const)],
		[
			['PACKAGE', 'PHASE', 'TIME', 'PROCS', 'MEMORY', 'CPU', 'BLOCKED'],
			...phases.map((phase) => [
				phase.package,
				`src_${phase.phase}`,
				duration(phase.elapsed),
				String(phase.processes),
				bytes(phase.memory),
				`${cpuUse(
					phase,
					before?.find(({ pid }) => pid === phase.pid),
				).toFixed(0)}%`,
				String(phase.blocked),
			]),
		],
	);
	return [paint(screen, 'bold', head), ...lines];
}

function cpuUse(now: RunningPhase, before: RunningPhase | undefined): number {
	const elapsed = now.elapsed - (before?.elapsed ?? 0);
	return elapsed > 0 ? (100 * Math.max(0, now.cpu - (before?.cpu ?? 0))) / elapsed : 0;
}

type Show = (phases: readonly RunningPhase[], before?: readonly RunningPhase[]) => string[];

/** Prints the phases every second: if `inPlace`, on the alternate screen of a terminal, otherwise as one block after another, each followed by `separator`. */
async function watch(show: Show, inPlace: boolean, separator: readonly string[]): Promise<void> {
	const { stdin } = process;
	let stop = (): void => undefined;
	const stopped = new Promise<void>((resolve) => (stop = resolve));
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
	if (inPlace && stdin.isTTY) {
		stdin.setRawMode(true);
		// Ctrl-C (byte 3) and q (byte 113) end the display. In raw mode, Ctrl-C sends no signal.
		stdin.on('data', (keys) => {
			if ([...keys].some((key) => key === 3 || key === 113)) stop();
		});
	}
	if (inPlace) terminal.enter();
	let before: RunningPhase[] | undefined;
	const draw = () => {
		const phases = runningPhases();
		const lines = show(phases, before);
		if (inPlace) terminal.redraw(lines);
		else print([...lines, ...separator]);
		before = phases;
	};
	draw();
	const timer = setInterval(draw, SECOND);
	await stopped;
	clearInterval(timer);
	if (inPlace) terminal.leave();
	if (inPlace && stdin.isTTY) stdin.setRawMode(false);
	stdin.pause();
}
