// SPDX-License-Identifier: GPL-2.0-or-later
import type { Environment } from './environment.ts';
import { markStyle, type Style } from './output.ts';

export interface Screen {
	/** Width of the terminal in columns; Infinity if the stream is not a terminal, so that grep finds whole lines. */
	readonly width: number;
	readonly color: boolean;
	/** True if the terminal can show symbols such as ✓. Otherwise the output uses words. */
	readonly unicode: boolean;
}

/** Returns the capabilities of a stream. A NO_COLOR that is set and not empty disables colours (https://no-color.org). */
export function screenOf(stream: Partial<NodeJS.WriteStream>, env: Environment = process.env): Screen {
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
