// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The rules that decide which sandboxes a phase gets. Each sandbox has an ordered table, in which the first row that matches decides.
 * `portcullis hook` renders these rows as bash. `portcullis explain` and `portcullis run` evaluate them.
 */

/** The confinements for which confine creates namespaces, one for each. */
export const namespaceConfinements = ['net', 'ipc', 'pid', 'mount'] as const;
export const confinements = [...namespaceConfinements, 'cgroup'] as const;
export type Confinement = (typeof confinements)[number];

/**
 * The variables with the folders that a phase needs, each with the word of bash by which the hook reads it. If one of these folders lies in
 * /dev/shm, ipc-sandbox makes no private /dev/shm, which would hide the folder. For DISTDIR, the hook reads PORTAGE_ACTUAL_DISTDIR, because
 * DISTDIR of a phase contains only links to the files there.
 */
export const shmFolders = {
	PORTAGE_TMPDIR: '"$PORTAGE_TMPDIR"',
	PORTAGE_BUILDDIR: '"$PORTAGE_BUILDDIR"',
	ROOT: '"${ROOT-}"',
	DISTDIR: '"${initial[PORTAGE_ACTUAL_DISTDIR]-}"',
	CCACHE_DIR: '"${initial[CCACHE_DIR]-}"',
} as const;

/** The values of EBUILD_PHASE for src_* functions. `fetch` stands for src_fetch, which no EAPI defines yet. */
export const srcPhases = ['unpack', 'fetch', 'prepare', 'configure', 'compile', 'test', 'install'] as const;
type SrcPhase = (typeof srcPhases)[number];

/** The values of EBUILD_PHASE for pkg_* functions. These phases are never confined. */
export const pkgPhases = 'pretend setup preinst postinst prerm postrm config info nofetch'.split(' ');

/** All values of EBUILD_PHASE that are never confined. '' stands for a missing EBUILD_PHASE, with which misc-functions.sh can run. */
export const otherPhases = [...pkgPhases, 'depend', 'clean', 'cleanrm', 'help', 'instprep', 'package', ''] as const;

/**
 * How a phase reaches the daemon of fakeroot: by System V message queues (sysv) or loopback (tcp). 'alone': the phase has fakeroot's
 * library but no daemon. '': no fakeroot. FEATURES=fakeroot applies to src_install (actionmap in Portage's doebuild.py).
 */
export type Fakeroot = '' | 'sysv' | 'tcp' | 'alone';

export type Condition =
	| { readonly list: 'restrict' | 'properties'; readonly word: string; readonly present: boolean }
	| { readonly setting: 'PORTCULLIS_UNPACK' | 'PORTCULLIS_AUDIT'; readonly is: string }
	| { readonly fakeroot: 'sysv' | 'tcp' };

export interface Row {
	readonly phases: readonly SrcPhase[];
	readonly when: readonly Condition[];
	readonly confined: boolean;
	readonly rule: string;
}

/** The first row in the table of each sandbox: with PORTCULLIS_AUDIT=only, a phase gets no sandbox, whatever the other rows say. */
const auditOnly: Row = {
	phases: srcPhases,
	when: [{ setting: 'PORTCULLIS_AUDIT', is: 'only' }],
	confined: false,
	rule: 'PORTCULLIS_AUDIT=only records and isolates nothing',
};

/** For each sandbox, the rules for src_* phases. The first matching row decides. */
export const phaseRules: Readonly<Record<Confinement, readonly Row[]>> = {
	net: [
		auditOnly,
		{
			phases: ['install'],
			when: [{ fakeroot: 'tcp' }],
			confined: false,
			rule: 'fakeroot-tcp connects to its daemon over loopback',
		},
		{
			phases: srcPhases,
			when: [{ list: 'restrict', word: 'network-sandbox', present: true }],
			confined: false,
			rule: 'RESTRICT=network-sandbox disables it',
		},
		{
			phases: ['test'],
			when: [{ list: 'properties', word: 'test_network', present: true }],
			confined: false,
			rule: 'PROPERTIES=test_network gives src_test the network',
		},
		{
			phases: ['unpack'],
			when: [
				{ setting: 'PORTCULLIS_UNPACK', is: 'confine' },
				{ list: 'properties', word: 'live', present: false },
			],
			confined: true,
			rule: 'PORTCULLIS_UNPACK=confine (and the package is not live)',
		},
		{ phases: ['unpack', 'fetch'], when: [], confined: false, rule: 'this phase may fetch sources' },
		{
			phases: ['prepare', 'configure', 'compile', 'test', 'install'],
			when: [],
			confined: true,
			rule: 'network-sandbox isolates src_prepare to src_install',
		},
	],
	ipc: [
		auditOnly,
		{
			phases: ['install'],
			when: [{ fakeroot: 'sysv' }],
			confined: false,
			rule: 'fakeroot-sysv uses System V message queues to its daemon',
		},
		{ phases: srcPhases, when: [], confined: true, rule: 'ipc-sandbox isolates every src_* phase' },
	],
	// Portage has no exception for src_* phases in pid-sandbox and mount-sandbox, not even for live packages and test_network
	// (_doebuild_spawn() in doebuild.py).
	pid: [auditOnly, { phases: srcPhases, when: [], confined: true, rule: 'pid-sandbox isolates every src_* phase' }],
	mount: [auditOnly, { phases: srcPhases, when: [], confined: true, rule: 'mount-sandbox isolates every src_* phase' }],
	cgroup: [
		auditOnly,
		{ phases: srcPhases, when: [], confined: true, rule: 'Portcullis kills leftovers (as root, Portage measures)' },
	],
};

export function isSrcPhase(phase: string): phase is SrcPhase {
	return (srcPhases as readonly string[]).includes(phase);
}
