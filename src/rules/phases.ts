/**
 * The rules: which sandboxes a phase gets. There is one ordered table for each sandbox, and the first row that matches decides.
 * `portcullis hook` renders these rows as bash. `portcullis explain` and `portcullis run` evaluate them.
 */

export const confinements = ['net', 'ipc', 'cgroup'] as const;
export type Confinement = (typeof confinements)[number];

/** EBUILD_PHASE of every src_* function. `fetch` is src_fetch, which no EAPI has yet. */
export const srcPhases = ['unpack', 'fetch', 'prepare', 'configure', 'compile', 'test', 'install'] as const;
export type SrcPhase = (typeof srcPhases)[number];

/** EBUILD_PHASE of every pkg_* function. These phases are never confined. */
export const pkgPhases = 'pretend setup preinst postinst prerm postrm config info nofetch'.split(' ');

/** Every other EBUILD_PHASE of ebuild.sh and misc-functions.sh. misc-functions.sh has none (''). */
export const otherPhases = [...pkgPhases, 'depend', 'clean', 'cleanrm', 'help', 'instprep', 'package', ''] as const;

/**
 * How the phase reaches fakeroot's daemon: System V message queues or loopback; 'alone' with the library but without a daemon; '' without
 * fakeroot. FEATURES=fakeroot applies to src_install (actionmap in Portage's doebuild.py).
 */
export type Fakeroot = '' | 'sysv' | 'tcp' | 'alone';

export type Condition =
	| { readonly list: 'restrict' | 'properties'; readonly word: string; readonly present: boolean }
	| { readonly setting: 'PORTCULLIS_UNPACK' | 'PORTCULLIS_AUDIT'; readonly is: string }
	| { readonly fakeroot: 'sysv' | 'tcp' };

export interface Row {
	readonly phases: readonly SrcPhase[];
	/** All conditions must hold. */
	readonly when: readonly Condition[];
	readonly confined: boolean;
	/** The rule in words, for `portcullis explain` and portcullis(1). */
	readonly rule: string;
}

/** This row comes first, so that PORTCULLIS_AUDIT=only overrides all others. */
const auditOnly: Row = {
	phases: srcPhases,
	when: [{ setting: 'PORTCULLIS_AUDIT', is: 'only' }],
	confined: false,
	rule: 'PORTCULLIS_AUDIT=only records and isolates nothing',
};

/** The rules for src_* phases. Other phases are never confined. */
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
		{
			phases: ['unpack', 'fetch'],
			when: [],
			confined: false,
			rule: 'this phase may fetch sources',
		},
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
	cgroup: [
		auditOnly,
		{
			phases: srcPhases,
			when: [],
			confined: true,
			rule: 'Portcullis kills leftover processes (Portage measures)',
		},
	],
};

export function isSrcPhase(phase: string): phase is SrcPhase {
	return (srcPhases as readonly string[]).includes(phase);
}
