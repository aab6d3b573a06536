// SPDX-License-Identifier: GPL-2.0-or-later
import { proxyFeatures } from '../rules/features.ts';
import type { Confinement } from '../rules/phases.ts';
import type { BuildContext } from './build_context.ts';
import {
	agentEvidence,
	ccacheEvidence,
	displayEvidence,
	distccEvidence,
	fakerootEvidence,
	icecreamEvidence,
	proxyEvidence,
	proxyVariables,
	sccacheEvidence,
	sccacheVariables,
	socksEvidence,
	type Assignment,
	type Evidence,
} from './evidence.ts';

/**
 * A part of the configuration that does not work in a sandbox, or that defeats the sandbox. The prefilter of the hook, the messages and
 * the variables that the hook sets in a phase are generated from this table.
 */
interface Conflict {
	readonly name: string;
	/** The subject of the messages: LABEL conflicts with FEATURES="...". */
	readonly label: string;
	/** The confinements that cause the conflict. Without any of them in a phase, there is no conflict. */
	readonly with: readonly Confinement[];
	/** Commands of bash that test conditions without starting a process. If none succeeds, the hook does not start Node for this conflict. */
	readonly prefilters: readonly string[];
	/** Searches the build context for evidence. Without evidence there is no conflict. */
	readonly evidence: (context: BuildContext) => readonly Evidence[];
	/** The effect on a build that continues, as a clause for `LABEL conflicts with FEATURES="...", so EFFECT.` */
	readonly effect: string;
	/** The state of the conflict in the output of doctor. error: a function that the configuration requests does not work. warning: it works, with an effect that the user must know. */
	readonly state: 'error' | 'warning';
	/**
	 * The variables that the hook sets (null: unsets) in a phase without network if it has found the conflict, so that the build does not wait for remote hosts.
	 * The hook does not change PATH and CC, because configure writes them into files.
	 */
	readonly inside?: Readonly<Record<string, string | null>>;
	/** The word that ends the conflict if it is added to PORTCULLIS_ALLOW. */
	readonly allow?: string;
	/** The assignments that end the conflict and keep the sandbox. Assignments in the evidence (Evidence.fix) take precedence. */
	readonly fix?: readonly Assignment[];
}

/** Returns a bash condition that is true if FEATURES contains this word. */
function word(name: string): string {
	return `[[ $features == *' ${name} '* ]]`;
}

/** Returns a bash condition that is true if one of these variables is not empty. */
function set(...names: readonly string[]): string {
	return `[[ ${names.map((name) => `\${${name}-}`).join(' || ')} ]]`;
}

/** A bash condition that is true if a compiler in a variable or in PATH may be a launcher such as distcc. */
const compiler = '[[ $compiler ]]';

/** Returns a bash condition that is true if one of ccache's configuration files contains this text. */
function ccacheFiles(text: string): string {
	const files = [
		'"${CCACHE_CONFIGPATH-}"',
		'"${CCACHE_DIR-}/ccache.conf"',
		'"${HOME-}/.ccache/ccache.conf"',
		'"${XDG_CONFIG_HOME-${HOME-}/.config}/ccache/ccache.conf"',
		'"${EPREFIX-}/etc/ccache.conf"',
		'/etc/ccache.conf',
	];
	return `__portcullis_contains ${text} ${files.join(' ')}`;
}

