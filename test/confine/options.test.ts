// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, test } from 'vitest';
import { encodeSecureEnvironment } from '../../src/confine/options.ts';

test('encodeSecureEnvironment() encodes the variables that ld.so removes from the environment of a setuid program', () => {
	expect(encodeSecureEnvironment({ LD_PRELOAD: 'libsandbox.so', TMPDIR: '/t', HOME: '/h', GONE: undefined })).toEqual({
		LD_PRELOAD: 'libsandbox.so',
		CONFINE_ENV_LD_PRELOAD: 'libsandbox.so',
		TMPDIR: '/t',
		CONFINE_ENV_TMPDIR: '/t',
		HOME: '/h',
	});
});
