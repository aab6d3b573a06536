// SPDX-License-Identifier: GPL-2.0-or-later
import { realpathSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { configurationLines, executables, variable, type BuildContext } from './build_context.ts';

export interface Endpoint {
	readonly host: string;
	readonly port: number;
}

/** The default ports of the URL schemes that ccache, sccache and programs that download files use. */
const defaultPorts: Readonly<Record<string, number>> = {
	...{ http: 80, https: 443, ws: 80, wss: 443, ftp: 21, ftps: 990, git: 9418, ssh: 22, 'git+ssh': 22, sftp: 22 },
	...{ svn: 3690, 'svn+ssh': 22, rsync: 873, redis: 6379, rediss: 6379 },
};

/** Finds all URLs in a text, such as `redis://me@cache:6379/1` or `http://[fd00::7]/`, and returns their endpoints. The port is 0 if it is unknown. */
export function urlEndpoints(text: string): Endpoint[] {
	const urls = text.matchAll(/\b([a-z][a-z0-9+]*):\/\/(?:[^\s/@]*@)?(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?/gi);
	return [...urls].map(([, scheme = '', six, name = '', port]) => ({
		host: six ?? name,
		port: Number(port ?? defaultPorts[scheme.toLowerCase()] ?? 0),
	}));
}

/** True if PORTCULLIS_ALLOW has an entry with the port of the endpoint and with its host or an address range that contains its host. */
export function isAllowed({ allowed }: BuildContext, endpoint: Endpoint): boolean {
	return allowed.some((entry) => {
		const { host, bits, port } = parseEndpoint(entry);
		if (Number(port) !== endpoint.port) return false;
		if (host.toLowerCase() === endpoint.host.toLowerCase()) return true;
		return isIP(host) === isIP(endpoint.host) && isIP(host) !== 0 && isWithin(endpoint.host, host, bits);
	});
}

/** Parses HOST, HOST:PORT, ADDRESS/BITS:PORT or [IPV6]:PORT. In distcc's list, the number after a slash limits the jobs, and can also follow the port. */
export function parseEndpoint(entry: string) {
	const pattern = /^(?:\[(?<six>[^\]]*)\]|(?<name>[^:/]+))(?:\/(?<bits>[0-9]+))?(?::(?<port>[0-9]+))?/;
	const { six, name = '', bits, port } = pattern.exec(entry)?.groups ?? {};
	return { host: six ?? name, isBracketed: six !== undefined, bits, port };
}

function isWithin(address: string, network: string, bits: string | undefined): boolean {
	const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
	const range = new BlockList();
	range.addSubnet(network, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
	return range.check(address, family);
}

export function isLoopback(host: string): boolean {
	return /^(localhost(\.localdomain)?|127(\.[0-9]+){3}|\[?::1\]?)$/i.test(host);
}

/** The default port of distccd (distcc(1), "HOSTS SPECIFICATION"). */
export const distccPort = 3632;

/** Returns distcc's host list, and the variable or file that contains the list (distcc(1), "HOSTS SPECIFICATION"); '' for both if there is none. */
export function distccHosts(context: BuildContext): { readonly source: string; readonly list: string } {
	const fromVariable = variable(context, 'DISTCC_HOSTS');
	if (fromVariable.trim() !== '') return { source: 'DISTCC_HOSTS', list: fromVariable };
	const [program] = executables(context, 'distcc');
	// Read the configuration of the prefix in which distcc is installed, as distcc does.
	const prefix = program === undefined ? '' : dirname(dirname(realpathSync(program))).replace(/\/usr$/, '');
	const userDirectory = variable(context, 'DISTCC_DIR') || join(variable(context, 'HOME'), '.distcc');
	const files = [join(userDirectory, 'hosts'), `${prefix}/etc/distcc/hosts`];
	const file = files.find((name) => configurationLines(name).length > 0) ?? '';
	return { source: file, list: configurationLines(file).join(' ') };
}

/** Parses an entry of distcc's list: `user@host:port/limit,lzo,cpp`, `[fd00::1]:3632`, `+zeroconf`, `--randomize`. */
export function distccEndpoint(entry: string): Endpoint {
	const { host, port } = parseEndpoint(entry.replace(/,.*/, '').replace(/^[^@]*@/, ''));
	return { host, port: Number(port ?? distccPort) };
}