export const conflicts: readonly Conflict[] = [
	{
		name: 'distcc',
		label: 'distcc',
		with: ['net'],
		prefilters: [word('distcc'), compiler, set('INCLUDE_SERVER_PORT')],
		evidence: distccEvidence,
		effect: 'distcc cannot reach other hosts and compiles on this machine only',
		state: 'error',
		// Set the job limit of localhost to 50, the maximum that distcc accepts. The default is two: each further job then sleeps for a
		// second before it retries (dcc_lock_pause in distcc's where.c), and 12 files with -j40 take 5.1 s instead of 0.4 s.
		inside: { DISTCC_HOSTS: 'localhost/50' },
		allow: 'distcc',
		fix: [['DISTCC_HOSTS', 'localhost']],
	},
	{
		name: 'icecream',
		label: 'icecream',
		with: ['net'],
		prefilters: [word('icecream'), compiler],
		evidence: icecreamEvidence,
		effect: 'icecc cannot reach other hosts and compiles on this machine only',
		state: 'error',
		// Do not use ICECC=no: icecc would still ask its daemon through a UNIX socket and wait for a slot.
		inside: { ICECC: 'disable' },
		fix: [['ICECC', 'disable']],
	},
	{
		name: 'sccache',
		label: "sccache's remote storage or scheduler",
		with: ['net'],
		prefilters: [compiler],
		evidence: sccacheEvidence,
		effect: 'sccache cannot reach other hosts and uses a local cache directory',
		state: 'error',
		// Unset the variables (null), because sccache would wait 10 s per file for an unreachable storage and then fail. An empty variable
		// would count as a storage.
		inside: { ...Object.fromEntries(sccacheVariables.map((name) => [name, null])), SCCACHE_CONF: '/dev/null' },
		fix: [
			['CC', 'gcc'],
			['CXX', 'g++'],
		],
	},
	{
		name: 'ccache',
		label: "ccache's remote storage",
		with: ['net'],
		prefilters: [
			set('CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'),
			ccacheFiles('remote_storage'),
			ccacheFiles('secondary_storage'),
		],
		evidence: ccacheEvidence,
		effect: 'ccache cannot reach the remote storage and uses its local cache only',
		state: 'error',
		// Set both variables: ccache 4.4 to 4.6 read CCACHE_SECONDARY_STORAGE, newer versions CCACHE_REMOTE_STORAGE.
		inside: { CCACHE_REMOTE_STORAGE: '', CCACHE_SECONDARY_STORAGE: '' },
		fix: [['CCACHE_REMOTE_STORAGE', '']],
	},
	{
		name: 'socks',
		label: "Portage's SOCKS5 proxy",
		with: ['net'],
		prefilters: [
			`[[ $EUID == 0 && ! \${FAKEROOTKEY-} && $features == *' '@(${proxyFeatures.join('|')})' '* ]]`,
			set('PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'),
		],
		evidence: socksEvidence,
		effect:
			'every program of the build can reach any host through this proxy, because the sandbox always permits the UNIX socket of the proxy',
		state: 'warning',
	},
	{
		name: 'fakeroot',
		label: 'fakeroot',
		with: ['ipc'],
		prefilters: ["[[ $EUID != 0 && $features == *' fakeroot '* ]]"],
		evidence: fakerootEvidence('sysv'),
		effect: "src_install keeps the host's IPC, where fakeroot exchanges messages with its daemon",
		state: 'error',
	},
	{
		name: 'fakeroot-tcp',
		label: 'fakeroot-tcp',
		with: ['net'],
		prefilters: ["[[ $EUID != 0 && $features == *' fakeroot '* ]]"],
		evidence: fakerootEvidence('tcp'),
		effect: "src_install keeps the host's network, where fakeroot connects to its daemon over loopback",
		state: 'error',
	},
	{
		name: 'proxy',
		label: 'a proxy on loopback',
		with: ['net'],
		prefilters: [set(...proxyVariables)],
		evidence: proxyEvidence,
		effect: 'builds cannot reach the proxy (emerge still fetches sources through it)',
		state: 'warning',
	},
	{
		name: 'agent',
		label: 'an ssh or gpg agent',
		with: ['net'],
		prefilters: ['[[ ${setting[PORTCULLIS_SOCKETS]-} != own && (-S ${SSH_AUTH_SOCK-} || -S ${GPG_AGENT_INFO%%:*}) ]]'],
		evidence: agentEvidence,
		effect:
			'every build whose user may open this socket can use your keys, unless you set PORTCULLIS_SOCKETS="own" in make.conf',
		state: 'warning',
	},
	{
		name: 'display',
		label: 'the X display',
		with: ['net'],
		prefilters: [
			'[[ ${DISPLAY-} == ?(unix)?(/unix):+([0-9])* && (${setting[PORTCULLIS_SOCKETS]-} == own || ! -S /tmp/.X11-unix/X${display}) ]]',
		],
		evidence: displayEvidence,
		effect: 'tests that open a window fail',
		state: 'warning',
	},
];
