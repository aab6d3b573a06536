// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { features, proxyFeatures } from '../rules/features.ts';
import { fakerootFrom } from '../rules/phase_context.ts';
import type { Fakeroot } from '../rules/phases.ts';
import { bracketed } from '../util/addresses.ts';
import { words } from '../util/environment.ts';
import {
	configurationLines,
	executables,
	isSocket,
	runsTool,
	trustedText,
	variable,
	type BuildContext,
} from './build_context.ts';
import { distccEndpoint, distccHosts, isAllowed, isLoopback, urlEndpoints } from './endpoints.ts';

/** A variable of make.conf with its new value or, if the variable is a list, with a word to add to the list. */
export type Assignment = readonly [name: string, value: string];

/** A part of the configuration that shows that a conflict exists. */
export interface Evidence {
	/** The text in the parentheses of the message `Portcullis: app-misc/foo-1: distcc conflicts with FEATURES="network-sandbox" (...)`. */
	readonly text: string;
	/** The assignment that ends the conflict and keeps the sandbox; absent if it does not depend on the evidence (Conflict.fix), or if there is none. */
	readonly fix?: Assignment;
}

function featureEvidence(context: BuildContext, word: string): Evidence[] {
	return context.features.includes(word) ? [{ text: `FEATURES contains ${word}`, fix: ['FEATURES', `-${word}`] }] : [];
}

function socketEvidence(name: string, file: string): Evidence {
	return { text: `${name} is the socket ${file}`, fix: ['ENV_UNSET', name] };
}

/** The variables whose value is a compiler or a compiler launcher. */
export const compilerVariables = [
	...['CC', 'CXX', 'CPP', 'FC', 'F77', 'OBJC', 'OBJCXX', 'HOSTCC', 'HOSTCXX', 'BUILD_CC', 'BUILD_CXX'],
	...['CCACHE_PREFIX', 'CCACHE_PREFIX_CPP', 'RUSTC_WRAPPER'],
	...['CMAKE_C_COMPILER_LAUNCHER', 'CMAKE_CXX_COMPILER_LAUNCHER'],
];

/** Finds out how the build calls the launcher `tool`: by FEATURES, by a variable such as CC, or by compilers in PATH. */
export function launcherEvidence(context: BuildContext, featureWord: string, tool: string): Evidence[] {
	return [
		...featureEvidence(context, featureWord),
		...compilerVariables.flatMap((name) => variableEvidence(context, name, tool)),
		...pathEvidence(context, tool),
	];
}

function variableEvidence(context: BuildContext, name: string, tool: string): Evidence[] {
	const all = words(variable(context, name));
	const commands = all.filter((word) => !word.startsWith('-') && !word.includes('='));
	const launcher = commands.find((command) => {
		const [file] = executables(context, command);
		return file === undefined ? basename(command) === tool : runsTool(file, tool);
	});
	// Ignore CC=gcc here. pathEvidence() finds a launcher that PATH contains under the name gcc.
	if (launcher === undefined || compilers.has(launcher)) return [];
	const [file = launcher] = executables(context, launcher);
	const relation = () => (basename(realpathSync(file)) === tool ? 'is' : 'calls');
	const detail = basename(file) === tool ? '' : ` (${file} ${relation()} ${tool})`;
	const rest = all.filter((word) => word !== launcher).join(' ');
	return [{ text: `${name}="${all.join(' ')}"${detail}`, fix: [name, rest || defaultCompilers[name] || ''] }];
}

const defaultCompilers: Readonly<Record<string, string>> = {
	CC: 'gcc',
	CXX: 'g++',
	CPP: 'gcc -E',
	FC: 'gfortran',
	F77: 'gfortran',
	HOSTCC: 'gcc',
	HOSTCXX: 'g++',
	BUILD_CC: 'gcc',
	BUILD_CXX: 'g++',
};

const compilers: ReadonlySet<string> = new Set(['gcc', 'g++', 'cc', 'c++', 'clang', 'clang++']);

/** Finds a directory in PATH in which gcc or another compiler is the launcher `tool`. Skips ccache (unless it is `tool`), because it calls the next gcc in PATH. */
function pathEvidence(context: BuildContext, tool: string): Evidence[] {
	const chost = variable(context, 'CHOST');
	const names = [...compilers, ...(chost === '' ? [] : [`${chost}-gcc`, `${chost}-g++`])];
	for (const name of names) {
		const first = executables(context, name).find((file) => tool === 'ccache' || !runsTool(file, 'ccache'));
		if (first !== undefined && runsTool(first, tool)) {
			return [{ text: `PATH contains ${tool} as ${name} in ${dirname(first)}` }];
		}
	}
	return [];
}

