// SPDX-License-Identifier: GPL-2.0-or-later
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import type { BuildContext } from '../conflicts/build_context.ts';
import {
	distccEndpoint,
	distccHosts,
	distccPort,
	isAllowed,
	isLoopback,
	parseEndpoint,
	type Endpoint,
} from '../conflicts/endpoints.ts';
import { launcherEvidence } from '../conflicts/evidence.ts';
import type { Line } from '../messages/message.ts';
import { addWords } from '../portage/make_conf.ts';
import { bracketed, isPrivate, reservedKind, unmapped, type Reserved } from '../util/addresses.ts';
import { words } from '../util/environment.ts';

/** Maximum number of options of each kind: --allow, --allow-socket, --resolve. Further ones are omitted, so their destinations stay blocked. */
export const maxOptions = 64;

const socketPrefix = 'unix:';

/** The resolved entries of PORTCULLIS_ALLOW. destinations() throws an Error that names the entry if an entry has an invalid address. */
export type Destinations = Readonly<Awaited<ReturnType<typeof destinations>>>;
export async function destinations(setting: string, context: BuildContext) {
	const all = words(setting);
	const unix = all.filter((entry) => entry.startsWith(socketPrefix));
	const sockets = [...new Set(unix)].map((entry) => entry.slice(socketPrefix.length));
	const entries = all.filter((entry) => !entry.startsWith(socketPrefix));
	const plain = await Promise.all(entries.filter((entry) => entry !== 'distcc').map((entry) => destination(entry)));
	const isRequested = entries.includes('distcc');
	const isUsed = isRequested && launcherEvidence(context, 'distcc', 'distcc').length > 0;
	const { source, list } = isUsed ? distccHosts(context) : { source: '', list: '' };
	const named = words(list).filter((word) => !word.startsWith('--'));
	const hosts = named.filter((word) => !isLoopback(distccEndpoint(word).host));
	const supported = hosts.filter((word) => !word.includes('@') && !word.startsWith('+'));
	const distcc = await Promise.all(supported.map((word) => destination(word.replace(/,.*/, ''), true)));
	return {
		list: [...plain, ...distcc],
		/** The paths of the entries unix:PATH. */
		sockets,
		/** The entries of distcc's host list that confine cannot allow: ssh and zeroconf. */
		unsupported: hosts.filter((word) => !supported.includes(word)),
		/** The entries of distcc's host list with a loopback address and a port, such as ssh tunnels. `allowed` is true if PORTCULLIS_ALLOW contains the entry. */
		tunnels: named.flatMap(tunnelEndpoint).map((endpoint) => ({
			address: endpointText(endpoint.host, endpoint.port),
			allowed: isAllowed({ ...context, allowed: entries }, endpoint),
		})),
		isDistccRequested: isRequested,
		isDistccUsed: isUsed,
		/** Name of the variable or path of the file that contains distcc's host list; '' if the list is not used or not found. */
		source,
	};
}

/** A resolved entry: HOST:PORT, ADDRESS/BITS:PORT or [IPV6]:PORT. In distcc's list, the port is optional, and the number after / limits the jobs. */
type Destination = Readonly<Awaited<ReturnType<typeof destination>>>;
async function destination(entry: string, distcc = false) {
	const { host, isBracketed, bits, port } = parseEndpoint(entry);
	if (isBracketed && !isIPv6(host)) throw new Error(`${entry} in PORTCULLIS_ALLOW: ${host} is not an IPv6 address`);
	const found = await addressesOf(host);
	// Accept reserved addresses only if the user wrote them in PORTCULLIS_ALLOW. Name servers control the addresses of a name, and
	// distcc's hosts can come from a file in HOME.
	const reserved = isIP(host) === 0 || distcc ? found.filter((address) => reservedKind(address) !== undefined) : [];
	return {
		entry,
		host,
		/** The addresses of the entry that are not in `reserved`, with the entry's prefix length if it has one; [] if there are none. */
		addresses: found
			.filter((address) => !reserved.includes(address))
			.map((address) => (distcc || bits === undefined ? address : `${address}/${bits}`)),
		/** The reserved addresses, such as 127.0.0.1, of a host name or of a distcc host. They stay blocked unless PORTCULLIS_ALLOW contains them as addresses. */
		reserved,
		port: Number(port ?? distccPort),
		/** True if the entry is from distcc's host list, false if it is from PORTCULLIS_ALLOW. */
		distcc,
	};
}

