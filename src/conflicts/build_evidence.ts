import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installation } from '../installation/locate.ts';
import {
	candidates,
	feature,
	isLoopback,
	isSocket,
	lines,
	value,
	type Around,
	type Evidence,
} from './build_context.ts';
import { words } from '../util/environment.ts';
import { fakerootFrom } from '../rules/phase_context.ts';
import type { Fakeroot } from '../rules/phases.ts';
import { callers } from './compilers.ts';
import { isLet, placesIn, type Place } from './endpoints.ts';

/** distcc in use, and a host to send to. */
export function distcc(around: Around): Evidence[] {
	const used = callers(around, 'distcc', 'distcc');
	if (used.length === 0 || speaksSocks(around)) return [];
	const hosts = distccHosts(around);
	const remote = words(hosts.list).filter((word) => isRemote(hostOf(word)));
	// With one host that PORTCULLIS_ALLOW names, it works.
	if (remote.length === 0 || remote.some((word) => isLet(around, distccPlace(word)))) return [];
	const pump = value(around, 'INCLUDE_SERVER_PORT') !== '' || /\S,cpp\b/.test(hosts.list);
	return [
		...used,
		{ what: `${hosts.where} names ${remote.map(hostOf).join(' ')}` },
		...(pump ? [{ what: 'it is in pump mode' }] : []),
	];
}

/**
 * Whether Portage, as root, gives this distcc a way out: its proxy, and Gentoo's patch (dev-util/distcc,
 * "socks5 proxy"), without which the variable means nothing.
 */
function speaksSocks(around: Around): boolean {
	const proxied =
		around.uid === 0 ? around.features.includes('network-sandbox') : isSocket(value(around, 'DISTCC_SOCKS_PROXY'));
	const [program] = candidates(around, 'distcc');
	return proxied && program !== undefined && readFileSync(program, 'latin1').includes('DISTCC_SOCKS_PROXY');
}

/** Where distcc looks for its hosts (distcc(1), "HOSTS SPECIFICATION"), and what is there. */
export function distccHosts(around: Around): { readonly where: string; readonly list: string } {
	const fromVariable = value(around, 'DISTCC_HOSTS');
	if (fromVariable.trim() !== '') return { where: 'DISTCC_HOSTS', list: fromVariable };
	const [program] = candidates(around, 'distcc');
	// Built for a prefix it has the configuration of that prefix.
	const system = program === undefined ? '' : dirname(dirname(realpathSync(program))).replace(/\/usr$/, '');
	const own = value(around, 'DISTCC_DIR') || join(value(around, 'HOME'), '.distcc');
	const files = [join(own, 'hosts'), `${system}/etc/distcc/hosts`];
	const file = files.find((one) => lines(one).length > 0) ?? '';
	return { where: file, list: lines(file).join(' ') };
}

/** `user@host:port/limit,lzo,cpp`, `[fd00::1]:3632`, `+zeroconf`, `--randomize`: the host alone. */
export function hostOf(word: string): string {
	const host = word.replace(/,.*/, '').replace(/^[^@]*@/, '');
	return /^\[/.test(host) ? host.replace(/\].*/, ']') : host.replace(/[:/].*/, '');
}

/** distccd's port (distcc(1), "HOSTS SPECIFICATION"). */
export const distccPort = 3632;

function distccPlace(word: string): Place {
	const port = /:([0-9]+)(?:[/,].*)?$/.exec(word)?.[1];
	return { host: hostOf(word).replace(/^\[|\]$/g, ''), port: Number(port ?? distccPort) };
}

function isRemote(host: string): boolean {
	return host !== '' && !host.startsWith('-') && !isLoopback(host);
}

/** icecc in use; its hosts are the scheduler's business, unless it is switched off, or PORTCULLIS_ALLOW names iceccd's port. */
export function icecream(around: Around): Evidence[] {
	if (/^(disable|no)$/.test(value(around, 'ICECC')) || around.allowed.some((entry) => entry.endsWith(':10245')))
		return [];
	return callers(around, 'icecream', 'icecc');
}