/** Finds evidence that the build uses distcc with remote hosts. Returns [] if PORTCULLIS_ALLOW permits one of the hosts, or if distcc uses Portage's proxy. */
export function distccEvidence(context: BuildContext): Evidence[] {
	const used = launcherEvidence(context, 'distcc', 'distcc');
	if (used.length === 0 || usesSocksProxy(context)) return [];
	const { source, list } = distccHosts(context);
	const remote = words(list)
		.map(distccEndpoint)
		.filter(({ host }) => isRemote(host));
	if (remote.length === 0 || remote.some((endpoint) => isAllowed(context, endpoint))) return [];
	const pump = variable(context, 'INCLUDE_SERVER_PORT') !== '' || /\S,cpp\b/.test(list);
	return [
		...used,
		{ text: `${source} contains ${remote.map(({ host }) => bracketed(host)).join(' ')}` },
		...(pump ? [{ text: 'pump mode is active' }] : []),
	];
}

/**
 * True if distcc uses a SOCKS5 proxy: as root the one of Portage, otherwise the socket in DISTCC_SOCKS_PROXY. Only a distcc with Gentoo's
 * patch (dev-util/distcc, "socks5 proxy") can use one.
 */
function usesSocksProxy(context: BuildContext): boolean {
	const hasProxy =
		context.uid === 0 ? portageProxyEvidence(context).length > 0 : isSocket(variable(context, 'DISTCC_SOCKS_PROXY'));
	const [program] = executables(context, 'distcc');
	return hasProxy && program !== undefined && readFileSync(program, 'latin1').includes('DISTCC_SOCKS_PROXY');
}

function isRemote(host: string): boolean {
	return host !== '' && !host.startsWith('-') && !isLoopback(host);
}

/**
 * Finds evidence that the build uses icecc while no entry of PORTCULLIS_ALLOW has iceccd's port. The function does not compare hosts,
 * because the icecream scheduler chooses the hosts of a build.
 */
export function icecreamEvidence(context: BuildContext): Evidence[] {
	if (/^(disable|no)$/.test(variable(context, 'ICECC'))) return [];
	if (context.allowed.some((entry) => entry.endsWith(':10245'))) return [];
	return launcherEvidence(context, 'icecream', 'icecc');
}

/** The variables of sccache for a remote storage and for the order of several storages (sccache's docs/Configuration.md). */
export const sccacheVariables = [
	...['BUCKET', 'ENDPOINT', 'REDIS', 'REDIS_ENDPOINT', 'REDIS_CLUSTER_ENDPOINTS', 'MEMCACHED', 'MEMCACHED_ENDPOINT'],
	...['GCS_BUCKET', 'AZURE_CONNECTION_STRING', 'GHA_ENABLED', 'WEBDAV_ENDPOINT', 'OSS_BUCKET', 'COS_BUCKET'],
	'MULTILEVEL_CHAIN',
].map((name) => `SCCACHE_${name}`);

export function sccacheEvidence(context: BuildContext): Evidence[] {
	const used = launcherEvidence(context, 'sccache', 'sccache');
	if (used.length === 0) return [];
	const variables = sccacheVariables.filter((name) => variable(context, name) !== '');
	const file = variable(context, 'SCCACHE_CONF') || join(configurationDirectory(context), 'sccache/config');
	const tables = configurationLines(file).flatMap((line) => /^\[(cache\.(?!disk\b)\w+|dist)\]/.exec(line)?.[1] ?? []);
	const urls = [...variables.map((name) => variable(context, name)), ...configurationLines(file)].join('\n');
	if (urlEndpoints(urls).some((endpoint) => isAllowed(context, endpoint))) return [];
	const remote = [
		...variables.map((name) => ({ text: `${name} is set` })),
		...tables.map((table) => ({ text: `${file} contains [${table}]` })),
	];
	return remote.length > 0 ? [...used, ...remote] : [];
}

function configurationDirectory(context: BuildContext): string {
	return variable(context, 'XDG_CONFIG_HOME') || join(variable(context, 'HOME'), '.config');
}

/** Finds evidence that the build uses ccache with a remote storage. A variable, even if empty, overrides the configuration files (ccache(1)). */
export function ccacheEvidence(context: BuildContext): Evidence[] {
	const used = launcherEvidence(context, 'ccache', 'ccache');
	if (used.length === 0) return [];
	const name = ['CCACHE_REMOTE_STORAGE', 'CCACHE_SECONDARY_STORAGE'].find((one) => one in context.environment);
	if (name !== undefined) return remoteStorage(context, name, variable(context, name), used);
	const files = [
		variable(context, 'CCACHE_CONFIGPATH'),
		join(variable(context, 'CCACHE_DIR') || join(variable(context, 'HOME'), '.ccache'), 'ccache.conf'),
		join(configurationDirectory(context), 'ccache/ccache.conf'),
		`${variable(context, 'EPREFIX')}/etc/ccache.conf`,
		'/etc/ccache.conf',
	].filter(Boolean);
	for (const file of files) {
		const found = configurationLines(file).flatMap(
			(line) => /^(?:remote|secondary)_storage\s*=\s*(.*)/.exec(line)?.[1] ?? [],
		);
		if (found.length > 0) return remoteStorage(context, file, found.join(' '), used);
	}
	return [];
}

