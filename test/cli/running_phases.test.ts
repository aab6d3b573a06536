// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { phaseOf } from '../../src/cli/running_phases.ts';
import { parseProcess } from '../../src/util/processes.ts';

describe('phaseOf()', () => {
	const process = (argv: string[]) => ({ pid: 1, parent: 0, argv, startTicks: 0, cpu: 0 });
	const options = ['--net', '--label', 'package=a/b-1', '--label', 'phase=compile', '--'];

	test('phaseOf() returns the package and the phase in the --label options of a confine process', () => {
		expect(phaseOf(process(['/x/confine', ...options, 'bash']))).toEqual({ package: 'a/b-1', phase: 'compile' });
	});

	test('phaseOf() ignores --label in the command that confine runs and in the options of other programs', () => {
		expect(
			phaseOf(process(['/x/confine', '--net', '--', '--label', 'package=a/b-1', '--label', 'phase=x'])),
		).toBeUndefined();
		expect(phaseOf(process(['grep', ...options]))).toBeUndefined();
	});
});

describe('parseProcess()', () => {
	const stat = (state: string) => `7 (a) b (c) ${state} 3 1 1 0 -1 0 0 0 0 0 150 50 20 30 20 0 1 0 1000 0`;

	test('parseProcess() parses a process name that contains parentheses and spaces', () => {
		expect(parseProcess(7, stat('S'), 'make\0-j2\0')).toEqual({
			pid: 7,
			parent: 3,
			argv: ['make', '-j2'],
			startTicks: 1000,
			cpu: 2.5,
		});
	});

	test('parseProcess() returns undefined for a zombie', () => {
		expect(parseProcess(7, stat('Z'), '')).toBeUndefined();
	});
});
