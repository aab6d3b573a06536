import { markStyle, type Style } from './output.ts';

/** The capabilities of an output stream. */
export interface Screen {
	/** Width in columns. Infinity if the stream is not a terminal: lines then stay whole for grep. */
	readonly width: number;
	readonly color: boolean;
	/** Whether symbols such as ✓ can be shown. Words replace them otherwise. */
	readonly unicode: boolean;
}

interface Stream {
	readonly isTTY?: boolean;
	readonly columns?: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The capabilities of a stream. NO_COLOR turns colours off if it is set and not empty (https://no-color.org). */
export function screenOf(stream: Stream, env: Variables = process.env): Screen {
	if (stream.isTTY !== true) return { width: Infinity, color: false, unicode: false };
	const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
	return {
		width: stream.columns || 80,
		color: !env['NO_COLOR'] && env['TERM'] !== 'dumb',
		unicode: /utf-?8/i.test(locale) && env['TERM'] !== 'linux',
	};
}

export function paint(screen: Screen, style: Style, text: string): string {
	return screen.color && text !== '' ? markStyle(style, text) : text;
}

/** Breaks a text between words. A word that is wider than the line stays whole. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(/[ \n\t]+/)) {
		if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === '' ? word : `${line} ${word}`;
		}
	}
	return [...lines, line];
}

/** Breaks a text between words, and indents every line except the first one. */
export function wrapIndented(text: string, width: number, indent: string): string[] {
	const [first = '', ...rest] = wrap(text, width);
	if (rest.length === 0) return [first];
	return [first, ...wrap(rest.join(' '), width - columnsOf(indent)).map((line) => indent + line)];
}

/** Cuts the end of a text that is wider than `width` columns, and marks the cut with `…`. */
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

/** Pads a text with spaces to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
	const spaces = ' '.repeat(Math.max(0, width - columnsOf(text)));
	return side === 'left' ? spaces + text : text + spaces;
}

/** The number of columns that a terminal uses for a text. */
export function columnsOf(text: string): number {
	return text.length;
}

export interface Column {
	readonly align?: 'right';
	/** The column may be cut to this width if the line is wider than the screen. */
	readonly shrinks?: number;
}

/** Formats rows as columns with two spaces between them. Columns with `shrinks` are cut, the first one first, until the line fits. */
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
