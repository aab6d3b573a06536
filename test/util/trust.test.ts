// SPDX-License-Identifier: GPL-2.0-or-later
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
