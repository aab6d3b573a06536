import type { Around, Evidence } from './evidence/around.ts';
import { distcc, fakeroot, icecream, sccache, storage, tracking } from './evidence/build.ts';
import { agents, display, proxies, proxyVariables, socks } from './evidence/session.ts';
import type { Confinement } from './phases.ts';

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
	/**
	 * package: this build was told to use it: said for each package, and PORTCULLIS_COLLISION=die stops for it.
	 * run: it is the same for all of them and no build needs it: said once an emerge, and stops nothing.
	 */
	readonly said: 'package' | 'run';
	/** No evidence without one of these: what the hook asks before it starts anything, where FEATURES has a sandbox of `with`. */
	readonly smells: readonly Smell[];
	/** How it is recognized: what speaks for it, in words. None: there is no collision. */
	readonly evidence: (around: Around) => readonly Evidence[];
	/** Who wins, and what becomes of the build. */
	readonly happens: string;
	/**
	 * What a phase that is cut off gets, so that its build goes on at once. Only what Portage itself keeps out of the saved
	 * environment (DISTCC_*, CCACHE_*: bin/save-ebuild-env.sh): PATH and CC would be saved, and configure writes them
	 * into files.
	 */
	readonly inside: Readonly<Record<string, string>>;
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
		said: 'package',
		smells: [{ word: 'distcc' }, { compiler: true }, { set: ['INCLUDE_SERVER_PORT'] }],
		evidence: distcc,
		happens:
			'network-sandbox wins: no host can be reached from the build, and distcc compiles every file here, without trying (DISTCC_HOSTS=localhost)',
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
		said: 'package',
		smells: [{ word: 'icecream' }, { compiler: true }],
		evidence: icecream,
		happens:
			'network-sandbox wins: the host that the scheduler names cannot be reached, and icecc compiles every file here after it has tried',
		inside: {},
		instead: 'ICECC="disable"',
	},
	{
		name: 'sccache',
		thing: "sccache's store or scheduler on another host",
		with: ['net'],
		said: 'package',
		smells: [{ compiler: true }],
		evidence: sccache,
		happens:
			'network-sandbox wins: the server that sccache starts in the sandbox does without the scheduler, but not without its store: where there is one, this build will fail',
		// No variable of sccache's is kept out of the saved environment, and an empty one is as bad as a wrong one.
		inside: {},
		instead: 'CC="gcc" CXX="g++"',
	},
	{
		name: 'ccache',
		thing: "ccache's remote storage",
		with: ['net'],
		said: 'package',
		smells: [
			{ set: ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'] },
			{ files: ccacheFiles, text: 'remote_storage' },
			{ files: ccacheFiles, text: 'secondary_storage' },
		],
		evidence: storage,
		happens:
			'network-sandbox wins: the storage cannot be reached, and ccache goes on with its local cache alone, without trying',
		// The second one is what 4.4 to 4.6 called it.
		inside: { CCACHE_REMOTE_STORAGE: '', CCACHE_SECONDARY_STORAGE: '' },
		instead: 'CCACHE_REMOTE_STORAGE=""',
	},
	{
		name: 'socks',
		thing: "Portage's SOCKS5 proxy",
		with: ['net'],
		said: 'package',
		smells: [
			{ holds: "$EUID == 0 && ! ${FAKEROOTKEY-} && $features == *' '@(distcc|network-sandbox-proxy)' '*" },
			{ set: ['PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'] },
		],
		evidence: socks,
		happens:
			'the proxy wins: it listens on a UNIX socket, which no network sandbox covers, and through it any program of the build that speaks SOCKS5 reaches anything anywhere: this hole is open',
		inside: {},
		instead: 'FEATURES="-network-sandbox-proxy -distcc"',
	},
	{
		name: 'fakeroot',
		thing: 'fakeroot',
		with: ['ipc'],
		said: 'package',
		smells: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('sysv'),
		happens:
			'fakeroot wins: it asks its daemon over System V message queues, and would hang apart from them; so src_install keeps the IPC of the host, and only that',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'fakeroot-tcp',
		thing: 'fakeroot-tcp',
		with: ['net'],
		said: 'package',
		smells: [{ holds: "$EUID != 0 && $features == *' fakeroot '*" }],
		evidence: fakeroot('tcp'),
		happens:
			'fakeroot wins: it asks its daemon over loopback, and would fail apart from it; so src_install keeps the network of the host, and only that',
		inside: {},
		instead: 'FEATURES="-fakeroot"',
	},
	{
		name: 'tracking',
		thing: 'this system, on which no process can be kept track of,',
		with: ['cgroup'],
		said: 'run',
		smells: [
			{ holds: '-e /proc/self/status && ! -e /proc/self/ns/user' },
			// A filter, as Docker's; the rest is how kernels and distributions switch user namespaces off.
			{ files: ['/proc/self/status'], text: '\nSeccomp:\t2' },
			{ files: ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns'], text: '\n1\n' },
			{ files: ['/proc/sys/user/max_user_namespaces', '/proc/sys/kernel/unprivileged_userns_clone'], text: '\n0\n' },
		],
		evidence: tracking,
		happens:
			'neither wins: what a phase leaves behind is looked for among its descendants only, and a daemon may escape that',
		inside: {},
		instead: 'FEATURES="-cgroup"',
	},
	{
		name: 'proxy',
		thing: "the proxy on this host's loopback",
		with: ['net'],
		said: 'run',
		smells: [{ set: proxyVariables }],
		evidence: proxies,
		happens:
			'network-sandbox wins: loopback in the sandbox is another one, and what asks the proxy is refused; fetching, outside, still uses it',
		inside: {},
		instead: `ENV_UNSET="${proxyVariables.slice(0, 2).join(' ')}"`,
	},
	{
		name: 'agent',
		thing: 'an agent that holds your keys',
		with: ['net'],
		said: 'run',
		smells: [{ holds: '-S ${SSH_AUTH_SOCK-}' }, { holds: '-S ${GPG_AGENT_INFO%%:*}' }],
		evidence: agents,
		happens:
			'the agent wins: it listens on a UNIX socket with a path, which no network sandbox covers, and a build that can open it can have things signed with your keys',
		inside: {},
		instead: 'ENV_UNSET="SSH_AUTH_SOCK GPG_AGENT_INFO"',
	},
	{
		name: 'display',
		thing: 'the X display',
		with: ['net'],
		said: 'run',
		smells: [{ holds: '${DISPLAY-} == ?(unix)?(/unix):+([0-9])* && ! -S /tmp/.X11-unix/X${display}' }],
		evidence: display,
		happens:
			'network-sandbox wins: abstract sockets belong to the network namespace, and a test that opens a window fails',
		inside: {},
		instead: 'ENV_UNSET="DISPLAY"',
	},
];
