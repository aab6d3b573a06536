import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { encodeSecureEnvironment } from '../../src/confine/options.ts';
import { suggestion } from '../../src/cli/usage.ts';

test.each([
	['explian', '; did you mean explain?'],
	['hok', '; did you mean hook?'],
	['stauts', '; did you mean status?'],
	['frobnicate', ''],
])('%s is answered with "%s"', (word, answer) => {
	expect(suggestion(word, Object.keys(commands))).toBe(answer);
});

test('what the loader takes from a set-id program is carried under another name', () => {
	expect(encodeSecureEnvironment({ LD_PRELOAD: 'libsandbox.so', TMPDIR: '/t', HOME: '/h', GONE: undefined })).toEqual({
		LD_PRELOAD: 'libsandbox.so',
		CONFINE_ENV_LD_PRELOAD: 'libsandbox.so',
		TMPDIR: '/t',
		CONFINE_ENV_TMPDIR: '/t',
		HOME: '/h',
	});
});
