// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { commands, publicCommands } from '../../src/cli/command_table.ts';
import { helpFor, helpForAll } from '../../src/cli/help.ts';
import { suggestion } from '../../src/util/suggestion.ts';

const widthOf = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

test('portcullis --help lists every public command and no internal command, and fits 80 columns', () => {
	const listed = [...helpForAll(80).matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name);
	expect(listed).toEqual(publicCommands().map(([name]) => name));
	expect(widthOf(helpForAll(80))).toBeLessThanOrEqual(80);
});

describe.each(Object.entries(commands))('portcullis %s --help', (name, command) => {
	const text = helpFor(name, command, 80);

	test(`portcullis ${name} --help lists every option of the command and fits 80 columns`, () => {
		for (const option of Object.keys(command.options)) expect(text).toMatch(new RegExp(`^ {2}--${option} `, 'm'));
		expect(widthOf(text)).toBeLessThanOrEqual(80);
	});
});

test.each([
	['explian', '; did you mean explain?'],
	['hok', '; did you mean hook?'],
	['sttaus', '; did you mean status?'],
	['frobnicate', ''],
])('suggestion() returns for the unknown command %s the text "%s"', (word, answer) => {
	expect(suggestion(word, Object.keys(commands))).toBe(answer);
});
