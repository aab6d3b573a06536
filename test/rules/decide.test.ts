// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { audited, decide, granted, type PhaseContext } from '../../src/rules/decide.ts';
import { otherPhases, srcPhases } from '../../src/rules/phases.ts';
import { resolve } from '../../src/rules/settings.ts';

const everything = ['network-sandbox', 'ipc-sandbox', 'pid-sandbox', 'mount-sandbox', 'cgroup', 'sandbox', 'ccache'];

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

test('under fakeroot, src_install runs without the sandbox that would block the fakeroot daemon', () => {
	const phase = 'install';
	const all = granted(decide(phaseContext({ phase })));
	expect(granted(decide(phaseContext({ phase, fakeroot: 'sysv' })))).toEqual(all.filter((what) => what !== 'ipc'));
	expect(granted(decide(phaseContext({ phase, fakeroot: 'tcp' })))).toEqual(all.filter((what) => what !== 'net'));
	expect(granted(decide(phaseContext({ phase, fakeroot: 'alone' })))).toEqual(all);
});

/** The expected sandboxes of each phase, written independently of src/rules/phases.ts. */
describe('sandboxes of each phase', () => {
	test.each([
		['unpack', ['ipc', 'pid', 'mount', 'cgroup']],
		['fetch', ['ipc', 'pid', 'mount', 'cgroup']],
		['prepare', ['net', 'ipc', 'pid', 'mount', 'cgroup']],
		['configure', ['net', 'ipc', 'pid', 'mount', 'cgroup']],
		['compile', ['net', 'ipc', 'pid', 'mount', 'cgroup']],
		['test', ['net', 'ipc', 'pid', 'mount', 'cgroup']],
		['install', ['net', 'ipc', 'pid', 'mount', 'cgroup']],
	])('decide() gives src_%s the sandboxes %j if FEATURES enables all', (phase, what) => {
		expect(granted(decide(phaseContext({ phase })))).toEqual(what);
	});

	test.each([...otherPhases, 'a phase of tomorrow'])('decide() gives the phase "%s" no sandbox', (phase) => {
		expect(granted(decide(phaseContext({ phase })))).toEqual([]);
	});

	test('decide() enables a sandbox only if FEATURES contains the exact name of the sandbox', () => {
		for (const phase of srcPhases) {
			expect(
				granted(decide(phaseContext({ phase, features: ['sandbox', 'userpriv', 'xcgroup', 'network-sandbox-proxy'] }))),
			).toEqual([]);
			expect(granted(decide(phaseContext({ phase, features: ['cgroup'] })))).toEqual(['cgroup']);
		}
	});

	test('decide() gives phases of binary packages no sandbox', () => {
		expect(granted(decide(phaseContext({ from: 'binary' })))).toEqual([]);
	});
});

describe('exceptions', () => {
	test('RESTRICT=network-sandbox disables only the network sandbox', () => {
		expect(granted(decide(phaseContext({ restrict: ['mirror', 'network-sandbox'] })))).toEqual([
			'ipc',
			'pid',
			'mount',
			'cgroup',
		]);
	});

	test('PROPERTIES=test_network disables only the network sandbox of src_test', () => {
		const properties = ['test_network'];
		expect(granted(decide(phaseContext({ phase: 'test', properties })))).toEqual(['ipc', 'pid', 'mount', 'cgroup']);
		expect(granted(decide(phaseContext({ phase: 'compile', properties })))).toContain('net');
	});

	test('PORTCULLIS_UNPACK=confine enables the network sandbox in src_unpack, except for live packages', () => {
		const settings = resolve({ PORTCULLIS_UNPACK: 'confine' });
		expect(granted(decide(phaseContext({ phase: 'unpack', settings })))).toContain('net');
		expect(granted(decide(phaseContext({ phase: 'unpack', settings, properties: ['live'] })))).not.toContain('net');
		expect(granted(decide(phaseContext({ phase: 'unpack', settings, restrict: ['network-sandbox'] })))).not.toContain(
			'net',
		);
		expect(granted(decide(phaseContext({ phase: 'fetch', settings })))).not.toContain('net');
	});

	test('decide() returns for each sandbox the rule that enabled or disabled it', () => {
		const decision = decide(
			phaseContext({ phase: 'test', properties: ['test_network'], features: ['network-sandbox'] }),
		);
		expect(decision.net.rule).toContain('test_network');
		expect(decision.ipc.rule).toBe('FEATURES does not contain ipc-sandbox');
	});
});

describe('audited()', () => {
	const auditedPhases = (some: Partial<PhaseContext>) =>
		srcPhases.filter((phase) => audited(phaseContext({ ...some, phase })));
	const isolated = ['prepare', 'configure', 'compile', 'test', 'install'];

	test('audited() is true for the phases that network-sandbox isolates', () => {
		expect(auditedPhases({})).toEqual(isolated);
		expect(auditedPhases({ features: ['ipc-sandbox', 'cgroup'] })).toEqual([]);
		expect(auditedPhases({ properties: ['test_network'] })).toEqual(isolated.filter((phase) => phase !== 'test'));
		expect(auditedPhases({ restrict: ['network-sandbox'] })).toEqual([]);
		expect(audited(phaseContext({ phase: 'postinst' }))).toBe(false);
	});

	test('PORTCULLIS_AUDIT=off disables only the audit, and all sandboxes stay enabled', () => {
		const settings = resolve({ PORTCULLIS_AUDIT: 'off' });
		expect(auditedPhases({ settings })).toEqual([]);
		expect(granted(decide(phaseContext({ settings })))).toEqual(['net', 'ipc', 'pid', 'mount', 'cgroup']);
	});

	test('PORTCULLIS_AUDIT=only disables all sandboxes, and audits the phases that network-sandbox would isolate', () => {
		const settings = resolve({ PORTCULLIS_AUDIT: 'only' });
		expect(auditedPhases({ settings, features: [] })).toEqual(isolated);
		expect(auditedPhases({ settings, features: [], restrict: ['network-sandbox'] })).toEqual([]);
		expect(granted(decide(phaseContext({ settings })))).toEqual([]);
		expect(decide(phaseContext({ settings })).net.rule).toContain('PORTCULLIS_AUDIT=only');
	});
});
