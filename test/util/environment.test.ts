// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { quote } from '../../src/util/environment.ts';

test.each(['plain', '/a/b', 'two words', "it's", '$HOME `id` "x" \\', '', '~', '*', '#x', 'a\nb', '-n', 'é'])(
	'bash parses quote(%j) as one word with that text',
	(text) => {
		expect(execFileSync('bash', ['-c', `printf '%s' ${quote(text)}`], { encoding: 'utf8' })).toBe(text);
	},
);
