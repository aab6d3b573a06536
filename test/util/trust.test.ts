// SPDX-License-Identifier: GPL-2.0-or-later
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRootControlled } from '../../src/util/trust.ts';

test.each([
	['a file of root', '/etc/passwd', true],
	['a file that does not exist, and that another user could create in /tmp', '/tmp/portcullis-missing', false],
	['a file in a folder that does not exist', '/tmp/portcullis-missing/hosts', false],
	['a folder', '/tmp', false],
])('isRootControlled() returns for %s (%s) %s', (_, file, expected) => {
	expect(isRootControlled(file)).toBe(expected);
});

test('isRootControlled() refuses a symbolic link that leads to a file of root through a folder of another user', () => {
	const folder = mkdtempSync(join(tmpdir(), 'trust-'));
	try {
		mkdirSync(join(folder, 'own'));
		mkdirSync(join(folder, 'other'));
		writeFileSync(join(folder, 'file'), '');
		for (const name of ['own', 'other']) {
			symlinkSync('../file', join(folder, name, 'link'));
			symlinkSync(`${name}/link`, join(folder, `by-${name}`));
		}
		chownSync(join(folder, 'other'), 65_534, 65_534);
		expect(isRootControlled(join(folder, 'by-own'))).toBe(true);
		expect(isRootControlled(join(folder, 'by-other'))).toBe(false);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
