import { usage, type Command } from './command.ts';
import { publicCommands } from './commands.ts';
import { wrapIndented, wrap } from '../util/terminal.ts';

/** `portcullis --help`, on a screen of 80 columns. */
export function helpForAll(): string {
	const rows = publicCommands();
	const width = Math.max(...rows.map(([name]) => name.length));
	return [
		'portcullis: confines each src_* phase of a Gentoo build.',
		'',
		'usage: portcullis COMMAND [OPTION...]',
		'',
		...rows.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
		'',
		'`portcullis COMMAND --help` shows what it takes; --version says which this is.',
		'FEATURES in make.conf says what is confined: see portcullis(1).',
	].join('\n');
}

export function helpFor(name: string, command: Command, width: number): string {
	const options = Object.entries(command.options).map(([option, { value, means, candidates }]) => ({
		left: `--${option}${value === undefined ? '' : ` ${value}`}`,
		right: Array.isArray(candidates) ? `${means} (${candidates.join(', ')})` : means,
	}));
	const column = Math.max(0, ...options.map(({ left }) => left.length));
	const room = Math.min(width, 100);
	return [
		...usageLines(name, command, room),
		'',
		...wrap(
			`${command.summary}.`.replace(/^./, (first) => first.toUpperCase()),
			room,
		),
		...command.details.flatMap((text) => ['', ...wrap(text, room)]),
		...(options.length > 0 ? [''] : []),
		...options.flatMap(({ left, right }) =>
			wrap(right, room - column - 4).map((line, index) => `  ${(index === 0 ? left : '').padEnd(column)}  ${line}`),
		),
	].join('\n');
}

function usageLines(name: string, command: Command, width: number): string[] {
	// What is in brackets stays on one line.
	const text = `usage: portcullis ${usage(name, command)}`.replace(/\[[^\]]*\]/g, (one) =>
		one.replaceAll(' ', '\u00a0'),
	);
	return wrapIndented(text, width, '         ').map((line) => line.replaceAll('\u00a0', ' '));
}