/** Returns 127.0.0.1:3633 for `127.0.0.1:3633/8,lzo`, and nothing for `localhost`, with which distcc compiles locally (distcc(1)). */
function tunnelEndpoint(entry: string): Endpoint[] {
	const { host, port } = parseEndpoint(entry);
	if (port === undefined || !isLoopback(host)) return [];
	return [{ host: isIP(host) === 0 ? '127.0.0.1' : host, port: Number(port) }];
}

async function addressesOf(host: string): Promise<string[]> {
	if (isIP(host) !== 0) return [host];
	try {
		const found = await lookup(host, { all: true, order: 'verbatim' });
		return [...new Set(found.map(({ address }) => unmapped(address)))];
	} catch {
		return [];
	}
}

/** Returns the options of confine that allow these destinations, as pairs of option and value. */
export function allowOptions({ list, sockets }: Destinations): (readonly [string, string])[] {
	const options = (option: string, values: readonly string[]) =>
		[...new Set(values)].slice(0, maxOptions).map((value) => [option, value] as const);
	return [
		...options('--allow', list.flatMap(endpoints)),
		...options('--allow-socket', sockets),
		...options('--resolve', list.flatMap(nameMappings)),
	];
}

function nameMappings({ host, addresses }: Destination): string[] {
	return isIP(host) !== 0 ? [] : addresses.map((address) => `${host}=${address}`);
}

export function endpoints({ addresses, port }: Destination): string[] {
	return addresses.map((address) => endpointText(address, port));
}

/** Formats an address and a port: [2001:db8::]/32:443, 192.0.2.1:443. */
function endpointText(address: string, port: number): string {
	const [host = '', bits] = address.split('/');
	return `${bracketed(host)}${bits === undefined ? '' : `/${bits}`}:${port}`;
}

/** Describes an entry that stays blocked in whole or in part, for the message `SUBJECT stays blocked: REASON. FIX`. */
function blocked(entry: string, subject: string, reason: string, fix: string) {
	return { entry, subject, reason, fix };
}

export function blockedEntries({ list, sockets, unsupported, tunnels }: Destinations) {
	const unresolved = list.filter(({ addresses, reserved }) => addresses.length + reserved.length === 0);
	const blockedTunnels = tunnels.flatMap(({ address, allowed }) => (allowed ? [] : [address]));
	const tunnelFix = `To allow it, add to make.conf: ${addWords('PORTCULLIS_ALLOW', blockedTunnels)}`;
	const count = Math.max(...[endpoints, nameMappings].map((parts) => new Set(list.flatMap(parts)).size));
	const portsOnly = 'only distcc over TCP is supported, not ssh and zeroconf';
	const portFix =
		'On the distcc server, run distccd on a TCP port, and on this machine, replace this entry of the distcc host list by HOST:PORT.';
	const noLoopback = 'the word distcc in PORTCULLIS_ALLOW does not allow loopback addresses';
	const rest = 'the rest of PORTCULLIS_ALLOW';
	const tooMany = `only the first ${maxOptions} addresses are supported`;
	const networkFix = 'Replace addresses by a network: ADDRESS/BITS:PORT.';
	return [
		...unsupported.map((entry) => blocked(entry, `distcc host ${entry}`, portsOnly, portFix)),
		...unresolved.map((one) => {
			const fix = `To check the name, run: getent ahosts ${one.host}`;
			return blocked(one.entry, subjectOf(one), `${one.host} has no address`, fix);
		}),
		...list.flatMap(reservedEntries),
		...blockedTunnels.map((address) => blocked(address, `distcc host ${address}`, noLoopback, tunnelFix)),
		...(count > maxOptions ? [blocked('rest', rest, tooMany, networkFix)] : []),
		...(sockets.length > maxOptions
			? [
					blocked(
						'rest-unix',
						rest,
						`only the first ${maxOptions} UNIX sockets are supported`,
						'Remove unused entries unix:PATH.',
					),
				]
			: []),
	];
}

