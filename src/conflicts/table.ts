import type { Around, Evidence } from './build_context.ts';
import { distcc, fakeroot, icecream, sccache, storage, storeVariables, tracking } from './build_evidence.ts';
import { agents, display, proxies, proxyVariables, socks } from './session_evidence.ts';
import type { Confinement } from '../rules/phases.ts';

/**
 * What doesn't go together with a sandbox: one row each. The hook's cheap test, the message in an emerge, `explain` and what
 * a phase gets instead are all made from these rows.
 */
export interface Collision {
	readonly name: string;
	/** How a message calls it. */
	readonly thing: string;
	/** The sandboxes that it collides with, whichever of them a phase has. */
	readonly with: readonly Confinement[];
	/** No evidence without one of these: what the hook asks before it starts anything, where FEATURES has a sandbox of `with`. */
	readonly smells: readonly Smell[];
	/** How it is recognized: what speaks for it, in words. None: there is no collision. */
	readonly evidence: (around: Around) => readonly Evidence[];
	/** Who wins, and what becomes of the build. */
	readonly happens: string;
	/** For doctor. bad: something that was asked for does not work; odd: all of it does; none: doctor sees it by itself. */
	readonly state?: 'bad' | 'odd';
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
export type Smell =
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

export const collisions: readonly Collision[] = [
	{
		name: 'distcc',
		thing: 'distcc',
		with: ['net'],
		smells: [{ word: 'distcc' }, { compiler: true }, { set: ['INCLUDE_SERVER_PORT'] }],
		evidence: distcc,
		happens:
			'network-sandbox wins: no host can be reached from the build, and distcc compiles every file here, without trying (DISTCC_HOSTS=localhost)',
		state: 'bad',
		// Without a number of its own localhost takes two jobs, and a third one sleeps a second before it asks again
		// (dcc_lock_pause in distcc's where.c; 12 files with -j40: 5.1 s, with a number 0.4 s). 50 is its most.
		inside: { DISTCC_HOSTS: 'localhost/50' },
		allow: 'distcc',
		instead: 'DISTCC_HOSTS="localhost"',
	},
	{
		name: 'icecream',
		thing: 'icecream',
		with: ['net'],
		smells: [{ word: 'icecream' }, { compiler: true }],
		evidence: icecream,
		happens:
			'network-sandbox wins: no host can be reached from the build, and icecc compiles every file here, without trying (ICECC=disable)',
		state: 'bad',
		// With "no" it would ask its daemon, which listens on a socket with a path and shares its places with other builds.
		inside: { ICECC: 'disable' },
		instead: 'ICECC="disable"',
	},
	{
		name: 'sccache',
		thing: "sccache's store or scheduler on another host",
		with: ['net'],
		smells: [{ compiler: true }],
		evidence: sccache,
		happens:
			'network-sandbox wins: no store and no scheduler can be reached from the build, and sccache compiles every file here, with a cache in a folder',
		state: 'bad',
		// Where its store is silent sccache waits for ten seconds a file, and fails. An empty variable is as bad as a wrong one.
		inside: { ...Object.fromEntries(storeVariables.map((name) => [name, null])), SCCACHE_CONF: '/dev/null' },
		instead: 'CC="gcc" CXX="g++"',
	},
	{
		name: 'ccache',
		thing: "ccache's remote storage",
		with: ['net'],
		smells: [
			{ set: ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'] },
			{ files: ccacheFiles, text: 'remote_storage' },
			{ files: ccacheFiles, text: 'secondary_storage' },
		],
		evidence: storage,
		happens:
			'network-sandbox wins: the storage cannot be reached, and ccache goes on with its local cache alone, without trying',
		state: 'bad',
		// The second one is what 4.4 to 4.6 called it.
		inside: { CCACHE_REMOTE_STORAGE: '', CCACHE_SECONDARY_STORAGE: '' },
		instead: 'CCACHE_REMOTE_STORAGE=""',
	},
	{
		name: 'socks',
		thing: "Portage's SOCKS5 proxy",
		with: ['net'],
		smells: [
			{ holds: "$EUID == 0 && ! ${FAKEROOTKEY-} && $features == *' '@(distcc|network-sandbox-proxy)' '*" },
			{ set: ['PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'] },
		],
		evidence: socks,
		happens:
			'the proxy wins: it listens on a UNIX socket, which no network sandbox covers, and through it any program of the build that speaks SOCKS5 reaches anything anywhere: this hole is open',
		state: 'odd',
		inside: {},
		instead: 'FEATURES="-network-sandbox-proxy -distcc"',
	},
	{
		name: 'fakeroot',
		thing: 'fakeroot',
		with: ['ipc'],
		smells: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('sysv'),
		happens:
			'fakeroot wins: it asks its daemon over System V message queues, and would hang apart from them; so src_install keeps the IPC of the host, and only that',
		state: 'bad',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'fakeroot-tcp',
		thing: 'fakeroot-tcp',
		with: ['net'],
		smells: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('tcp'),
		happens:
			'fakeroot wins: it asks its daemon over loopback, and would fail apart from it; so src_install keeps the network of the host, and only that',
		state: 'bad',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'tracking',
		thing: 'this system, on which no process can be kept track of,',
		with: ['cgroup'],
		smells: [
			{ holds: '-e /proc/self/status && ! -e /proc/self/ns/user' },
			// A filter, as Docker's; the rest is how kernels and distributions switch user namespaces off.
			{ files: ['/proc/self/status'], text: '\nSeccomp:\t2' },
			{ files: ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns'], text: '\n1\n' },
			{ files: ['/proc/sys/user/max_user_namespaces', '/proc/sys/kernel/unprivileged_userns_clone'], text: '\n0\n' },
		],
		evidence: tracking,
		happens:
			'neither wins: what a phase leaves behind is looked for among its descendants, and a daemon may escape that',
		inside: {},
		instead: 'FEATURES="-cgroup"',
	},
	{
		name: 'proxy',
		thing: "the proxy on this host's loopback",
		with: ['net'],
		smells: [{ set: proxyVariables }],
		evidence: proxies,
		happens: 'network-sandbox wins: the build cannot reach it, and what asks it is refused; fetching still uses it',
		state: 'odd',
		inside: {},
		instead: `ENV_UNSET="${proxyVariables.slice(0, 2).join(' ')}"`,
	},
	{
		name: 'agent',
		thing: 'an agent that holds your keys',
		with: ['net'],
		smells: [{ holds: '-S ${SSH_AUTH_SOCK-}' }, { holds: '-S ${GPG_AGENT_INFO%%:*}' }],
		evidence: agents,
		happens:
			'the agent wins: no network sandbox covers a UNIX socket with a path, and a build that may open it can use your keys',
		state: 'odd',
		inside: {},
		instead: 'ENV_UNSET="SSH_AUTH_SOCK GPG_AGENT_INFO"',
	},
	{
		name: 'display',
		thing: 'the X display',
		with: ['net'],
		smells: [{ holds: '${DISPLAY-} == ?(unix)?(/unix):+([0-9])* && ! -S /tmp/.X11-unix/X${display}' }],
		evidence: display,
		happens: 'network-sandbox wins: the build cannot reach it, and a test that opens a window fails',
		state: 'odd',
		inside: {},
		instead: 'ENV_UNSET="DISPLAY"',
	},
];
