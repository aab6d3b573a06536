import type { BuildContext, Evidence } from './build_context.ts';
import { distcc, fakeroot, icecream, sccache, storage, storeVariables, tracking } from './build_evidence.ts';
import { agents, display, proxies, proxyVariables, socks } from './session_evidence.ts';
import type { Confinement } from '../rules/phases.ts';

/**
 * What doesn't go together with a sandbox: one row each. The hook's cheap test, the message in an emerge, `explain` and what
 * a phase gets instead are all made from these rows.
 */
export interface Conflict {
	readonly name: string;
	/** How a message calls it. */
	readonly label: string;
	/** The sandboxes that it collides with, whichever of them a phase has. */
	readonly with: readonly Confinement[];
	/** No evidence without one of these: what the hook asks before it starts anything, where FEATURES has a sandbox of `with`. */
	readonly prefilters: readonly Prefilter[];
	/** How it is recognized: what speaks for it, in words. None: there is no collision. */
	readonly evidence: (context: BuildContext) => readonly Evidence[];
	/** Who wins, and what becomes of the build. */
	readonly outcome: string;
	/** For doctor. bad: something that was asked for does not work; odd: all of it does; none: doctor sees it by itself. */
	readonly state?: 'error' | 'warning';
	/**
	 * The variables that the function of a phase that is cut off gets, so that its build goes on at once; null: it goes without.
	 * Not PATH and CC: configure writes them into files.
	 */
	readonly inside: Readonly<Record<string, string | null>>;
	/** The word of PORTCULLIS_ALLOW that lets it through: then nothing collides. */
	readonly allow?: string;
	/** The way out that keeps the sandbox, where the evidence names none. */
	readonly instead: string;
}

/** A question that bash answers without a process. */
export type Prefilter =
	/** a word of FEATURES */
	| { readonly word: string }
	/** one of these variables has a value */
	| { readonly set: readonly string[] }
	/** a compiler, set or found in PATH, that is none of the plain ones */
	| { readonly compiler: true }
	/** one of these files, named in bash's way, contains this text; its first line is preceded by an end of line */
	| { readonly files: readonly string[]; readonly text: string }
	/** an expression for [[ ]] */
	| { readonly holds: string };

const ccacheFiles = [
	'${CCACHE_CONFIGPATH-}',
	'${CCACHE_DIR-}/ccache.conf',
	'${HOME-}/.ccache/ccache.conf',
	'${XDG_CONFIG_HOME-${HOME-}/.config}/ccache/ccache.conf',
	'${EPREFIX-}/etc/ccache.conf',
	'/etc/ccache.conf',
];

