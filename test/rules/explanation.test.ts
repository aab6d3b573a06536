// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { phaseNamed } from '../../src/cli/phase_arguments.ts';
import { explain, explanationText } from '../../src/rules/explanation.ts';
import { packageContextFrom, packageContextOf } from '../../src/rules/phase_context.ts';
import { srcPhases } from '../../src/rules/phases.ts';
import type { Configuration } from '../../src/portage/resolve_package.ts';

const screen = { width: 80, color: false, unicode: true };

const configuration: Configuration = {
	version: '3.0.83',
	python: 'python3',
	modules: '',
	bin: '',
	configroot: '/',
	features: ['cgroup'],
	removed: {},
	variables: {},
	profile_bashrcs: [],
	userpriv: null,
	sandbox: false,
	folders: {},
	in_shm: [],
	package: {
		cpv: 'a/b-1',
		eapi: '8',
		removed: {},
		ebuild: '',
		repository: 'gentoo',
		features: ['network-sandbox'],
		restrict: [],
		properties: ['test_network'],
		variables: { PORTCULLIS_UNPACK: 'confine' },
		names: {},
		folders: {},
		in_shm: [],
		builddir: '',
	},
};

describe('explain', () => {
	test('portcullis explain PACKAGE uses the FEATURES, PROPERTIES and settings of the package', () => {
		const packageContext = packageContextOf(configuration);
		const text = explanationText(explain('a/b-1', packageContext, srcPhases), screen).join('\n');
		expect(text).toMatch(/FEATURES="network-sandbox" PROPERTIES="test_network"\s+PORTCULLIS_UNPACK="confine"/);
		expect(text).toMatch(/src_unpack\n {2}network-sandbox {2}yes {2}PORTCULLIS_UNPACK=confine/);
		expect(text).toMatch(/src_test\n {2}network-sandbox {2}no {3}PROPERTIES=test_network/);
		expect(text).toMatch(/cgroup {11}no {3}FEATURES does not contain cgroup/);
	});

	test('if a folder of the build lies in /dev/shm, portcullis explain prints that ipc-sandbox keeps the /dev/shm of the host', () => {
		const text = (features: readonly string[], in_shm: readonly string[]) =>
			explanationText(explain('', packageContextOf({ ...configuration, features, in_shm, package: null }), srcPhases), {
				...screen,
				width: 200,
			})[0];
		expect(text(['ipc-sandbox'], ['PORTAGE_TMPDIR', 'CCACHE_DIR'])).toBe(
			'ipc-sandbox keeps the /dev/shm of the host, because it contains the folder of PORTAGE_TMPDIR and CCACHE_DIR.',
		);
		expect(text(['ipc-sandbox'], [])).toContain('src_unpack');
		expect(text(['cgroup'], ['PORTAGE_TMPDIR'])).toContain('src_unpack');
	});

	test('without a package, portcullis explain uses the global FEATURES', () => {
		expect(packageContextOf({ ...configuration, package: null }).features).toEqual(['cgroup']);
	});

	test('if a setting is invalid, portcullis explain fails with a message that lists the valid values', () => {
		const variables = { PORTCULLIS_UNPACK: 'both' };
		expect(() => packageContextOf({ ...configuration, variables, package: null })).toThrow(
			'PORTCULLIS_UNPACK="both" is invalid: use host or confine. Correct it in make.conf or /etc/portage/env.',
		);
	});

	test('portcullis explain prints successive phases with equal rules as one group', () => {
		const text = explanationText(
			explain('', packageContextFrom({ FEATURES: 'ipc-sandbox' }), ['prepare', 'compile']),
			screen,
		);
		expect(text[0]).toBe('src_prepare, src_compile');
		expect(text).toHaveLength(6);
	});

	test('portcullis explain accepts compile and src_compile, and suggests the nearest name for an unknown phase', () => {
		expect([phaseNamed('compile'), phaseNamed('src_compile'), phaseNamed('pkg_setup')]).toEqual([
			'compile',
			'compile',
			'setup',
		]);
		expect(() => phaseNamed('complie')).toThrow('there is no phase "complie"; did you mean compile?');
	});
});
