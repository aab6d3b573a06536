/**
 * The rules: which sandboxes a phase gets. There is one ordered table for each sandbox, and the first row that matches decides.
 * `portcullis hook` renders these rows as bash. `portcullis explain` and `portcullis run` evaluate them.
 */

export const confinements = ['net', 'ipc', 'cgroup'] as const;
export type Confinement = (typeof confinements)[number];

/** EBUILD_PHASE of every src_* function that an EAPI has; `fetch` is src_fetch, should one add it. */
export const srcPhases = ['unpack', 'fetch', 'prepare', 'configure', 'compile', 'test', 'install'] as const;
export type SrcPhase = (typeof srcPhases)[number];

/** EBUILD_PHASE of every pkg_* function, of which none is confined. */
export const pkgPhases = [
	'pretend',
	'setup',
	'preinst',
	'postinst',
	'prerm',
	'postrm',
	'config',
	'info',
	'nofetch',
] as const;

/** What else Portage starts ebuild.sh or misc-functions.sh for. '' is misc-functions.sh, which has no EBUILD_PHASE. */
export const otherPhases = [...pkgPhases, 'depend', 'clean', 'cleanrm', 'help', 'instprep', 'package', ''] as const;

/**
 * What the phase asks fakeroot's daemon over: System V message queues or loopback; 'alone' where it has the library and no
 * daemon, '' where it runs without fakeroot. FEATURES=fakeroot is for src_install (actionmap in Portage's doebuild.py).
 */
export type Fakeroot = '' | 'sysv' | 'tcp' | 'alone';

export type Condition =
	| { readonly list: 'restrict' | 'properties'; readonly word: string; readonly present: boolean }
	| { readonly setting: 'PORTCULLIS_UNPACK' | 'PORTCULLIS_AUDIT'; readonly is: string }
	| { readonly fakeroot: 'sysv' | 'tcp' };

export interface Row {
	readonly phases: readonly SrcPhase[];
	/** All of them must hold. */
	readonly when: readonly Condition[];
	readonly confined: boolean;
	/** The rule in words, for `explain`. */
	readonly rule: string;
}

/** `only` is for a look before the leap: whatever else is asked for. */
const auditOnly: Row = {
	phases: srcPhases,
	when: [{ setting: 'PORTCULLIS_AUDIT', is: 'only' }],
	confined: false,
	rule: 'PORTCULLIS_AUDIT=only watches, and isolates nothing',
};

/** Rows for the phases of srcPhases; every other phase is free, whatever FEATURES says. */
export const phaseRules: Readonly<Record<Confinement, readonly Row[]>> = {
	net: [
		auditOnly,
		{
			phases: ['install'],
			when: [{ fakeroot: 'tcp' }],
			confined: false,
			rule: 'fakeroot-tcp asks its daemon over loopback',
		},
		{
			phases: srcPhases,
			when: [{ list: 'restrict', word: 'network-sandbox', present: true }],
			confined: false,
			rule: 'RESTRICT=network-sandbox lifts it',
		},
		{
			phases: ['test'],
			when: [{ list: 'properties', word: 'test_network', present: true }],
			confined: false,
			rule: 'PROPERTIES=test_network lets src_test out',
		},
		{
			phases: ['unpack'],
			when: [
				{ setting: 'PORTCULLIS_UNPACK', is: 'confine' },
				{ list: 'properties', word: 'live', present: false },
			],
			confined: true,
			rule: 'PORTCULLIS_UNPACK=confine, and the package is not live',
		},
		{
			phases: ['unpack', 'fetch'],
			when: [],
			confined: false,
			rule: 'sources are fetched here',
		},
		{
			phases: ['prepare', 'configure', 'compile', 'test', 'install'],
			when: [],
			confined: true,
			rule: 'network-sandbox covers src_prepare to src_install',
		},
	],
	ipc: [
		auditOnly,
		{
			phases: ['install'],
			when: [{ fakeroot: 'sysv' }],
			confined: false,
			rule: 'fakeroot-sysv asks its daemon over System V message queues',
		},
		{ phases: srcPhases, when: [], confined: true, rule: 'ipc-sandbox covers every src_* phase' },
	],
	cgroup: [auditOnly, { phases: srcPhases, when: [], confined: true, rule: 'cgroup covers every src_* phase' }],
};

export function isSrcPhase(phase: string): phase is SrcPhase {
	return (srcPhases as readonly string[]).includes(phase);
}
