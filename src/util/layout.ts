// SPDX-License-Identifier: GPL-2.0-or-later
/** Functions that lay out text in columns. Load them only in commands that need them, because string-width takes 15 ms to load. */
import stringWidth from 'string-width';
import type { Screen } from './terminal.ts';

/** Splits a text into lines of at most `width` columns, between words. A word that is wider than a line stays whole. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	// Split a command in backquotes only after `|` and `&&`, where a shell continues with the next line, so that the user can copy the command.
	const joined = text.replaceAll(/`[^`]*`/g, (command) => command.replaceAll(/(?<!\||&&) /g, '\u00a0'));
	for (const word of joined.split(/[ \n\t]+/)) {
		if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === '' ? word : `${line} ${word}`;
		}
	}
	return [...lines, line].map((one) => one.replaceAll('\u00a0', ' '));
}

/** Splits a text into lines like wrap(), and indents every line except the first one. */
export function wrapIndented(text: string, width: number, indent: string): string[] {
	const [first = '', ...rest] = wrap(text, width);
	if (rest.length === 0) return [first];
	return [first, ...wrap(rest.join(' '), width - columnsOf(indent)).map((line) => indent + line)];
}

/** Shortens a text to `width` columns, and ends the shortened text with `…`. */
export function fit(text: string, width: number): string {
	if (columnsOf(text) <= width) return text;
	let start = '';
	let used = 1;
	for (const { segment } of new Intl.Segmenter().segment(text)) {
		used += columnsOf(segment);
		if (used > width) break;
		start += segment;
	}
	return `${start}…`;
}

/** Appends spaces to a text (or prepends them if `side` is left), so that it is `width` columns wide. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
	const spaces = ' '.repeat(Math.max(0, width - columnsOf(text)));
	return side === 'left' ? spaces + text : text + spaces;
}

/** Returns the number of terminal columns of a text. A wide character counts as two columns, a combining character as none. */
function columnsOf(text: string): number {
	return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

export interface Column {
	readonly align?: 'right';
	/** Minimum width, in terminal columns, to which table() may shorten this column. If absent, table() never shortens the column. */
	readonly shrinks?: number;
}

/** Formats rows as columns, two spaces apart. If a line is too wide, shortens the columns with `shrinks`, from left to right. */
export function table(
	screen: Screen,
	columns: readonly Column[],
	rows: readonly (readonly string[])[],
	indent = '',
): string[] {
	const widths = columns.map((_, at) => Math.max(0, ...rows.map((row) => columnsOf(row[at] ?? ''))));
	let excess = columnsOf(indent) + widths.reduce((sum, one) => sum + one, 0) + 2 * (columns.length - 1) - screen.width;
	for (const [at, { shrinks }] of columns.entries()) {
		if (excess <= 0 || shrinks === undefined) continue;
		const less = Math.min(excess, Math.max(0, (widths[at] ?? 0) - shrinks));
		widths[at] = (widths[at] ?? 0) - less;
		excess -= less;
	}
	return rows.map((row) => {
		const cells = columns.map(({ align }, at) => {
			const width = widths[at] ?? 0;
			return pad(fit(row[at] ?? '', width), width, align === 'right' ? 'left' : 'right');
		});
		return (indent + cells.join('  ')).trimEnd();
	});
}
