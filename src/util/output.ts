// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The only module that writes to the terminal (eslint checks this). It replaces every control character but tabs in a line before it prints
 * the line. It also prints escape sequences of its own: for colours where markStyle() has marked a text, and for the full screen (`terminal`).
 */

/** The parameter of the escape sequence that starts each style (Select Graphic Rendition; ECMA-48, 8.3.117). */
const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof codes;
const styles = Object.keys(codes) as Style[];

/** Noncharacters (Unicode, 23.7) that enclose a text with a style: FIRST_MARK + the index of the style in `styles`, and END_MARK. stripControls() replaces them in data. */
const FIRST_MARK = 0xfdd0;
const END_MARK = '\ufdef';

/** Encloses a text in marks, which print() and the other functions of this module replace by escape sequences for the style. */
export function markStyle(style: Style, text: string): string {
	return `${String.fromCharCode(FIRST_MARK + styles.indexOf(style))}${text}${END_MARK}`;
}

/** Matches control and format characters (such as bidirectional overrides), lone surrogates, unassigned and private characters, and line separators. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;
const plain = /^[ -~]*$/;

/** Replaces each character that could control a terminal or start a line by `?`. Use it for all text from a build or a record. */
export function stripControls(text: string): string {
	return plain.test(text) ? text : text.replace(unprintable, '?');
}

/** Replaces the marks of markStyle() by escape sequences, and other unprintable characters except tabs by `?`. */
function printable(line: string): string {
	return plain.test(line) ? line : line.replace(unprintable, sequence);
}

function sequence(character: string): string {
	if (character === '\t') return character;
	if (character === END_MARK) return '\u001b[0m';
	const style = styles[character.charCodeAt(0) - FIRST_MARK];
	return style === undefined ? '?' : `\u001b[${codes[style]}m`;
}

export function print(lines: readonly string[]): void {
	process.stdout.write(joined(lines));
}

export function printError(line: string): void {
	process.stderr.write(joined([line]));
}

function joined(lines: readonly string[]): string {
	return lines.map((line) => `${printable(line)}\n`).join('');
}

let progressLine = '';

/** Overwrites the progress line on standard error. An empty text erases it. Does nothing if standard error is not a terminal. */
export function progress(line: string): void {
	const { stderr } = process;
	if (!stderr.isTTY || line === progressLine) return;
	progressLine = line;
	// Move to the start of the line, write the text cut to the width, and erase to the end of the line (ECMA-48, 8.3.41).
	stderr.write(`\r${printable(line).slice(0, stderr.columns - 1)}\u001b[K`);
}

/** Full-screen output for `status --watch`. It uses xterm's control sequences for the alternate screen and the cursor. */
export const terminal = {
	enter: (): void => void process.stdout.write('\u001b[?1049h\u001b[?25l'),
	redraw: (lines: readonly string[]): void => void process.stdout.write(`\u001b[H\u001b[J${joined(lines)}`),
	leave: (): void => void process.stdout.write('\u001b[?25h\u001b[?1049l'),
};
