// SPDX-License-Identifier: GPL-2.0-or-later
import { join } from 'node:path';
import { createFiles } from './files.ts';

export interface Case {
	/** The name of the expected conflict, or undefined if the configuration has no conflict. */
	readonly row?: string;
	/** Text that the first message about the conflict must contain. */
	readonly evidence?: string;
	/** True if the prefilter of the hook starts Node although the configuration has no conflict. */
	readonly prefilters?: boolean;
	readonly features?: string;
	readonly restrict?: string;
	/** The user ID that runs the phase: 0 or an ordinary user. */
	readonly uid?: number;
	readonly environment: Readonly<Record<string, string>>;
}

const plain = '/usr/local/bin:/usr/bin:/bin';
const far = { DISTCC_HOSTS: '10.1.1.1' };

/** Configurations with each conflict, and similar ones without a conflict. Creates the files that they need below `root`. */
export function everyCase(root: string): Readonly<Record<string, Case>> {
	const path = (...parts: string[]) => join(root, ...parts);
	createFiles(path);
	return {
		'distcc in FEATURES': {
			row: 'distcc',
			evidence: 'FEATURES contains distcc; DISTCC_HOSTS contains 10.1.1.1',
			features: 'distcc',
			environment: far,
		},
		'distcc in CC as root, without a proxy of Portage, but with a distcc that could use one': {
			row: 'distcc',
			evidence: 'CC="distcc gcc"',
			uid: 0,
			environment: { ...far, CC: 'distcc gcc', PATH: `${path('patched')}:${plain}` },
		},
		'distcc in CC': { row: 'distcc', evidence: 'CC="distcc gcc -m32"', environment: { ...far, CC: 'distcc gcc -m32' } },
		'distcc in CXX, with its path': {
			row: 'distcc',
			evidence: 'CXX="/usr/bin/distcc g++"',
			environment: { ...far, CXX: '/usr/bin/distcc g++' },
		},
		'distcc in CPP': { row: 'distcc', evidence: 'CPP="distcc cpp"', environment: { ...far, CPP: 'distcc cpp' } },
		'distcc in FC': { row: 'distcc', evidence: 'FC="distcc gfortran"', environment: { ...far, FC: 'distcc gfortran' } },
		'distcc behind ccache': {
			row: 'distcc',
			evidence: 'CC="ccache distcc gcc"',
			environment: { ...far, CC: 'ccache distcc gcc' },
		},
		'a wrapper that calls distcc': {
			row: 'distcc',
			evidence: `CC="${path('bin/mycc')} -O2" (${path('bin/mycc')} calls distcc)`,
			environment: { ...far, CC: `${path('bin/mycc')} -O2` },
		},
		'a link with another name to distcc': {
			row: 'distcc',
			evidence: `CC="mylink" (${path('bin/mylink')} is distcc)`,
			environment: { ...far, CC: 'mylink', PATH: `${path('bin')}:${plain}` },
		},
		"distcc's own masquerade directory": {
			row: 'distcc',
			evidence: 'PATH contains distcc as gcc in /usr/lib/distcc',
			environment: { ...far, PATH: `/usr/lib/distcc:${plain}` },
		},
		'a masquerade directory with gcc only': {
			row: 'distcc',
			evidence: `PATH contains distcc as gcc in ${path('any name')}`,
			environment: { ...far, PATH: `${path('any name')}:${plain}` },
		},
		'a masquerade directory for CHOST': {
			row: 'distcc',
			evidence: `PATH contains distcc as x86_64-pc-linux-gnu-gcc in ${path('chost')}`,
			environment: { ...far, CHOST: 'x86_64-pc-linux-gnu', PATH: `${path('chost')}:${plain}` },
		},
		'a script called gcc': {
			row: 'distcc',
			evidence: `PATH contains distcc as gcc in ${path('scripts')}`,
			environment: { ...far, PATH: `${path('scripts')}:${plain}` },
		},
		'a masquerade directory after that of ccache': {
			row: 'distcc',
			evidence: 'PATH contains distcc as gcc in /usr/lib/distcc',
			environment: { ...far, PATH: `/usr/lib/ccache:/usr/lib/distcc:${plain}` },
		},
		CCACHE_PREFIX: {
			row: 'distcc',
			evidence: 'CCACHE_PREFIX="distcc"',
			environment: { ...far, CC: 'ccache gcc', CCACHE_PREFIX: 'distcc' },
		},
		'hosts in the home directory': {
			row: 'distcc',
			evidence: `${path('home/.distcc/hosts')} contains build.example.org`,
			features: 'distcc',
			environment: { HOME: path('home') },
		},
		'hosts in DISTCC_DIR': {
			row: 'distcc',
			evidence: `${path('dir/hosts')} contains [fd00::7] far`,
			features: 'distcc',
			environment: { DISTCC_DIR: path('dir') },
		},
		"hosts in distcc's prefix": {
			row: 'distcc',
			evidence: `${path('etc/distcc/hosts')} contains 10.9.9.9`,
			features: 'distcc',
			environment: { PATH: `${path('usr/bin')}:${plain}` },
		},
		'pump mode in the host list': {
			row: 'distcc',
			evidence: 'pump mode is active',
			features: 'distcc',
			environment: { DISTCC_HOSTS: '10.1.1.1:3633/4,lzo,cpp' },
		},
		'pump mode with its include server': {
			row: 'distcc',
			evidence: 'pump mode is active',
			features: 'distcc',
			environment: { ...far, INCLUDE_SERVER_PORT: '/tmp/distcc-pump.x/socket' },
		},
		'hosts from zeroconf': {
			row: 'distcc',
			evidence: 'DISTCC_HOSTS contains +zeroconf',
			features: 'distcc',
			environment: { DISTCC_HOSTS: 'localhost/2 +zeroconf' },
		},
		'hosts over ssh': {
			row: 'distcc',
			evidence: 'DISTCC_HOSTS contains far near',
			features: 'distcc',
			environment: { DISTCC_HOSTS: '--randomize me@far @near' },
		},
		'distcc with this host only': {
			features: 'distcc',
			prefilters: true,
			environment: { DISTCC_HOSTS: '--localslots=4 localhost/4 127.0.0.1 ::1' },
		},
		'words of FEATURES with distcc as a part': { features: 'xdistcc distccx', environment: far },
		'hosts without a caller of distcc': { environment: far },
		'a compiler option with distcc as a part': { environment: { ...far, CC: 'gcc -DWRAPPER=distcc' } },
		'a wrapper with distcc in a comment': { prefilters: true, environment: { ...far, CC: path('bin/plain') } },
		'a directory named distcc with a real gcc': { environment: { ...far, PATH: `${path('distcc')}:${plain}` } },
		'a masquerade directory after the real gcc': {
			prefilters: true,
			environment: { ...far, PATH: `${plain}:/usr/lib/distcc` },
		},
		'distcc without a network sandbox': { features: 'distcc -network-sandbox', environment: far },
		'distcc with RESTRICT=network-sandbox': {
			features: 'distcc',
			restrict: 'network-sandbox',
			prefilters: true,
			environment: far,
		},

		'icecream in FEATURES': {
			row: 'icecream',
			evidence: 'FEATURES contains icecream',
			features: 'icecream',
			environment: {},
		},
		'icecc in CC': { row: 'icecream', evidence: 'CC="icecc gcc"', environment: { CC: 'icecc gcc' } },
		"icecc's masquerade directory": {
			row: 'icecream',
			evidence: 'PATH contains icecc as gcc in /usr/lib/icecc/bin',
			environment: { PATH: `/usr/lib/icecc/bin:${plain}` },
		},
		'icecc, disabled': { prefilters: true, environment: { CC: 'icecc gcc', ICECC: 'disable' } },

		'sccache with a remote storage': {
			row: 'sccache',
			evidence: 'CC="sccache gcc"; SCCACHE_REDIS is set',
			environment: { CC: 'sccache gcc', SCCACHE_REDIS: 'redis://10.1.1.1' },
		},
		'sccache with several storages': {
			row: 'sccache',
			evidence: 'CC="sccache gcc"; SCCACHE_MULTILEVEL_CHAIN is set',
			environment: { CC: 'sccache gcc', SCCACHE_MULTILEVEL_CHAIN: 'disk,s3' },
		},
		'sccache with a storage in its file': {
			row: 'sccache',
			evidence: `RUSTC_WRAPPER="/usr/bin/sccache"; ${path('home/.config/sccache/config')} contains [cache.s3]`,
			environment: { RUSTC_WRAPPER: '/usr/bin/sccache', HOME: path('home') },
		},
		'sccache with a scheduler': {
			row: 'sccache',
			evidence: `${path('scheduler')} contains [dist]`,
			environment: { CC: 'sccache gcc', SCCACHE_CONF: path('scheduler') },
		},
		'sccache with a local directory': {
			prefilters: true,
			environment: { CC: 'sccache gcc', SCCACHE_DIR: '/var/tmp/sccache', SCCACHE_CONF: path('disk') },
		},
		'a storage without a caller of sccache': { environment: { SCCACHE_REDIS: 'redis://10.1.1.1' } },

		'ccache with a remote storage': {
			row: 'ccache',
			evidence: 'FEATURES contains ccache; CCACHE_REMOTE_STORAGE contains http://10.1.1.1/cache',
			features: 'ccache',
			environment: { CCACHE_REMOTE_STORAGE: 'http://10.1.1.1/cache|layout=flat' },
		},
		'ccache with a storage in the old variable': {
			row: 'ccache',
			evidence: 'CC="ccache gcc"; CCACHE_SECONDARY_STORAGE contains redis://cache:6379',
			environment: { CC: 'ccache gcc', CCACHE_SECONDARY_STORAGE: 'file:/var/cache/b redis://cache:6379' },
		},
		'ccache with a storage in its file': {
			row: 'ccache',
			evidence: `${path('ccache/ccache.conf')} contains http://cache.example.org`,
			features: 'ccache',
			environment: { CCACHE_DIR: path('ccache') },
		},
		'ccache with a second directory': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_REMOTE_STORAGE: 'file:/mnt/cache' },
		},
		'ccache with a UNIX socket': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_REMOTE_STORAGE: 'redis+unix:/run/redis.sock' },
		},
		'a storage that an empty variable overrides': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_DIR: path('ccache'), CCACHE_REMOTE_STORAGE: '' },
		},

		"Portage's proxy as root": {
			row: 'socks',
			evidence: 'FEATURES contains network-sandbox-proxy',
			features: 'network-sandbox-proxy',
			uid: 0,
			environment: {},
		},
		"Portage's proxy as root, with a distcc that can use it": {
			row: 'socks',
			evidence: 'FEATURES contains distcc',
			features: 'distcc',
			uid: 0,
			environment: { ...far, PATH: `${path('patched')}:${plain}` },
		},
		'a SOCKS5 proxy in a variable': {
			row: 'socks',
			evidence: `DISTCC_SOCKS_PROXY is the socket ${path('socket')}`,
			environment: { DISTCC_SOCKS_PROXY: path('socket') },
		},
		'network-sandbox-proxy as an ordinary user, for whom Portage starts no proxy': {
			features: 'network-sandbox-proxy',
			environment: {},
		},
		'a SOCKS5 proxy without a socket': { prefilters: true, environment: { PORTAGE_SOCKS5_PROXY: path('gone') } },

		fakeroot: {
			row: 'fakeroot',
			evidence: 'FEATURES contains fakeroot',
			features: 'fakeroot ipc-sandbox',
			environment: {},
		},
		'fakeroot as root, for whom Portage does not start it': {
			features: 'fakeroot ipc-sandbox',
			uid: 0,
			environment: {},
		},
		'words of FEATURES with fakeroot as a part': { features: 'fakeroots ipc-sandbox', environment: {} },

		'a proxy on loopback': {
			row: 'proxy',
			evidence: 'http_proxy is http://127.0.0.1:3128',
			environment: { http_proxy: 'http://me:secret@127.0.0.1:3128' },
		},
		'a proxy on localhost': {
			row: 'proxy',
			evidence: 'https_proxy is localhost:8118',
			environment: { https_proxy: 'localhost:8118' },
		},
		'a proxy on ::1': {
			row: 'proxy',
			evidence: 'HTTPS_PROXY is http://[::1]:8118/',
			environment: { HTTPS_PROXY: 'http://[::1]:8118/' },
		},
		'a proxy on another host': {
			prefilters: true,
			environment: { http_proxy: 'http://127.0.0.1.example.org:3128', https_proxy: 'http://localhost@proxy:1' },
		},

		'an ssh agent': {
			row: 'agent',
			evidence: `SSH_AUTH_SOCK is the socket ${path('socket')}`,
			environment: { SSH_AUTH_SOCK: path('socket') },
		},
		'a gpg agent': {
			row: 'agent',
			evidence: `GPG_AGENT_INFO is the socket ${path('socket')}`,
			environment: { GPG_AGENT_INFO: `${path('socket')}:4711:1` },
		},
		'an ssh agent whose socket is refused': {
			environment: { SSH_AUTH_SOCK: path('socket'), PORTCULLIS_SOCKETS: 'own' },
		},
		'an agent without a socket': {
			environment: { SSH_AUTH_SOCK: path('gone'), GPG_AGENT_INFO: `${path('scheduler')}:1:1` },
		},

		'a display without a server': { prefilters: true, environment: { DISPLAY: ':4242.0' } },
		'a display on another host': { environment: { DISPLAY: 'far.example.org:0' } },
		'an ordinary configuration': {
			features: 'ccache ipc-sandbox pid-sandbox userpriv',
			environment: { CC: 'x86_64-pc-linux-gnu-gcc-13', CXX: 'clang++', CPP: 'gcc -E' },
		},
		'ccache with a local cache': {
			features: 'ccache',
			environment: { PATH: `/usr/lib/ccache:${plain}`, CC: 'ccache gcc' },
		},
	};
}
