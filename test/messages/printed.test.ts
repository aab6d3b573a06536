// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstTime } from '../../src/messages/printed.ts';

test('if the PID and start time of emerge are known, the function returned by firstTime() returns true once per message and run of emerge', () => {
	const root = mkdtempSync(join(tmpdir(), 'reported-'));
	const run = (name: string, emerge: string) => {
		const builddir = join(root, 'app-misc', name);
		mkdirSync(join(builddir, '.ipc'), { recursive: true });
		return firstTime(join(builddir, '.ipc'), emerge, root)(`no namespaces ${root}`);
	};
	try {
		expect([run('one', '7-1'), run('two', '7-1'), run('one', '8-1'), run('two', '8-1')]).toEqual([
			true,
			false,
			true,
			false,
		]);
	} finally {
		rmSync(root, { recursive: true });
		const prefix = `portcullis.${root.replaceAll('/', '%')}`;
		for (const name of readdirSync('/run').filter((one) => one.startsWith(prefix))) {
			rmSync(join('/run', name));
		}
	}
});

test('if the PID and start time of emerge are unknown, the function returned by firstTime() returns true once per message and package', () => {
	const portage = mkdtempSync(join(tmpdir(), 'reported-'));
	try {
		const [one, two] = ['one', 'two'].map((name) => join(portage, 'app-misc', name, '.ipc'));
		for (const state of [one, two]) mkdirSync(state ?? '', { recursive: true });
		expect([
			firstTime(one ?? '', '', portage)('no namespaces'),
			firstTime(one ?? '', '', portage)('no namespaces'),
		]).toEqual([true, false]);
		expect(firstTime(one ?? '', '', portage)('another reason')).toBe(true);
		expect(firstTime(two ?? '', '', portage)('no namespaces')).toBe(true);
	} finally {
		rmSync(portage, { recursive: true });
	}
});
