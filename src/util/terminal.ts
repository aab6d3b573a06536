import { markStyle, type Style } from './output.ts';

/** What a stream can show. */
export interface Screen {
	/** Columns; Infinity where nobody looks at a screen: lines are then left whole for grep. */
	readonly width: number;
	readonly color: boolean;
	/** ✓ and ─ rather than words and hyphens */
	readonly unicode: boolean;
}

interface Stream {
	readonly isTTY?: boolean;
	readonly columns?: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Colour only on a terminal that has it and whose owner wants it (https://no-color.org: set and not empty). */
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

/** Text broken between words; a word longer than a line stays whole. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(/[ \n\t]+/)) {
		if (line !== '' && line.length + 1 + word.length > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === '' ? word : `${line} ${word}`;
		}
	}
	return [...lines, line];
}

/** Wrapped, and every line but the first one begins with `indent`. */
export function hang(text: string, width: number, indent: string): string[] {
	const [first = '', ...rest] = wrap(text, width);
	if (rest.length === 0) return [first];
	return [first, ...wrap(rest.join(' '), width - indent.length).map((line) => indent + line)];
}

/** At most `width` columns, the end cut where it is more. */
export function fit(text: string, width: number): string {
	return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

export interface Column {
	readonly right?: boolean;
	/** Gives way where the line is too long; at least this many columns of it stay. */
	readonly shrinks?: number;
}

/** Rows in columns two blanks apart, none wider than the screen. */
export function table(
	screen: Screen,
	columns: readonly Column[],
	rows: readonly (readonly string[])[],
	indent = '',
): string[] {
	const widths = columns.map((_, at) => Math.max(0, ...rows.map((row) => (row[at] ?? '').length)));
	let excess = indent.length + widths.reduce((sum, one) => sum + one, 0) + 2 * (columns.length - 1) - screen.width;
	for (const [at, { shrinks }] of columns.entries()) {
		if (excess <= 0 || shrinks === undefined) continue;
		const less = Math.min(excess, Math.max(0, (widths[at] ?? 0) - shrinks));
		widths[at] = (widths[at] ?? 0) - less;
		excess -= less;
	}
	return rows.map((row) => {
		const cells = columns.map(({ right }, at) => {
			const width = widths[at] ?? 0;
			const text = fit(row[at] ?? '', width);
			return right ? text.padStart(width) : text.padEnd(width);
		});
		return (indent + cells.join('  ')).trimEnd();
	});
}
