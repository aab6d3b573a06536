// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, test, vi } from 'vitest';
import { markStyle, print, printError, terminal } from '../../src/util/output.ts';

const hostile = 'a\u001b[31mb\u009b2J\nc\u202ed\u2028e';
const stripped = 'a?[31mb?2J?c?d?e';

describe('output to the terminal', () => {
	afterEach(() => {
		vi.restoreAllMocks();
	});

	test.each([
		['print()', print, ''],
		['terminal.redraw()', terminal.redraw, '\u001b[H\u001b[J'],
	] as const)('%s replaces control and format characters by question marks', (_, write, start) => {
		const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
		write([hostile]);
		expect(written.mock.calls).toEqual([[`${start}${stripped}\n`]]);
	});

	test('printError() replaces control and format characters by question marks', () => {
		const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
		printError(hostile);
		expect(written.mock.calls).toEqual([[`${stripped}\n`]]);
	});

	test('print() turns the marks of markStyle() into escape sequences, and replaces other control characters', () => {
		const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
		print([markStyle('bold', 'a\u001bb')]);
		expect(written.mock.calls).toEqual([['\u001b[1ma?b\u001b[0m\n']]);
	});
});
