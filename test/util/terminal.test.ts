// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { fit, table, wrap } from '../../src/util/layout.ts';
import { screenOf } from '../../src/util/terminal.ts';
import { ago, bytes, count, duration } from '../../src/util/units.ts';

const terminal = { isTTY: true, columns: 80 };

describe('screenOf()', () => {
	test.each([
		['a terminal', terminal, { TERM: 'xterm', LANG: 'de_DE.UTF-8' }, { width: 80, color: true, unicode: true }],
		['NO_COLOR', terminal, { NO_COLOR: '1', LANG: 'C.utf8' }, { width: 80, color: false, unicode: true }],
		['an empty NO_COLOR', terminal, { NO_COLOR: '' }, { width: 80, color: true, unicode: false }],
		['a dumb terminal', terminal, { TERM: 'dumb', LC_ALL: 'C' }, { width: 80, color: false, unicode: false }],
		['the console', terminal, { TERM: 'linux', LANG: 'C.UTF-8' }, { width: 80, color: true, unicode: false }],
		['LC_ALL before LANG', terminal, { LC_ALL: 'C', LANG: 'C.UTF-8' }, { width: 80, color: true, unicode: false }],
		['a terminal of unknown width', { isTTY: true, columns: 0 }, {}, { width: 80, color: true, unicode: false }],
		['a pipe', {}, { TERM: 'xterm', LANG: 'C.UTF-8' }, { width: Infinity, color: false, unicode: false }],
	])('screenOf() returns width, color and unicode for %s', (_, stream, env, screen) => {
		expect(screenOf(stream, env)).toEqual(screen);
	});
});

describe('wrap()', () => {
	test('wrap() breaks lines between words and does not break long words', () => {
		expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
		expect(wrap('a verylongword b', 4)).toEqual(['a', 'verylongword', 'b']);
	});

	test('wrap() splits a command in backquotes only after | and &&, so that the lines can be copied into a shell', () => {
		expect(wrap('run `a b c | d && e f` now', 4)).toEqual(['run', '`a b c |', 'd &&', 'e f`', 'now']);
	});

	test('wrap() counts two columns for a wide character and none for a combining character', () => {
		expect(wrap('日本 日本', 8)).toEqual(['日本', '日本']);
		expect(wrap('e\u0301e\u0301 e\u0301', 4)).toEqual(['e\u0301e\u0301 e\u0301']);
	});
});

describe('fit()', () => {
	test.each([
		['portcullis', 5, 'port…'],
		['portcullis', 10, 'portcullis'],
		['日本語', 6, '日本語'],
		['日本語', 5, '日本…'],
		['日本語', 4, '日…'],
		['日本語', 1, '…'],
		['👩‍🚀👩‍🚀', 3, '👩‍🚀…'],
	])('fit() cuts %s to %i columns: %s', (text, width, result) => {
		expect(fit(text, width)).toBe(result);
	});
});

describe('table()', () => {
	const columns = [{ shrinks: 5 }, { align: 'right' }] as const;
	const rows = [
		['a/very-long-package-name', '12 s'],
		['b', '3 s'],
	];

	test('table() shortens the columns that may shrink, so that the table fits the screen', () => {
		expect(table({ width: 20, color: false, unicode: true }, columns, rows)).toEqual([
			'a/very-long-p…  12 s',
			'b                3 s',
		]);
	});

	test('table() keeps the minimum width of each column, even if the screen is narrower', () => {
		expect(table({ width: 4, color: false, unicode: true }, columns, rows)).toEqual(['a/ve…  12 s', 'b       3 s']);
	});

	test('table() aligns columns that contain wide characters', () => {
		const wide = [
			['日本', '1'],
			['a', '2'],
		];
		expect(table({ width: 20, color: false, unicode: true }, columns, wide)).toEqual(['日本  1', 'a     2']);
	});
});

test.each([
	[0.04, '0.0 s'],
	[9.94, '9.9 s'],
	[9.96, '10 s'],
	[59.6, '1 min 00 s'],
	[125, '2 min 05 s'],
	[3599.7, '1 h 00 min'],
	[90_000, '1 d 1 h'],
])('duration() formats %f seconds as %s', (seconds, text) => {
	expect(duration(seconds)).toBe(text);
});

test.each([
	[512, '512 B'],
	[1023, '1023 B'],
	[1024, '1.0 KiB'],
	[12_345_678, '12 MiB'],
	[3.45 * 2 ** 30, '3.5 GiB'],
])('bytes() formats %i bytes as %s', (number, text) => {
	expect(bytes(number)).toBe(text);
});

test('count() uses the plural except for 1, and ago() uses the largest unit that fits', () => {
	expect(count(1, 'process', 'processes')).toBe('1 process');
	expect(count(2, 'phase')).toBe('2 phases');
	const now = Date.parse('2026-11-24T12:00:00Z');
	expect([30, 300, 7200, 90_000].map((s) => ago(now - s * 1000, now))).toEqual([
		'just now',
		'5 min ago',
		'2 h ago',
		'1 d ago',
	]);
});