/** Each names a store that is no folder, or the order in which several are asked (sccache's docs/Configuration.md). */
export const storeVariables = [
	...['BUCKET', 'ENDPOINT', 'REDIS', 'REDIS_ENDPOINT', 'REDIS_CLUSTER_ENDPOINTS', 'MEMCACHED', 'MEMCACHED_ENDPOINT'],
	...['GCS_BUCKET', 'AZURE_CONNECTION_STRING', 'GHA_ENABLED', 'WEBDAV_ENDPOINT', 'OSS_BUCKET', 'COS_BUCKET'],
	'MULTILEVEL_CHAIN',
].map((name) => `SCCACHE_${name}`);

/** sccache in use, with a store or a scheduler that is not a folder here. */
export function sccache(around: Around): Evidence[] {
	const used = callers(around, 'sccache', 'sccache');
	if (used.length === 0) return [];
	const variables = storeVariables.filter((name) => value(around, name) !== '');
	const config = value(around, 'XDG_CONFIG_HOME') || join(value(around, 'HOME'), '.config');
	const file = value(around, 'SCCACHE_CONF') || join(config, 'sccache/config');
	const tables = lines(file).flatMap((line) => /^\[(cache\.(?!disk\b)\w+|dist)\]/.exec(line)?.[1] ?? []);
	const addresses = [...variables.map((name) => value(around, name)), ...lines(file)].join('\n');
	if (placesIn(addresses).some((place) => isLet(around, place))) return [];
	const remote = [
		...variables.map((name) => ({ what: `${name} is set` })),
		...tables.map((table) => ({ what: `${file} has [${table}]` })),
	];
	return remote.length > 0 ? [...used, ...remote] : [];
}

/** ccache in use, with a second storage that a network leads to. */
export function storage(around: Around): Evidence[] {
	const used = callers(around, 'ccache', 'ccache');
	if (used.length === 0) return [];
	const variable = ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'].find((name) => name in around.environment);
	// A variable counts before a file, an empty one too (ccache(1), "Configuration").
	if (variable !== undefined) return remoteStorage(around, variable, value(around, variable), used);
	const home = value(around, 'HOME');
	const config = value(around, 'XDG_CONFIG_HOME') || join(home, '.config');
	const files = [
		value(around, 'CCACHE_CONFIGPATH'),
		join(value(around, 'CCACHE_DIR') || join(home, '.ccache'), 'ccache.conf'),
		join(config, 'ccache/ccache.conf'),
		`${value(around, 'EPREFIX')}/etc/ccache.conf`,
		'/etc/ccache.conf',
	].filter(Boolean);
	for (const file of files) {
		const found = lines(file).flatMap((line) => /^(?:remote|secondary)_storage\s*=\s*(.*)/.exec(line)?.[1] ?? []);
		if (found.length > 0) return remoteStorage(around, file, found.join(' '), used);
	}
	return [];
}

/** file: is here, and redis+unix: is a UNIX socket with a path, which a network sandbox doesn't cover. */
function remoteStorage(around: Around, where: string, list: string, used: readonly Evidence[]): Evidence[] {
	const [first] = words(list).filter(
		(url) => /^(https?|rediss?):/.test(url) && !placesIn(url).some((place) => isLet(around, place)),
	);
	return first === undefined
		? []
		: [...used.slice(0, 1).map(({ what }) => ({ what })), { what: `${where} names ${first.replace(/\|.*/, '')}` }];
}

/** FEATURES=fakeroot, whose daemon is asked over this. */
export function fakeroot(over: Fakeroot): (around: Around) => Evidence[] {
	return (around) => (fakerootFrom(around.features, around.uid) === over ? feature(around, 'fakeroot') : []);
}

/** No cgroup and no PID namespace can be had: asked of confine. */
export function tracking(around: Around): Evidence[] {
	if (!around.features.includes('cgroup')) return [];
	const { stdout, error } = spawnSync(installation().confine, ['--probe'], { encoding: 'utf8' });
	if (error !== undefined) return [];
	const answers = new Map(
		stdout.split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')] as const),
	);
	const no = ['cgroup', 'pid'].map((what) => answers.get(what) ?? '').filter((answer) => answer.startsWith('no'));
	return no.length < 2 ? [] : [...new Set(no)].map((answer) => ({ what: answer.replace(/^no: /, '') }));
}