function subjectOf({ entry, distcc }: Destination): string {
	return distcc ? `distcc host ${entry}` : `${entry} in PORTCULLIS_ALLOW`;
}

/** Returns a blocked entry for each kind of reserved address that a destination has. */
function reservedEntries(destination: Destination) {
	const { entry, host, addresses, reserved, port } = destination;
	const kinds = new Map<Reserved, string[]>();
	for (const address of reserved) {
		const kind = reservedKind(address) ?? 'unspecified';
		kinds.set(kind, [...(kinds.get(kind) ?? []), address]);
	}
	const isPart = addresses.length > 0 || kinds.size > 1;
	const subject = `${isPart ? 'a part of ' : ''}${subjectOf(destination)}`;
	return [...kinds].map(([kind, found]) => {
		const fact = found.includes(host) ? 'it is a reserved address' : `${host} resolves to ${found.join(' and ')}`;
		const words = found.map((address) => endpointText(address, port));
		const fix = `To allow it, add to make.conf: ${addWords('PORTCULLIS_ALLOW', words)}`;
		return blocked(entry, subject, `${fact} (${kindText[kind]})`, fix);
	});
}

const kindText: Readonly<Record<Reserved, string>> = {
	loopback: 'loopback: this host',
	unspecified: 'unspecified: this host',
	'link-local': 'link-local: may serve cloud metadata',
	'cloud metadata': 'serves cloud metadata',
	multicast: 'multicast',
	broadcast: 'broadcast',
};

/** Returns notes about names in PORTCULLIS_ALLOW that resolve to private addresses, because the user may expect public ones. */
export function privateAddressNotes({ list }: Destinations): string[] {
	return list
		.filter(({ host, distcc }) => isIP(host) === 0 && !distcc)
		.map(({ entry, addresses }) => ({ entry, found: addresses.filter(isPrivate) }))
		.filter(({ found }) => found.length > 0)
		.map(({ entry, found }) => `${entry} in PORTCULLIS_ALLOW allows private addresses: ${found.join(' and ')}`);
}

/** Returns messages about distcc's hosts, private addresses and blocked entries. The hook prints each once per run of emerge. */
export function destinationLines(found: Destinations, cpv: string): Line[] {
	const lines = (verb: 'elog' | 'ewarn', texts: readonly string[]) =>
		texts.map((text): Line => ({ verb, text: `Portcullis: ${cpv}: ${text}`, once: text }));
	const distccList = found.list.filter(({ distcc }) => distcc);
	const reachable = distccList.flatMap(endpoints);
	const hosts = distccList.length + found.unsupported.length + found.tunnels.length;
	const noHost =
		'PORTCULLIS_ALLOW contains distcc, but distcc has no remote host. Add to make.conf: DISTCC_HOSTS="HOST:PORT"';
	return [
		...lines(
			'elog',
			reachable.length > 0 ? [`the sandbox lets distcc reach ${reachable.join(' ')} (${found.source})`] : [],
		),
		...lines('ewarn', found.isDistccUsed && hosts === 0 ? [noHost] : []),
		...lines('elog', privateAddressNotes(found)),
		...lines(
			'ewarn',
			blockedEntries(found).map(({ subject, reason, fix }) => `${subject} stays blocked: ${reason}. ${fix}`),
		),
	];
}
