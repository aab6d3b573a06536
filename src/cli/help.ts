// SPDX-License-Identifier: GPL-2.0-or-later
import { usage, type Command } from './command.ts';
import { publicCommands } from './command_table.ts';
import { wrapIndented, wrap } from '../util/layout.ts';

export function helpForAll(width: number): string {
	const rows = publicCommands();
	const column = Math.max(...rows.map(([name]) => name.length));
	return [
		'portcullis: confines each src_* phase of a Gentoo build.',
		'',
		'usage: portcullis COMMAND [OPTION...]',
		'',
		...rows.flatMap(([name, { summary }]) => row(name, summary, column, width)),
		'',
		...[
			'`portcullis COMMAND --help` shows the options of a command.',
			'`portcullis --version` prints the version.',
			'FEATURES in make.conf selects what is confined: see portcullis(1).',
		].flatMap((line) => wrap(line, width)),
	].join('\n');
}

/** Returns the text of `portcullis COMMAND --help`, at most `width` columns wide, but never wider than 100 columns. */
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
		...options.flatMap(({ left, right }) => row(left, right, column, room)),
	].join('\n');
}

function row(left: string, right: string, column: number, width: number): string[] {
	return wrap(right, width - column - 4).map((line, at) => `  ${(at === 0 ? left : '').padEnd(column)}  ${line}`);
}

function usageLines(name: string, command: Command, width: number): string[] {
	// Make the spaces inside brackets no-break spaces, so that wrap() keeps an option and its value on one line.
	const text = `usage: portcullis ${usage(name, command)}`.replace(/\[[^\]]*\]/g, (match) =>
		match.replaceAll(' ', '\u00a0'),
	);
	return wrapIndented(text, width, '         ').map((line) => line.replaceAll('\u00a0', ' '));
}
