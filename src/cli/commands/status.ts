import type { Input } from '../command.ts';
import { print, terminal } from '../../util/output.ts';
import { paint, screenOf, table, type Screen } from '../../util/terminal.ts';
import { running, type Running } from '../../status/running_phases.ts';
import { bytes, duration } from '../../util/units.ts';
import { UsageError } from '../usage.ts';

const SECOND = 1000;

export async function run({ flags, words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`status takes no argument, and was given "${words[0]}"`);
	const screen = screenOf(process.stdout);
	const show = (phases: readonly Running[], before?: readonly Running[]) =>
		flags.has('json') ? [JSON.stringify(phases)] : statusText(phases, screen, before);
	if (!flags.has('watch')) {
		print(show(running()));
		return 0;
	}
	await watch(show, screen.width !== Infinity && !flags.has('json'), flags.has('json') ? [] : ['']);
	return 0;
}

/** `before`: the phases as they were a second ago, for their processor use since; without it, it is since they began. */
export function statusText(phases: readonly Running[], screen: Screen, before?: readonly Running[]): string[] {
	if (phases.length === 0) return ['No phase is running under Portcullis.'];
	const [head = '', ...lines] = table(
		screen,
		[{ shrinks: 20 }, {}, { right: true }, { right: true }, { right: true }, { right: true }],
		[
			['PACKAGE', 'PHASE', 'TIME', 'PROCS', 'MEMORY', 'CPU'],
			...phases.map((one) => [
				one.package,
				`src_${one.phase}`,
				duration(one.since),
				String(one.processes),
				bytes(one.memory),
				`${use(
					one,
					before?.find(({ pid }) => pid === one.pid),
				).toFixed(0)}%`,
			]),
		],
	);
	return [paint(screen, 'bold', head), ...lines];
}

function use(now: Running, before: Running | undefined): number {
	const elapsed = now.since - (before?.since ?? 0);
	return elapsed > 0 ? (100 * Math.max(0, now.cpu - (before?.cpu ?? 0))) / elapsed : 0;
}

type Show = (phases: readonly Running[], before?: readonly Running[]) => string[];

/** On a terminal in place, on its other screen, so that what was there comes back; elsewhere one block after the other. */
async function watch(show: Show, inPlace: boolean, end: readonly string[]): Promise<void> {
	const { stdin } = process;
	let stop = (): void => undefined;
	const stopped = new Promise<void>((resolve) => (stop = resolve));
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
	if (inPlace && stdin.isTTY) {
		stdin.setRawMode(true);
		// 3 is Ctrl-C, which is a byte like any other now.
		stdin.on('data', (keys) => {
			if ([...keys].some((key) => key === 3 || key === 113)) stop();
		});
	}
	if (inPlace) terminal.enter();
	let before: Running[] | undefined;
	const draw = () => {
		const phases = running();
		const lines = show(phases, before);
		if (inPlace) terminal.redraw(lines);
		else print([...lines, ...end]);
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
