// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { problem, resolve, settingNames, settings, type SettingName } from '../../src/rules/settings.ts';

const validValues: Partial<Record<SettingName, string[]>> = {
	PORTCULLIS_ALLOW: [
		'distcc',
		'example.org:443',
		'10.0.0.0/8:3632',
		'[fd00::1]:80',
		'distcc a-b.example:1 1.2.3.4:5',
		'unix:/run/a-b/c_1.sock distcc',
	],
	PORTCULLIS_FAMILIES: ['alg', 'any', 'alg vsock packet'],
	PORTCULLIS_MEMORY_MAX: ['8G', '500M', '1073741824'],
	PORTCULLIS_PIDS_MAX: ['1', '4096'],
	PORTCULLIS_CPU_MAX: ['150%', '050%'],
};
const invalidValues: Partial<Record<SettingName, string[]>> = {
	PORTCULLIS_ALLOW: [
		'example.org',
		'a:b',
		'http://example.org:80',
		'distcc;',
		'[fd00::1]',
		'a:1,b:2',
		'unix:run/x',
		'unix:/a,b',
	],
	PORTCULLIS_FAMILIES: ['ALG', 'alg,vsock', 'inet', 'AF_VSOCK', '--net'],
	PORTCULLIS_MEMORY_MAX: ['8GB', '-1', '1.5G', 'max', '8 G'],
	PORTCULLIS_PIDS_MAX: ['4k', '-1'],
	PORTCULLIS_CPU_MAX: ['150', '0%', '%', '1.5%'],
};

describe.each(settingNames)('%s', (name) => {
	const setting = settings[name];
	const valid: readonly string[] = 'choices' in setting ? setting.choices : (validValues[name] ?? []);
	const invalid =
		'choices' in setting ? ['yes', setting.choices.join(' '), `${setting.choices[0]}x`] : (invalidValues[name] ?? []);

	test.each(valid)(`${name} accepts the value "%s"`, (value) => {
		expect(problem(name, value)).toBeUndefined();
	});

	test.each(invalid)(
		`${name} refuses the value "%s" with a message that contains the variable, the value and the valid values`,
		(value) => {
			expect(invalid.length).toBeGreaterThan(0);
			const message = problem(name, value);
			expect(message).toContain(`${name}="${value}"`);
			expect(message).toContain(
				'choices' in setting
					? setting.choices.slice(0, 2).join(setting.choices.length > 2 ? ', ' : ' or ')
					: setting.form,
			);
		},
	);

	test(`${name} has its default value if the variable is unset or empty`, () => {
		expect(resolve({})[name]).toBe(setting.default);
		expect(resolve({ [name]: ' ' })[name]).toBe(setting.default);
		expect(problem(name, setting.default)).toBeUndefined();
	});
});

test('a setting ignores blanks and newlines around its value in make.conf', () => {
	expect(resolve({ PORTCULLIS_ALLOW: '\n\tdistcc\n\t1.2.3.4:5 \n' }).PORTCULLIS_ALLOW).toBe('distcc 1.2.3.4:5');
});
