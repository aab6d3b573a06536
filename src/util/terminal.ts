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
