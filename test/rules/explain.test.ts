import { describe, expect, test } from 'vitest';
import { explain, explanationText, phaseNamed } from '../../src/rules/explain.ts';
import { packageContextFrom, packageContextOf } from '../../src/rules/phase_context.ts';
import { srcPhases } from '../../src/rules/phases.ts';
import type { Configuration } from '../../src/portage/resolve_package.ts';

const screen = { width: 80, color: false, unicode: true };

const configuration: Configuration = {
	version: '3.0.83',
	python: 'python3',
	modules: '',
	bin: '',
	eprefix: '',
	configroot: '/',
	tmpdir: '/var/tmp',
	features: ['cgroup'],
	variables: {},
	profile_bashrcs: [],
	sandbox: false,
	package: {
		cpv: 'a/b-1',
		eapi: '8',
		repository: 'gentoo',
		features: ['network-sandbox'],
		restrict: [],
		properties: ['test_network'],
		variables: { PORTCULLIS_UNPACK: 'confine' },
		names: {},
		builddir: '',
	},
};

describe('explain', () => {
	test("a package's own FEATURES, PROPERTIES and settings count, not those of all", () => {
		const packageContext = packageContextOf(configuration);
		const text = explanationText(explain('a/b-1', packageContext, srcPhases), screen).join('\n');
		expect(text).toMatch(/FEATURES="network-sandbox" PROPERTIES="test_network"\s+PORTCULLIS_UNPACK="confine"/);
		expect(text).toMatch(/src_unpack\n {2}network-sandbox {2}yes {2}PORTCULLIS_UNPACK=confine/);
		expect(text).toMatch(/src_test\n {2}network-sandbox {2}no {3}PROPERTIES=test_network/);
		expect(text).toMatch(/cgroup {11}no {3}FEATURES does not contain cgroup/);
	});

	test('without a package, those of all', () => {
		expect(packageContextOf({ ...configuration, package: null }).features).toEqual(['cgroup']);
	});

	test('a bad setting is an error that names the choices', () => {
		const variables = { PORTCULLIS_UNPACK: 'both' };
		expect(() => packageContextOf({ ...configuration, variables, package: null })).toThrow(
			'PORTCULLIS_UNPACK="both" is not known: it can be host or confine. Correct it in make.conf or package.env.',
		);
		expect(() => packageContextFrom({ unpack: 'both' })).toThrow('it can be host or confine');
	});

	test('phases that follow each other under the same rules are one group', () => {
		const text = explanationText(
			explain('', packageContextFrom({ features: 'ipc-sandbox' }), ['prepare', 'compile']),
			screen,
		);
		expect(text[0]).toBe('src_prepare, src_compile');
		expect(text).toHaveLength(4);
	});

	test('phases are known by either name, and a wrong one gets the nearest', () => {
		expect([phaseNamed('compile'), phaseNamed('src_compile'), phaseNamed('pkg_setup')]).toEqual([
			'compile',
			'compile',
			'setup',
		]);
		expect(() => phaseNamed('complie')).toThrow('there is no phase "complie"; did you mean compile?');
	});
});
