import { lookup } from 'node:dns/promises';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isPrivate, reservedKind, unmapped, type Reserved } from '../util/addresses.ts';
import { distccHosts, distccPort, hostOf } from '../conflicts/build_evidence.ts';
import { isLoopback, type BuildContext } from '../conflicts/build_context.ts';
import { callers } from '../conflicts/compilers.ts';
import { words } from '../util/environment.ts';
import { isLet, type Endpoint } from '../conflicts/endpoints.ts';
import type { Line } from '../messages/message.ts';

/** As many as confine takes. */
const most = 64;

/** What an entry of PORTCULLIS_ALLOW, or one of distcc's hosts, comes to. */
export interface Destination {
	/** As it was written. */
	readonly entry: string;
	readonly host: string;
	/** With the length of the prefix, if the entry has one; none where the host's name is unknown. */
	readonly addresses: readonly string[];
	/** What the name stands for and is not let through, such as 127.0.0.1: only an address that is written down means that. */
	readonly reserved: readonly string[];
	readonly port: number;
	/** Whether distcc's configuration names it. */
	readonly distcc: boolean;
}

export interface Destinations {
	readonly list: readonly Destination[];
	/** distcc's hosts that can't be let through, and whether distcc was asked for and is in use. */
	readonly uncovered: readonly string[];
	/** distcc's hosts on loopback that have a port, and whether PORTCULLIS_ALLOW names them. */
	readonly tunnels: readonly { readonly place: string; readonly allowed: boolean }[];
	readonly distcc: 'in use' | 'not in use' | 'not asked for';
	/** Where distcc's hosts come from. */
	readonly where: string;
}

/**
 * What PORTCULLIS_ALLOW lets through, host names looked up here and now, as this user. An entry that is no address where it has
 * to be one is an error that names it.
 */
export async function destinations(setting: string, context: BuildContext): Promise<Destinations> {
	const entries = words(setting);
	const plain = await Promise.all(entries.filter((entry) => entry !== 'distcc').map((entry) => destination(entry)));
	const asked = entries.includes('distcc');
	if (!asked || callers(context, 'distcc', 'distcc').length === 0) {
		return { list: plain, uncovered: [], tunnels: [], distcc: asked ? 'not in use' : 'not asked for', where: '' };
	}
	const { where, list } = distccHosts(context);
	const named = words(list).filter((word) => !word.startsWith('--'));
	const hosts = named.filter((word) => !isLoopback(hostOf(word)));
	const covered = hosts.filter((word) => !word.includes('@') && !word.startsWith('+'));
	const farm = await Promise.all(covered.map((word) => destination(word.replace(/,.*/, ''), true)));
	return {
		list: [...plain, ...farm],
		uncovered: hosts.filter((word) => !covered.includes(word)),
		tunnels: named.flatMap(tunnelOf).map((one) => ({
			place: place(one.host, one.port),
			allowed: isLet({ ...context, allowed: entries }, one),
		})),
		distcc: 'in use',
		where,
	};
}

/** HOST:PORT, ADDRESS/BITS:PORT, [IPV6]:PORT; distcc's have a port or none, and a limit behind a slash. */
async function destination(entry: string, distcc = false): Promise<Destination> {
	const parts =
		/^(?:\[(?<six>[^\]]*)\]|(?<name>[^:/]+))(?:\/(?<bits>[0-9]+))?(?::(?<port>[0-9]+))?/.exec(entry)?.groups ?? {};
	const { six, name = '' } = parts;
	if (six !== undefined && !isIPv6(six)) throw new Error(`${entry} in PORTCULLIS_ALLOW: ${six} is no IPv6 address`);
	const host = six ?? name;
	const bits = distcc || parts['bits'] === undefined ? '' : `/${parts['bits']}`;
	const found = await addressesOf(host);
	// The user writes PORTCULLIS_ALLOW. A name server decides what a name stands for, and a file in HOME may hold distcc's hosts.
	const reserved = isIP(host) === 0 || distcc ? found.filter((address) => reservedKind(address) !== undefined) : [];
	return {
		entry,
		host,
		addresses: found.filter((address) => !reserved.includes(address)).map((address) => `${address}${bits}`),
		reserved,
		port: Number(parts['port'] ?? distccPort),
		distcc,
	};
}

/** 127.0.0.1:3633 of `127.0.0.1:3633/8,lzo`; none of `localhost`, by which distcc means to compile here (distcc(1)). */
function tunnelOf(word: string): Endpoint[] {
	const { six, name = '', port } = /^(?:\[(?<six>[^\]]*)\]|(?<name>[^:/@]+)):(?<port>[0-9]+)/.exec(word)?.groups ?? {};
	const host = six ?? name;
	if (port === undefined || !isLoopback(host)) return [];
	return [{ host: isIP(host) === 0 ? '127.0.0.1' : host, port: Number(port) }];
}

async function addressesOf(host: string): Promise<string[]> {
	if (isIPv4(host) || isIPv6(host)) return [host];
	try {
		const found = await lookup(host, { all: true, order: 'verbatim' });
		return [...new Set(found.map(({ address }) => unmapped(address)))];
	} catch {
		return [];
	}
}

/** confine's options for these, in pairs. */
export function allowOptions({ list }: Destinations): (readonly [string, string])[] {
	return [
		...[...new Set(list.flatMap(endpoints))].slice(0, most).map((entry) => ['--allow', entry] as const),
		...[...new Set(list.flatMap(pairs))].slice(0, most).map((name) => ['--resolve', name] as const),
	];
}

/** Each of its addresses with the name that it is the address of, where it was a name. */
function pairs({ host, addresses }: Destination): string[] {
	return isIPv4(host) || isIPv6(host) ? [] : addresses.map((address) => `${host}=${address}`);
}

