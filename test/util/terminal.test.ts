import { describe, expect, test } from 'vitest';
import { fit, screenOf, table, wrap } from '../../src/util/terminal.ts';
import { ago, bytes, count, duration } from '../../src/util/units.ts';

const terminal = { isTTY: true, columns: 80 };

describe('what a stream can show', () => {
	test.each([
		['a terminal', terminal, { TERM: 'xterm', LANG: 'de_DE.UTF-8' }, { width: 80, color: true, unicode: true }],
		['NO_COLOR', terminal, { NO_COLOR: '1', LANG: 'C.utf8' }, { width: 80, color: false, unicode: true }],
		['an empty NO_COLOR', terminal, { NO_COLOR: '' }, { width: 80, color: true, unicode: false }],
		['a dumb terminal', terminal, { TERM: 'dumb', LC_ALL: 'C' }, { width: 80, color: false, unicode: false }],
		['the console', terminal, { TERM: 'linux', LANG: 'C.UTF-8' }, { width: 80, color: true, unicode: false }],
		['LC_ALL before LANG', terminal, { LC_ALL: 'C', LANG: 'C.UTF-8' }, { width: 80, color: true, unicode: false }],
		['a terminal of unknown width', { isTTY: true, columns: 0 }, {}, { width: 80, color: true, unicode: false }],
		['a pipe', {}, { TERM: 'xterm', LANG: 'C.UTF-8' }, { width: Infinity, color: false, unicode: false }],
	])('%s', (_, stream, env, screen) => {
		expect(screenOf(stream, env)).toEqual(screen);
	});
});

test('text is broken between words, and cut where asked', () => {
	expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
	expect(wrap('a verylongword b', 4)).toEqual(['a', 'verylongword', 'b']);
	expect(fit('portcullis', 5)).toBe('port…');
});

test('a table fits the screen, and gives way where it may', () => {
	const screen = { width: 20, color: false, unicode: true };
	const rows = [
		['a/very-long-package-name', '12 s'],
		['b', '3 s'],
	];
	expect(table(screen, [{ shrinks: 5 }, { align: 'right' }], rows)).toEqual([
		'a/very-long-p…  12 s',
		'b                3 s',
	]);
});

test.each([
	[0.04, '0.0 s'],
	[9.94, '9.9 s'],
	[9.96, '10 s'],
	[59.6, '1 min 00 s'],
	[125, '2 min 05 s'],
	[3599.7, '1 h 00 min'],
	[90_000, '1 d 1 h'],
])('%f seconds are %s', (seconds, text) => {
	expect(duration(seconds)).toBe(text);
});

test.each([
	[512, '512 B'],
	[1023, '1023 B'],
	[1024, '1.0 KiB'],
	[12_345_678, '12 MiB'],
	[3.45 * 2 ** 30, '3.5 GiB'],
])('%i bytes are %s', (number, text) => {
	expect(bytes(number)).toBe(text);
});

test('counts and times in words', () => {
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
