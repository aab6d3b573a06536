import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { distccHosts, distccPort, hostOf } from './evidence/build.ts';
import { isLoopback, type Around } from './evidence/around.ts';
import { callers } from './evidence/compilers.ts';
import { words } from './environment.ts';
import type { Line } from './tell/line.ts';

/** As many as confine takes. */
const most = 64;

/** What an entry of PORTCULLIS_ALLOW, or one of distcc's hosts, comes to. */
export interface Destination {
	/** As it was written. */
	readonly entry: string;
	readonly host: string;
	/** With the length of the prefix, if the entry has one; none where the host's name is unknown. */
	readonly addresses: readonly string[];
	readonly port: number;
	/** Whether distcc's configuration names it. */
	readonly distcc: boolean;
}

export interface Destinations {
	readonly list: readonly Destination[];
	/** distcc's hosts that can't be let through, and whether distcc was asked for and is in use. */
	readonly uncovered: readonly string[];
	readonly distcc: 'in use' | 'not in use' | 'not asked for';
	/** Where distcc's hosts come from. */
	readonly where: string;
}

/**
 * What PORTCULLIS_ALLOW lets through, host names looked up here and now, as this user. An entry that is no address where it has
 * to be one is an error that names it.
 */
export async function destinations(setting: string, around: Around): Promise<Destinations> {
	const entries = words(setting);
	const plain = await Promise.all(entries.filter((entry) => entry !== 'distcc').map((entry) => destination(entry)));
	const asked = entries.includes('distcc');
	if (!asked || callers(around, 'distcc', 'distcc').length === 0) {
		return { list: plain, uncovered: [], distcc: asked ? 'not in use' : 'not asked for', where: '' };
	}
	const { where, list } = distccHosts(around);
	const hosts = words(list).filter((word) => !word.startsWith('--') && !isLoopback(hostOf(word)));
	const covered = hosts.filter((word) => !word.includes('@') && !word.startsWith('+'));
	const farm = await Promise.all(covered.map((word) => destination(word.replace(/,.*/, ''), true)));
	return {
		list: [...plain, ...farm],
		uncovered: hosts.filter((word) => !covered.includes(word)),
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
	return {
		entry,
		host,
		addresses: (await addressesOf(host)).map((address) => `${address}${bits}`),
		port: Number(parts['port'] ?? distccPort),
		distcc,
	};
}

async function addressesOf(host: string): Promise<string[]> {
	if (isIPv4(host) || isIPv6(host)) return [host];
	try {
		const found = await lookup(host, { all: true, order: 'verbatim' });
		return [...new Set(found.map(({ address }) => address))];
	} catch {
		return [];
	}
}

/** confine's options for these, in pairs. */
export function allowOptions({ list }: Destinations): (readonly [string, string])[] {
	return [
		...[...new Set(list.flatMap(places))].slice(0, most).map((entry) => ['--allow', entry] as const),
		...[...new Set(list.flatMap(pairs))].slice(0, most).map((name) => ['--name', name] as const),
	];
}

/** Each of its addresses with the name that it is the address of, where it was a name. */
function pairs({ host, addresses }: Destination): string[] {
	return isIPv4(host) || isIPv6(host) ? [] : addresses.map((address) => `${host}=${address}`);
}

/** All that it comes to. */
export function places({ addresses, port }: Destination): string[] {
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
	readonly way: string;
}

export function refused({ list, uncovered }: Destinations): Refused[] {
	const unknown = list.filter(({ addresses }) => addresses.length === 0);
	const longest = Math.max(...[places, pairs].map((parts) => new Set(list.flatMap(parts)).size));
	return [
		...uncovered.map((entry) => ({
			entry,
			what: `distcc's host ${entry}`,
			why: 'only hosts with a TCP port are let through (not ssh, not zeroconf)',
			way: 'Name it as HOST:PORT, and let distccd listen there.',
		})),
		...unknown.map(({ entry, host, distcc }) => ({
			entry,
			what: distcc ? `distcc's host ${entry}` : `${entry} in PORTCULLIS_ALLOW`,
			why: `no address of ${host} can be found`,
			way: 'An address needs no looking up.',
		})),
		...(longest > most
			? [
					{
						entry: 'rest',
						what: 'the rest of PORTCULLIS_ALLOW',
						why: `it comes to more than ${most} addresses`,
						way: 'ADDRESS/BITS:PORT lets a whole network through.',
					},
				]
			: []),
	];
}

/** What the hook says once a package: through which hosts distcc goes, and what is not let through. */
export function destinationLines(found: Destinations, cpv: string): Line[] {
	const say = (verb: 'elog' | 'ewarn', text: string): Line => ({ verb, text: `Portcullis: ${cpv}: ${text}` });
	const farm = found.list.filter(({ distcc }) => distcc);
	const reached = farm.flatMap(places);
	const alone = found.distcc === 'in use' && farm.length + found.uncovered.length === 0;
	return [
		...(reached.length > 0
			? [say('elog', `distcc is let through the network sandbox, to ${reached.join(' ')} (${found.where})`)]
			: []),
		...(alone
			? [say('ewarn', 'PORTCULLIS_ALLOW names distcc, which knows no host but this one: name some in DISTCC_HOSTS')]
			: []),
		...refused(found).map((one) => say('ewarn', refusedText(one))),
	];
}

/** One line each, for `explain`. */
export function destinationTexts(found: Destinations): string[] {
	const reached = found.list.filter(({ addresses }) => addresses.length > 0);
	return [
		...reached.map((one) => `${one.entry}${one.distcc ? ` (distcc, ${found.where})` : ''}: ${places(one).join(' ')}`),
		...refused(found).map(refusedText),
		...(found.distcc === 'not in use' ? ['distcc: not in use'] : []),
	];
}

function refusedText({ what, why, way }: Refused): string {
	return `${what} stays blocked: ${why}. ${way}`;
}
