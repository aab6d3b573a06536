// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, test } from 'vitest';
import { sandboxFindings } from '../../src/doctor/check_sandboxes.ts';
import type { SystemInfo } from '../../src/doctor/system_info.ts';

/** The meaning of doctor's finding about FEATURES=cgroup for this user and version of Portage. */
function cgroupMeaning(uid: number, version: string, hierarchy: 'v2' | 'hybrid'): string | undefined {
	// Define only the members on which the finding depends.
	const system = {
		uid,
		configuration: { version, variables: {}, features: [] },
		requested: ['cgroup'],
		probeResult: {
			mode: 'root',
			tracking: 'cgroup',
			applied: {},
			missing: [],
			filterWhy: '',
			watched: 'yes',
			broken: '',
		},
		probe: {},
		read: (file: string) => (file === '/sys/fs/cgroup/cgroup.controllers' && hierarchy === 'v2' ? 'cpu io' : undefined),
	} as unknown as SystemInfo;
	return sandboxFindings(system).find(({ id }) => id === 'cgroup')?.meaning;
}

test('portcullis doctor reports what FEATURES=cgroup does in Portcullis and, if root runs Portage 3.0.82 or newer with cgroup v2, what FEATURES=cgroup does in Portage itself', () => {
	const own = 'a cgroup: no process outlives a phase';
	const both = `${own}; Portage itself measures the CPU time, memory and I/O of each build`;
	expect([cgroupMeaning(0, '3.0.82', 'v2'), cgroupMeaning(0, '9999', 'v2')]).toEqual([both, both]);
	expect(cgroupMeaning(0, '3.0.81.2', 'v2')).toBe(own);
	expect(cgroupMeaning(0, '3.0.83', 'hybrid')).toBe(own);
	expect(cgroupMeaning(1000, '3.0.83', 'v2')).toBe(own);
});

test('portcullis doctor reports PORTCULLIS_MEMORY_MAX as ok only if the cgroup controller for this limit is available and confine can create a cgroup', () => {
	const found = (cgroup: string, value: string, controllers = 'cpu io memory pids') => {
		const system = {
			uid: 1000,
			configuration: { version: '3.0.83', variables: { PORTCULLIS_MEMORY_MAX: value }, features: [] },
			requested: ['cgroup'],
			probeResult: {
				mode: 'userns',
				tracking: 'pidns',
				applied: {},
				missing: [],
				filterWhy: '',
				watched: 'yes',
				broken: '',
			},
			probe: { cgroup },
			read: (file: string) => (file === '/cgroup.controllers' ? controllers : undefined),
		} as unknown as SystemInfo;
		return sandboxFindings(system).find(({ id }) => id === 'PORTCULLIS_MEMORY_MAX');
	};
	expect(found('yes', ' 8G ')?.state).toBe('ok');
	expect(found('no: the cgroup of this process is not delegated to this user: Permission denied', '8G')).toMatchObject({
		state: 'error',
		fix: 'With systemd, build with `systemd-run --user --scope emerge ...`; with OpenRC, run emerge as root.',
	});
	expect(found('yes', '8G', 'io')?.fix).toContain('rc_cgroup_mode="unified" in /etc/rc.conf with OpenRC');
	// An invalid value has an error of its own.
	expect(found('yes', 'much')).toBeUndefined();
});

test('if FEATURES lacks pid-sandbox, portcullis doctor still reports whether pid-sandbox is available, as confine --probe prints', () => {
	const found = (pid: string) => {
		const probeResult = { mode: 'userns', tracking: 'subreaper', applied: {}, missing: [], filterWhy: '', broken: '' };
		const system = {
			uid: 1000,
			requested: [],
			notRequestedWhy: 'FEATURES does not contain it',
			probeResult,
			probe: { pid },
			read: () => undefined,
		} as unknown as SystemInfo;
		return sandboxFindings(system).find(({ id }) => id === 'pid-sandbox');
	};
	expect(found('yes')).toMatchObject({
		state: 'inactive',
		meaning: 'available, but Portcullis does not apply it, because FEATURES does not contain it.',
	});
	expect(found('no: unshare(CLONE_NEWPID): No space left on device')?.meaning).toContain(
		'(unshare(CLONE_NEWPID): No space left on device)',
	);
});

test('with PORTCULLIS_SOCKETS="own", portcullis doctor reports an error if confine cannot watch phases, and reports that the audit is on although PORTCULLIS_AUDIT="off" is set', () => {
	const findings = (variables: object, watched: string, watchedWhy = '', requested = ['net'], scope = '0') => {
		const system = {
			uid: 1000,
			configuration: { version: '3.0.83', variables, features: [] },
			requested,
			probeResult: {
				mode: 'userns',
				tracking: 'pidns',
				applied: { net: 'confine' },
				missing: [],
				filterWhy: '',
				watched,
				watchedWhy,
				unreadableWhy: '',
				broken: '',
			},
			probe: {},
			read: (file: string) => (file.endsWith('ptrace_scope') ? scope : 'user_notif'),
		} as unknown as SystemInfo;
		return sandboxFindings(system)
			.filter(({ id }) => ['audit', 'PORTCULLIS_SOCKETS'].includes(id))
			.map(({ state, meaning, fix }) => [state, meaning, fix].join(' '));
	};
	const own = { PORTCULLIS_SOCKETS: 'own' };
	const busy = 'seccomp: Device or resource busy';
	expect(findings(own, 'no', busy)[1]).toBe(
		`error PORTCULLIS_SOCKETS="own" has no effect: ${busy}. To permit sockets of the host, set PORTCULLIS_SOCKETS="host" in make.conf.`,
	);
	expect(findings(own, 'yes', 'reading the memory of a process')[1]).toContain(
		'="own" refuses every connection: reading',
	);
	expect(findings(own, 'yes', '', ['net'], '3')[1]).toContain(
		'refuses every connection: kernel.yama.ptrace_scope is 3. Run as root: `echo kernel.yama.ptrace_scope=1 | tee -a /etc/sysctl.d/portcullis.conf`. Then reboot, ',
	);
	expect(findings({ ...own, PORTCULLIS_AUDIT: 'off' }, 'no', busy)[1]).toContain('has no effect');
	expect(findings({ ...own, PORTCULLIS_AUDIT: 'off' }, 'yes')).toEqual([
		'ok network access of phases is recorded and reported, although PORTCULLIS_AUDIT="off" is set, because PORTCULLIS_SOCKETS="own" needs it ',
	]);
	expect(findings(own, 'no', busy, [])).toHaveLength(1);
	expect(findings({ ...own, PORTCULLIS_AUDIT: 'off' }, 'yes', '', [])).toEqual([
		'ok disabled, because PORTCULLIS_AUDIT="off" is set ',
	]);
});
