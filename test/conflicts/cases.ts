import { join } from 'node:path';
import { lay } from './files.ts';

export interface Case {
	/** The row that is found, and what its evidence says; none: it looks alike, and nothing is found. */
	readonly row?: string;
	readonly evidence?: string;
	/** What looks alike may smell, where only the program can tell. */
	readonly prefilters?: boolean;
	readonly features?: string;
	readonly restrict?: string;
	/** 0 or an ordinary user */
	readonly uid?: number;
	readonly environment: Readonly<Record<string, string>>;
}

const plain = '/usr/local/bin:/usr/bin:/bin';
const far = { DISTCC_HOSTS: '10.1.1.1' };

/** Every row of the table, with evidence as it is on a real system below `root`, and what looks alike. */
export function everyCase(root: string): Readonly<Record<string, Case>> {
	const path = (...parts: string[]) => join(root, ...parts);
	lay(path);
	return {
		'distcc in FEATURES': {
			row: 'distcc',
			evidence: 'FEATURES names distcc; DISTCC_HOSTS names 10.1.1.1',
			features: 'distcc',
			environment: far,
		},
		'distcc in CC': { row: 'distcc', evidence: 'CC="distcc gcc -m32"', environment: { ...far, CC: 'distcc gcc -m32' } },
		'distcc in CXX, by its path': {
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
		'a link to distcc by another name': {
			row: 'distcc',
			evidence: `CC="mylink" (${path('bin/mylink')} is distcc)`,
			environment: { ...far, CC: 'mylink', PATH: `${path('bin')}:${plain}` },
		},
		"distcc's own masquerade folder": {
			row: 'distcc',
			evidence: 'PATH finds distcc as gcc in /usr/lib/distcc',
			environment: { ...far, PATH: `/usr/lib/distcc:${plain}` },
		},
		'a masquerade folder by any name, with gcc alone': {
			row: 'distcc',
			evidence: `PATH finds distcc as gcc in ${path('any name')}`,
			environment: { ...far, PATH: `${path('any name')}:${plain}` },
		},
		'a masquerade folder for CHOST': {
			row: 'distcc',
			evidence: `PATH finds distcc as x86_64-pc-linux-gnu-gcc in ${path('chost')}`,
			environment: { ...far, CHOST: 'x86_64-pc-linux-gnu', PATH: `${path('chost')}:${plain}` },
		},
		'a script called gcc': {
			row: 'distcc',
			evidence: `PATH finds distcc as gcc in ${path('scripts')}`,
			environment: { ...far, PATH: `${path('scripts')}:${plain}` },
		},
		'a masquerade folder behind that of ccache': {
			row: 'distcc',
			evidence: 'PATH finds distcc as gcc in /usr/lib/distcc',
			environment: { ...far, PATH: `/usr/lib/ccache:/usr/lib/distcc:${plain}` },
		},
		CCACHE_PREFIX: {
			row: 'distcc',
			evidence: 'CCACHE_PREFIX="distcc"',
			environment: { ...far, CC: 'ccache gcc', CCACHE_PREFIX: 'distcc' },
		},
		'hosts in the home folder': {
			row: 'distcc',
			evidence: `${path('home/.distcc/hosts')} names build.example.org`,
			features: 'distcc',
			environment: { HOME: path('home') },
		},
		'hosts in DISTCC_DIR': {
			row: 'distcc',
			evidence: `${path('dir/hosts')} names [fd00::7] far`,
			features: 'distcc',
			environment: { DISTCC_DIR: path('dir') },
		},
		"hosts of distcc's own prefix": {
			row: 'distcc',
			evidence: `${path('etc/distcc/hosts')} names 10.9.9.9`,
			features: 'distcc',
			environment: { PATH: `${path('usr/bin')}:${plain}` },
		},
		'pump mode, by a host': {
			row: 'distcc',
			evidence: 'it is in pump mode',
			features: 'distcc',
			environment: { DISTCC_HOSTS: '10.1.1.1:3633/4,lzo,cpp' },
		},
		'pump mode, by its server': {
			row: 'distcc',
			evidence: 'it is in pump mode',
			features: 'distcc',
			environment: { ...far, INCLUDE_SERVER_PORT: '/tmp/distcc-pump.x/socket' },
		},
		'hosts that announce themselves': {
			row: 'distcc',
			evidence: 'DISTCC_HOSTS names +zeroconf',
			features: 'distcc',
			environment: { DISTCC_HOSTS: 'localhost/2 +zeroconf' },
		},
		'hosts over ssh': {
			row: 'distcc',
			evidence: 'DISTCC_HOSTS names far near',
			features: 'distcc',
			environment: { DISTCC_HOSTS: '--randomize me@far @near' },
		},
		'distcc with this host only': {
			features: 'distcc',
			prefilters: true,
			environment: { DISTCC_HOSTS: '--localslots=4 localhost/4 127.0.0.1 ::1' },
		},
		'words of FEATURES that contain distcc': { features: 'xdistcc distccx', environment: far },
		'hosts, and nothing that calls distcc': { environment: far },
		'an option that contains distcc': { environment: { ...far, CC: 'gcc -DWRAPPER=distcc' } },
		'a wrapper that mentions distcc': { prefilters: true, environment: { ...far, CC: path('bin/plain') } },
		'a folder called distcc with a real gcc': { environment: { ...far, PATH: `${path('distcc')}:${plain}` } },
		'a masquerade folder that comes too late': {
			prefilters: true,
			environment: { ...far, PATH: `${plain}:/usr/lib/distcc` },
		},
		'distcc without a network sandbox': { features: 'distcc -network-sandbox', environment: far },
		'distcc in a package that is let out': {
			features: 'distcc',
			restrict: 'network-sandbox',
			prefilters: true,
			environment: far,
		},

		'icecream in FEATURES': {
			row: 'icecream',
			evidence: 'FEATURES names icecream',
			features: 'icecream',
			environment: {},
		},
		'icecc in CC': { row: 'icecream', evidence: 'CC="icecc gcc"', environment: { CC: 'icecc gcc' } },
		"icecc's masquerade folder": {
			row: 'icecream',
			evidence: 'PATH finds icecc as gcc in /usr/lib/icecc/bin',
			environment: { PATH: `/usr/lib/icecc/bin:${plain}` },
		},
		'icecc, switched off': { prefilters: true, environment: { CC: 'icecc gcc', ICECC: 'disable' } },

		'sccache with a store': {
			row: 'sccache',
			evidence: 'CC="sccache gcc"; SCCACHE_REDIS is set',
			environment: { CC: 'sccache gcc', SCCACHE_REDIS: 'redis://10.1.1.1' },
		},
		'sccache with several stores': {
			row: 'sccache',
			evidence: 'CC="sccache gcc"; SCCACHE_MULTILEVEL_CHAIN is set',
			environment: { CC: 'sccache gcc', SCCACHE_MULTILEVEL_CHAIN: 'disk,s3' },
		},
		'sccache with a store in its file': {
			row: 'sccache',
			evidence: `RUSTC_WRAPPER="/usr/bin/sccache"; ${path('home/.config/sccache/config')} has [cache.s3]`,
			environment: { RUSTC_WRAPPER: '/usr/bin/sccache', HOME: path('home') },
		},
		'sccache with a scheduler': {
			row: 'sccache',
			evidence: `${path('scheduler')} has [dist]`,
			environment: { CC: 'sccache gcc', SCCACHE_CONF: path('scheduler') },
		},
		'sccache with a folder': {
			prefilters: true,
			environment: { CC: 'sccache gcc', SCCACHE_DIR: '/var/tmp/sccache', SCCACHE_CONF: path('disk') },
		},
		'a store, and nothing that calls sccache': { environment: { SCCACHE_REDIS: 'redis://10.1.1.1' } },

		'ccache with a storage': {
			row: 'ccache',
			evidence: 'FEATURES names ccache; CCACHE_REMOTE_STORAGE names http://10.1.1.1/cache',
			features: 'ccache',
			environment: { CCACHE_REMOTE_STORAGE: 'http://10.1.1.1/cache|layout=flat' },
		},
		'ccache with a storage by its old name': {
			row: 'ccache',
			evidence: 'CC="ccache gcc"; CCACHE_SECONDARY_STORAGE names redis://cache:6379',
			environment: { CC: 'ccache gcc', CCACHE_SECONDARY_STORAGE: 'file:/var/cache/b redis://cache:6379' },
		},
		'ccache with a storage in its file': {
			row: 'ccache',
			evidence: `${path('ccache/ccache.conf')} names http://cache.example.org`,
			features: 'ccache',
			environment: { CCACHE_DIR: path('ccache') },
		},
		'ccache with a second folder': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_REMOTE_STORAGE: 'file:/mnt/cache' },
		},
		'ccache with a UNIX socket': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_REMOTE_STORAGE: 'redis+unix:/run/redis.sock' },
		},
		'a storage that a variable takes back': {
			features: 'ccache',
			prefilters: true,
			environment: { CCACHE_DIR: path('ccache'), CCACHE_REMOTE_STORAGE: '' },
		},

		"root, Portage's proxy": {
			row: 'socks',
			evidence: 'FEATURES names network-sandbox-proxy',
			features: 'network-sandbox-proxy',
			uid: 0,
			environment: {},
		},
		"root, Portage's proxy for a distcc that can use it": {
			row: 'socks',
			evidence: 'FEATURES names distcc',
			features: 'distcc',
			uid: 0,
			environment: { ...far, PATH: `${path('patched')}:${plain}` },
		},
		'a proxy that somebody names': {
			row: 'socks',
			evidence: `DISTCC_SOCKS_PROXY names the socket ${path('socket')}`,
			environment: { DISTCC_SOCKS_PROXY: path('socket') },
		},
		"an ordinary user, for whom Portage's proxy is not started": { features: 'network-sandbox-proxy', environment: {} },
		'a proxy that is gone': { prefilters: true, environment: { PORTAGE_SOCKS5_PROXY: path('gone') } },

		fakeroot: {
			row: 'fakeroot',
			evidence: 'FEATURES names fakeroot',
			features: 'fakeroot ipc-sandbox',
			environment: {},
		},
		'root, for whom fakeroot is not started': { features: 'fakeroot ipc-sandbox', uid: 0, environment: {} },
		'words of FEATURES that contain fakeroot': { features: 'fakeroots ipc-sandbox', environment: {} },

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
		'a proxy elsewhere': {
			prefilters: true,
			environment: { http_proxy: 'http://127.0.0.1.example.org:3128', https_proxy: 'http://localhost@proxy:1' },
		},

		'an ssh agent': {
			row: 'agent',
			evidence: `SSH_AUTH_SOCK names the socket ${path('socket')}`,
			environment: { SSH_AUTH_SOCK: path('socket') },
		},
		'a gpg agent': {
			row: 'agent',
			evidence: `GPG_AGENT_INFO names the socket ${path('socket')}`,
			environment: { GPG_AGENT_INFO: `${path('socket')}:4711:1` },
		},
		'an agent that is gone': {
			environment: { SSH_AUTH_SOCK: path('gone'), GPG_AGENT_INFO: `${path('scheduler')}:1:1` },
		},

		'a display that nobody serves': { prefilters: true, environment: { DISPLAY: ':4242.0' } },
		'a display on another host': { environment: { DISPLAY: 'far.example.org:0' } },
		'nothing at all': {
			features: 'ccache ipc-sandbox pid-sandbox userpriv',
			environment: { CC: 'x86_64-pc-linux-gnu-gcc-13', CXX: 'clang++', CPP: 'gcc -E' },
		},
		'ccache, which is no collision': {
			features: 'ccache',
			environment: { PATH: `/usr/lib/ccache:${plain}`, CC: 'ccache gcc' },
		},
	};
}