/** Returns the first element of `used` and evidence of a remote storage in `list`; [] if there is none. Ignores file: and redis+unix: (a UNIX socket), which work in a network namespace. */
function remoteStorage(context: BuildContext, source: string, list: string, used: readonly Evidence[]): Evidence[] {
	const [first] = words(list).filter(
		(url) => /^(https?|rediss?):/.test(url) && !urlEndpoints(url).some((endpoint) => isAllowed(context, endpoint)),
	);
	if (first === undefined) return [];
	return [
		...used.slice(0, 1).map(({ text }) => ({ text })),
		{ text: `${source} contains ${first.replace(/\|.*/, '')}` },
	];
}

/** Returns a function that finds evidence if FEATURES contains fakeroot and faked, the daemon of fakeroot, uses this transport. */
export function fakerootEvidence(transport: Fakeroot): (context: BuildContext) => Evidence[] {
	return (context) =>
		fakerootFrom(context.features, context.uid) === transport ? featureEvidence(context, 'fakeroot') : [];
}

/** Finds the words of FEATURES with which Portage starts its SOCKS5 proxy: only as root and with network-sandbox. */
function portageProxyEvidence(context: BuildContext): Evidence[] {
	if (context.uid !== 0 || !context.features.includes(features.net)) return [];
	return proxyFeatures.flatMap((word) => featureEvidence(context, word));
}

/** Finds the evidence of Portage's SOCKS5 proxy or, without it, a variable with the socket of such a proxy. */
export function socksEvidence(context: BuildContext): Evidence[] {
	const found = portageProxyEvidence(context);
	if (found.length > 0) return found;
	const name = ['PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'].find((one) => isSocket(variable(context, one)));
	return name === undefined ? [] : [{ ...socketEvidence(name, variable(context, name)), fix: [name, ''] }];
}

export const proxyVariables = [
	...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'],
	...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY'],
];

/** Finds proxy variables (such as http_proxy) that contain a loopback address. */
export function proxyEvidence(context: BuildContext): Evidence[] {
	return proxyVariables.flatMap((name) => {
		const url = variable(context, name);
		const host = /^(?:[a-z0-9+.-]+:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/i.exec(url)?.[1] ?? '';
		return isLoopback(host)
			? [{ text: `${name} is ${url.replace(/\/\/[^@/]*@/, '//')}`, fix: ['ENV_UNSET', name] as const }]
			: [];
	});
}

/** Finds the socket of an ssh or gpg agent that a build can use. GnuPG before 2.1 sets GPG_AGENT_INFO to path:process:protocol. */
export function agentEvidence(context: BuildContext): Evidence[] {
	if (context.ownSockets) return [];
	return ['SSH_AUTH_SOCK', 'GPG_AGENT_INFO'].flatMap((name) => {
		const file = name === 'GPG_AGENT_INFO' ? variable(context, name).replace(/:.*/, '') : variable(context, name);
		return file !== '' && isSocket(file) ? [socketEvidence(name, file)] : [];
	});
}

const displaySockets = '/tmp/.X11-unix/X';

/**
 * Finds an X server that a build cannot reach, because the X server listens only on an abstract socket, or because
 * PORTCULLIS_SOCKETS="own" refuses its socket. In /proc/net/unix, the name of an abstract socket begins with @ (unix(7)).
 */
export function displayEvidence(context: BuildContext): Evidence[] {
	const display = variable(context, 'DISPLAY');
	const number = /^(?:unix)?(?:\/unix)?:([0-9]+)(?:\.[0-9]+)?$/.exec(display)?.[1];
	if (number === undefined) return [];
	const socket = displaySockets + number;
	if (isSocket(socket)) {
		if (!context.ownSockets || context.allowed.includes(`unix:${socket}`)) return [];
		const text = `DISPLAY is ${display}, and PORTCULLIS_SOCKETS="own" refuses the socket of its X server`;
		return [{ text, fix: ['PORTCULLIS_ALLOW', `unix:${socket}`] }];
	}
	const lines = trustedText('/proc/net/unix').split('\n');
	if (!lines.some((line) => line.endsWith(` @${socket}`))) return [];
	const text = `DISPLAY is ${display}, and its X server listens only on an abstract socket`;
	return [{ text, fix: ['ENV_UNSET', 'DISPLAY'] }];
}
