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
	type BuildContext,
	type Evidence,
} from './build_context.ts';
import { words } from '../util/environment.ts';
import { fakerootFrom } from '../rules/phase_context.ts';
import type { Fakeroot } from '../rules/phases.ts';
import { callers } from './compilers.ts';
import { isLet, endpointsIn, type Endpoint } from './endpoints.ts';

/** distcc in use, and a host to send to. */
export function distcc(context: BuildContext): Evidence[] {
	const used = callers(context, 'distcc', 'distcc');
	if (used.length === 0 || speaksSocks(context)) return [];
	const hosts = distccHosts(context);
	const remote = words(hosts.list).filter((word) => isRemote(hostOf(word)));
	// With one host that PORTCULLIS_ALLOW names, it works.
	if (remote.length === 0 || remote.some((word) => isLet(context, distccPlace(word)))) return [];
	const pump = value(context, 'INCLUDE_SERVER_PORT') !== '' || /\S,cpp\b/.test(hosts.list);
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
function speaksSocks(context: BuildContext): boolean {
	const proxied =
		context.uid === 0 ? context.features.includes('network-sandbox') : isSocket(value(context, 'DISTCC_SOCKS_PROXY'));
	const [program] = candidates(context, 'distcc');
	return proxied && program !== undefined && readFileSync(program, 'latin1').includes('DISTCC_SOCKS_PROXY');
}

/** Where distcc looks for its hosts (distcc(1), "HOSTS SPECIFICATION"), and what is there. */
export function distccHosts(context: BuildContext): { readonly where: string; readonly list: string } {
	const fromVariable = value(context, 'DISTCC_HOSTS');
	if (fromVariable.trim() !== '') return { where: 'DISTCC_HOSTS', list: fromVariable };
	const [program] = candidates(context, 'distcc');
	// Built for a prefix it has the configuration of that prefix.
	const system = program === undefined ? '' : dirname(dirname(realpathSync(program))).replace(/\/usr$/, '');
	const own = value(context, 'DISTCC_DIR') || join(value(context, 'HOME'), '.distcc');
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

function distccPlace(word: string): Endpoint {
	const port = /:([0-9]+)(?:[/,].*)?$/.exec(word)?.[1];
	return { host: hostOf(word).replace(/^\[|\]$/g, ''), port: Number(port ?? distccPort) };
}

function isRemote(host: string): boolean {
	return host !== '' && !host.startsWith('-') && !isLoopback(host);
}

/** icecc in use; its hosts are the scheduler's business, unless it is switched off, or PORTCULLIS_ALLOW names iceccd's port. */
export function icecream(context: BuildContext): Evidence[] {
	if (/^(disable|no)$/.test(value(context, 'ICECC')) || context.allowed.some((entry) => entry.endsWith(':10245')))
		return [];
	return callers(context, 'icecream', 'icecc');
}

/** Each names a store that is no folder, or the order in which several are asked (sccache's docs/Configuration.md). */
export const storeVariables = [
	...['BUCKET', 'ENDPOINT', 'REDIS', 'REDIS_ENDPOINT', 'REDIS_CLUSTER_ENDPOINTS', 'MEMCACHED', 'MEMCACHED_ENDPOINT'],
	...['GCS_BUCKET', 'AZURE_CONNECTION_STRING', 'GHA_ENABLED', 'WEBDAV_ENDPOINT', 'OSS_BUCKET', 'COS_BUCKET'],
	'MULTILEVEL_CHAIN',
].map((name) => `SCCACHE_${name}`);

/** sccache in use, with a store or a scheduler that is not a folder here. */
export function sccache(context: BuildContext): Evidence[] {
	const used = callers(context, 'sccache', 'sccache');
	if (used.length === 0) return [];
	const variables = storeVariables.filter((name) => value(context, name) !== '');
	const config = value(context, 'XDG_CONFIG_HOME') || join(value(context, 'HOME'), '.config');
	const file = value(context, 'SCCACHE_CONF') || join(config, 'sccache/config');
	const tables = lines(file).flatMap((line) => /^\[(cache\.(?!disk\b)\w+|dist)\]/.exec(line)?.[1] ?? []);
	const addresses = [...variables.map((name) => value(context, name)), ...lines(file)].join('\n');
	if (endpointsIn(addresses).some((place) => isLet(context, place))) return [];
	const remote = [
		...variables.map((name) => ({ what: `${name} is set` })),
		...tables.map((table) => ({ what: `${file} has [${table}]` })),
	];
	return remote.length > 0 ? [...used, ...remote] : [];
}

/** ccache in use, with a second storage that a network leads to. */
export function storage(context: BuildContext): Evidence[] {
	const used = callers(context, 'ccache', 'ccache');
	if (used.length === 0) return [];
	const variable = ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'].find((name) => name in context.environment);
	// A variable counts before a file, an empty one too (ccache(1), "Configuration").
	if (variable !== undefined) return remoteStorage(context, variable, value(context, variable), used);
	const home = value(context, 'HOME');
	const config = value(context, 'XDG_CONFIG_HOME') || join(home, '.config');
	const files = [
		value(context, 'CCACHE_CONFIGPATH'),
		join(value(context, 'CCACHE_DIR') || join(home, '.ccache'), 'ccache.conf'),
		join(config, 'ccache/ccache.conf'),
		`${value(context, 'EPREFIX')}/etc/ccache.conf`,
		'/etc/ccache.conf',
	].filter(Boolean);
	for (const file of files) {
		const found = lines(file).flatMap((line) => /^(?:remote|secondary)_storage\s*=\s*(.*)/.exec(line)?.[1] ?? []);
		if (found.length > 0) return remoteStorage(context, file, found.join(' '), used);
	}
	return [];
}

/** file: is here, and redis+unix: is a UNIX socket with a path, which a network sandbox doesn't cover. */
function remoteStorage(context: BuildContext, where: string, list: string, used: readonly Evidence[]): Evidence[] {
	const [first] = words(list).filter(
		(url) => /^(https?|rediss?):/.test(url) && !endpointsIn(url).some((place) => isLet(context, place)),
	);
	return first === undefined
		? []
		: [...used.slice(0, 1).map(({ what }) => ({ what })), { what: `${where} names ${first.replace(/\|.*/, '')}` }];
}

/** FEATURES=fakeroot, whose daemon is asked over this. */
export function fakeroot(over: Fakeroot): (context: BuildContext) => Evidence[] {
	return (context) => (fakerootFrom(context.features, context.uid) === over ? feature(context, 'fakeroot') : []);
}

/** No cgroup and no PID namespace can be had: asked of confine. */
export function tracking(context: BuildContext): Evidence[] {
	if (!context.features.includes('cgroup')) return [];
	const { stdout, error } = spawnSync(installation().confine, ['--probe'], { encoding: 'utf8' });
	if (error !== undefined) return [];
	const answers = new Map(
		stdout.split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')] as const),
	);
	const no = ['cgroup', 'pid'].map((what) => answers.get(what) ?? '').filter((answer) => answer.startsWith('no'));
	return no.length < 2 ? [] : [...new Set(no)].map((answer) => ({ what: answer.replace(/^no: /, '') }));
}