export const conflicts: readonly Conflict[] = [
	{
		name: 'distcc',
		label: 'distcc',
		with: ['net'],
		prefilters: [{ word: 'distcc' }, { compiler: true }, { set: ['INCLUDE_SERVER_PORT'] }],
		evidence: distcc,
		outcome:
			'network-sandbox wins: no host can be reached from the build, and distcc compiles every file here, without trying (DISTCC_HOSTS=localhost)',
		state: 'error',
		// Without a number of its own localhost takes two jobs, and a third one sleeps a second before it asks again
		// (dcc_lock_pause in distcc's where.c; 12 files with -j40: 5.1 s, with a number 0.4 s). 50 is its most.
		inside: { DISTCC_HOSTS: 'localhost/50' },
		allow: 'distcc',
		instead: 'DISTCC_HOSTS="localhost"',
	},
	{
		name: 'icecream',
		label: 'icecream',
		with: ['net'],
		prefilters: [{ word: 'icecream' }, { compiler: true }],
		evidence: icecream,
		outcome:
			'network-sandbox wins: no host can be reached from the build, and icecc compiles every file here, without trying (ICECC=disable)',
		state: 'error',
		// With "no" it would ask its daemon, which listens on a socket with a path and shares its places with other builds.
		inside: { ICECC: 'disable' },
		instead: 'ICECC="disable"',
	},
	{
		name: 'sccache',
		label: "sccache's store or scheduler on another host",
		with: ['net'],
		prefilters: [{ compiler: true }],
		evidence: sccache,
		outcome:
			'network-sandbox wins: no store and no scheduler can be reached from the build, and sccache compiles every file here, with a cache in a folder',
		state: 'error',
		// Where its store is silent sccache waits for ten seconds a file, and fails. An empty variable is as bad as a wrong one.
		inside: { ...Object.fromEntries(storeVariables.map((name) => [name, null])), SCCACHE_CONF: '/dev/null' },
		instead: 'CC="gcc" CXX="g++"',
	},
	{
		name: 'ccache',
		label: "ccache's remote storage",
		with: ['net'],
		prefilters: [
			{ set: ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'] },
			{ files: ccacheFiles, text: 'remote_storage' },
			{ files: ccacheFiles, text: 'secondary_storage' },
		],
		evidence: storage,
		outcome:
			'network-sandbox wins: the storage cannot be reached, and ccache goes on with its local cache alone, without trying',
		state: 'error',
		// The second one is what 4.4 to 4.6 called it.
		inside: { CCACHE_REMOTE_STORAGE: '', CCACHE_SECONDARY_STORAGE: '' },
		instead: 'CCACHE_REMOTE_STORAGE=""',
	},
	{
		name: 'socks',
		label: "Portage's SOCKS5 proxy",
		with: ['net'],
		prefilters: [
			{ holds: "$EUID == 0 && ! ${FAKEROOTKEY-} && $features == *' '@(distcc|network-sandbox-proxy)' '*" },
			{ set: ['PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'] },
		],
		evidence: socks,
		outcome:
			'the proxy wins: it listens on a UNIX socket, which no network sandbox covers, and through it any program of the build that speaks SOCKS5 reaches anything anywhere: this hole is open',
		state: 'warning',
		inside: {},
		instead: 'FEATURES="-network-sandbox-proxy -distcc"',
	},
	{
		name: 'fakeroot',
		label: 'fakeroot',
		with: ['ipc'],
		prefilters: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('sysv'),
		outcome:
			'fakeroot wins: it asks its daemon over System V message queues, and would hang apart from them; so src_install keeps the IPC of the host, and only that',
		state: 'error',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'fakeroot-tcp',
		label: 'fakeroot-tcp',
		with: ['net'],
		prefilters: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('tcp'),
		outcome:
			'fakeroot wins: it asks its daemon over loopback, and would fail apart from it; so src_install keeps the network of the host, and only that',
		state: 'error',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'tracking',
		label: 'this system, on which no process can be kept track of,',
		with: ['cgroup'],
		prefilters: [
			{ holds: '-e /proc/self/status && ! -e /proc/self/ns/user' },
			// A filter, as Docker's; the rest is how kernels and distributions switch user namespaces off.
			{ files: ['/proc/self/status'], text: '\nSeccomp:\t2' },
			{ files: ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns'], text: '\n1\n' },
			{ files: ['/proc/sys/user/max_user_namespaces', '/proc/sys/kernel/unprivileged_userns_clone'], text: '\n0\n' },
		],
		evidence: tracking,
		outcome:
			'neither wins: what a phase leaves behind is looked for among its descendants, and a daemon may escape that',
		inside: {},
		instead: 'FEATURES="-cgroup"',
	},
	{
		name: 'proxy',
		label: "the proxy on this host's loopback",
		with: ['net'],
		prefilters: [{ set: proxyVariables }],
		evidence: proxies,
		outcome: 'network-sandbox wins: the build cannot reach it, and what asks it is refused; fetching still uses it',
		state: 'warning',
		inside: {},
		instead: `ENV_UNSET="${proxyVariables.slice(0, 2).join(' ')}"`,
	},
	{
		name: 'agent',
		label: 'an agent that holds your keys',
		with: ['net'],
		prefilters: [{ holds: '-S ${SSH_AUTH_SOCK-}' }, { holds: '-S ${GPG_AGENT_INFO%%:*}' }],
		evidence: agents,
		outcome:
			'the agent wins: no network sandbox covers a UNIX socket with a path, and a build that may open it can use your keys',
		state: 'warning',
		inside: {},
		instead: 'ENV_UNSET="SSH_AUTH_SOCK GPG_AGENT_INFO"',
	},
	{
		name: 'display',
		label: 'the X display',
		with: ['net'],
		prefilters: [{ holds: '${DISPLAY-} == ?(unix)?(/unix):+([0-9])* && ! -S /tmp/.X11-unix/X${display}' }],
		evidence: display,
		outcome: 'network-sandbox wins: the build cannot reach it, and a test that opens a window fails',
		state: 'warning',
		inside: {},
		instead: 'ENV_UNSET="DISPLAY"',
	},
];
