import { describe, expect, test } from 'vitest';
import { audited, decide, granted, type PhaseContext } from '../../src/rules/decide.ts';
import { otherPhases, srcPhases } from '../../src/rules/phases.ts';
import { resolve } from '../../src/rules/settings.ts';

const everything = ['network-sandbox', 'ipc-sandbox', 'cgroup', 'sandbox', 'ccache'];

function phaseContext(some: Partial<PhaseContext>): PhaseContext {
	return {
		phase: 'compile',
		from: 'ebuild',
		features: everything,
		restrict: [],
		properties: [],
		settings: resolve({}),
		fakeroot: '',
		...some,
	};
}

test('what fakeroot asks its daemon over is left alone, and only that', () => {
	for (const phase of ['install'] as const) {
		const all = granted(decide(phaseContext({ phase })));
		expect(granted(decide(phaseContext({ phase, fakeroot: 'sysv' })))).toEqual(all.filter((what) => what !== 'ipc'));
		expect(granted(decide(phaseContext({ phase, fakeroot: 'tcp' })))).toEqual(all.filter((what) => what !== 'net'));
		expect(granted(decide(phaseContext({ phase, fakeroot: 'alone' })))).toEqual(all);
	}
});

/** The table of the announcement, written out once more by hand. */
describe('the law', () => {
	test.each([
		['unpack', ['ipc', 'cgroup']],
		['fetch', ['ipc', 'cgroup']],
		['prepare', ['net', 'ipc', 'cgroup']],
		['configure', ['net', 'ipc', 'cgroup']],
		['compile', ['net', 'ipc', 'cgroup']],
		['test', ['net', 'ipc', 'cgroup']],
		['install', ['net', 'ipc', 'cgroup']],
	])('src_%s gets %j', (phase, what) => {
		expect(granted(decide(phaseContext({ phase })))).toEqual(what);
	});

	test.each([...otherPhases, 'a phase of tomorrow'])('"%s" is free', (phase) => {
		expect(granted(decide(phaseContext({ phase })))).toEqual([]);
	});

	test('nothing is confined that FEATURES does not name', () => {
		for (const phase of srcPhases) {
			expect(
				granted(decide(phaseContext({ phase, features: ['sandbox', 'userpriv', 'xcgroup', 'network-sandbox-proxy'] }))),
			).toEqual([]);
			expect(granted(decide(phaseContext({ phase, features: ['cgroup'] })))).toEqual(['cgroup']);
		}
	});

	test('a binary package is never confined', () => {
		expect(granted(decide(phaseContext({ from: 'binary' })))).toEqual([]);
	});
});

describe('exceptions', () => {
	test('RESTRICT=network-sandbox lifts the network only', () => {
		expect(granted(decide(phaseContext({ restrict: ['mirror', 'network-sandbox'] })))).toEqual(['ipc', 'cgroup']);
	});

	test('PROPERTIES=test_network lifts the network of src_test only', () => {
		const properties = ['test_network'];
		expect(granted(decide(phaseContext({ phase: 'test', properties })))).toEqual(['ipc', 'cgroup']);
		expect(granted(decide(phaseContext({ phase: 'compile', properties })))).toContain('net');
	});

	test('PORTCULLIS_UNPACK=confine isolates src_unpack, and not that of a live package', () => {
		const settings = resolve({ PORTCULLIS_UNPACK: 'confine' });
		expect(granted(decide(phaseContext({ phase: 'unpack', settings })))).toContain('net');
		expect(granted(decide(phaseContext({ phase: 'unpack', settings, properties: ['live'] })))).not.toContain('net');
		expect(granted(decide(phaseContext({ phase: 'unpack', settings, restrict: ['network-sandbox'] })))).not.toContain(
			'net',
		);
		expect(granted(decide(phaseContext({ phase: 'fetch', settings })))).not.toContain('net');
	});

	test('each verdict carries the rule that said so', () => {
		const decision = decide(
			phaseContext({ phase: 'test', properties: ['test_network'], features: ['network-sandbox'] }),
		);
		expect(decision.net.rule).toContain('test_network');
		expect(decision.ipc.rule).toBe('FEATURES does not contain ipc-sandbox');
	});
});

describe('the audit', () => {
	const watched = (some: Partial<PhaseContext>) =>
		srcPhases.filter((phase) => audited(phaseContext({ ...some, phase })));
	const isolated = ['prepare', 'configure', 'compile', 'test', 'install'];

	test('watches what network-sandbox isolates, and nothing else', () => {
		expect(watched({})).toEqual(isolated);
		expect(watched({ features: ['ipc-sandbox', 'cgroup'] })).toEqual([]);
		expect(watched({ properties: ['test_network'] })).toEqual(isolated.filter((phase) => phase !== 'test'));
		expect(watched({ restrict: ['network-sandbox'] })).toEqual([]);
		expect(audited(phaseContext({ phase: 'postinst' }))).toBe(false);
	});

	test('PORTCULLIS_AUDIT=off watches nothing, and changes nothing else', () => {
		const settings = resolve({ PORTCULLIS_AUDIT: 'off' });
		expect(watched({ settings })).toEqual([]);
		expect(granted(decide(phaseContext({ settings })))).toEqual(['net', 'ipc', 'cgroup']);
	});

	test('PORTCULLIS_AUDIT=only watches the same without network-sandbox, and isolates nothing', () => {
		const settings = resolve({ PORTCULLIS_AUDIT: 'only' });
		expect(watched({ settings, features: [] })).toEqual(isolated);
		expect(watched({ settings, features: [], restrict: ['network-sandbox'] })).toEqual([]);
		expect(granted(decide(phaseContext({ settings })))).toEqual([]);
		expect(decide(phaseContext({ settings })).net.rule).toContain('PORTCULLIS_AUDIT=only');
	});
});