/** All that it comes to. */
export function endpoints({ addresses, port }: Destination): string[] {
	return addresses.map((address) => place(address, port));
}

/** [2001:db8::]/32:443, 192.0.2.1:443 */
function place(address: string, port: number): string {
	const [host = '', bits] = address.split('/');
	return `${isIPv6(host) ? `[${host}]` : host}${bits === undefined ? '' : `/${bits}`}:${port}`;
}

/** What stays blocked although it was asked for, why, and the way out. */
export interface Refused {
	readonly entry: string;
	readonly what: string;
	readonly why: string;
	readonly fix: string;
}

export function refused({ list, uncovered, tunnels }: Destinations): Refused[] {
	const unknown = list.filter(({ addresses, reserved }) => addresses.length + reserved.length === 0);
	const blocked = tunnels.flatMap(({ place, allowed }) => (allowed ? [] : [place]));
	const longest = Math.max(...[endpoints, pairs].map((parts) => new Set(list.flatMap(parts)).size));
	return [
		...uncovered.map((entry) => ({
			entry,
			what: `distcc's host ${entry}`,
			why: 'only hosts with a TCP port are let through (not ssh, not zeroconf)',
			fix: 'Name it as HOST:PORT, and let distccd listen there.',
		})),
		...unknown.map(({ entry, host, distcc }) => ({
			entry,
			what: distcc ? `distcc's host ${entry}` : `${entry} in PORTCULLIS_ALLOW`,
			why: `no address of ${host} can be found`,
			fix: 'An address needs no looking up.',
		})),
		...list.flatMap(reservedOf),
		...blocked.map((place) => ({
			entry: place,
			what: `distcc's host ${place}`,
			why: 'it is a tunnel on loopback, which the word distcc does not cover',
			fix: `PORTCULLIS_ALLOW="${list.some(({ distcc }) => distcc) ? 'distcc ' : ''}${blocked.join(' ')}" lets it through.`,
		})),
		...(longest > most
			? [
					{
						entry: 'rest',
						what: 'the rest of PORTCULLIS_ALLOW',
						why: `it comes to more than ${most} addresses`,
						fix: 'ADDRESS/BITS:PORT lets a whole network through.',
					},
				]
			: []),
	];
}

/** One for each kind of reserved address that a name stands for. */
function reservedOf({ entry, host, addresses, reserved, port, distcc }: Destination): Refused[] {
	const kinds = new Map<Reserved, string[]>();
	for (const address of reserved) {
		const kind = reservedKind(address) ?? 'unspecified';
		kinds.set(kind, [...(kinds.get(kind) ?? []), address]);
	}
	const whole = distcc ? `distcc's host ${entry}` : `${entry} in PORTCULLIS_ALLOW`;
	return [...kinds].map(([kind, found]) => ({
		entry,
		what: addresses.length > 0 || kinds.size > 1 ? `a part of ${whole}` : whole,
		why: `${found.includes(host) ? 'it is' : `${host} is ${found.join(' and ')},`} ${kindText[kind]}`,
		fix: `Write the address itself if you mean it: PORTCULLIS_ALLOW="${found.map((one) => place(one, port)).join(' ')}".`,
	}));
}

const kindText: Readonly<Record<Reserved, string>> = {
	loopback: 'an address of this host (loopback)',
	unspecified: 'an unspecified address, by which Linux means this host',
	'link-local': 'a link-local address, where cloud metadata is served',
	'cloud metadata': 'an address where cloud metadata is served',
	multicast: 'a multicast address',
	broadcast: 'the broadcast address',
};

/** Names of PORTCULLIS_ALLOW that stand for a private address, where a public one may have been meant. */
export function privateTexts({ list }: Destinations): string[] {
	return list
		.filter(({ host, distcc }) => isIP(host) === 0 && !distcc)
		.flatMap(({ entry, host, addresses }) => {
			const found = addresses.filter(isPrivate);
			return found.length === 0 ? [] : [`${entry} leads into a private network: ${host} is ${found.join(' and ')}`];
		});
}

/** What the hook says once a package: through which hosts distcc goes, and what is not let through. */
export function destinationLines(found: Destinations, cpv: string): Line[] {
	const say = (verb: 'elog' | 'ewarn', text: string): Line => ({ verb, text: `Portcullis: ${cpv}: ${text}` });
	const farm = found.list.filter(({ distcc }) => distcc);
	const reachable = farm.flatMap(endpoints);
	const alone = found.distcc === 'in use' && farm.length + found.uncovered.length + found.tunnels.length === 0;
	return [
		...(reachable.length > 0
			? [say('elog', `distcc is let through the network sandbox, to ${reachable.join(' ')} (${found.where})`)]
			: []),
		...(alone
			? [say('ewarn', 'PORTCULLIS_ALLOW names distcc, which knows no host but this one: name some in DISTCC_HOSTS')]
			: []),
		...privateTexts(found).map((text) => say('elog', text)),
		...refused(found).map((one) => say('ewarn', refusedText(one))),
	];
}

/** One line each, for `explain`. */
export function destinationTexts(found: Destinations): string[] {
	const reachable = found.list.filter(({ addresses }) => addresses.length > 0);
	return [
		...reachable.map(
			(one) => `${one.entry}${one.distcc ? ` (distcc, ${found.where})` : ''}: ${endpoints(one).join(' ')}`,
		),
		...privateTexts(found),
		...refused(found).map(refusedText),
		...(found.distcc === 'not in use' ? ['distcc: not in use'] : []),
	];
}

function refusedText({ what, why, fix }: Refused): string {
	return `${what} stays blocked: ${why}. ${fix}`;
}
