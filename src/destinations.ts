import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { distccHosts, distccPort, hostOf } from './evidence/build.ts';
import { isLoopback, type Around } from './evidence/around.ts';
import { callers } from './evidence/compilers.ts';
import { words } from './facts.ts';
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
	const { entries, names } = optionsOf(list);
	return [
		...entries.slice(0, most).map((entry) => ['--allow', entry] as const),
		...names.slice(0, most).map((name) => ['--name', name] as const),
	];
}

function optionsOf(list: readonly Destination[]): { readonly entries: string[]; readonly names: string[] } {
	const names = list.flatMap(({ host, addresses }) =>
		isIPv4(host) || isIPv6(host) ? [] : addresses.map((address) => `${host}=${address}`),
	);
	return { entries: [...new Set(list.flatMap(places))], names: [...new Set(names)] };
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

/** What the hook says once a package: through which hosts distcc goes, and what is not let through. */
export function destinationLines(found: Destinations, cpv: string): Line[] {
	const say = (verb: 'elog' | 'ewarn', text: string): Line => ({ verb, text: `Portcullis: ${cpv}: ${text}` });
	const farm = found.list.filter(({ distcc }) => distcc);
	const reached = farm.flatMap(places);
	const unknown = found.list.filter(({ addresses }) => addresses.length === 0);
	const { entries, names } = optionsOf(found.list);
	return [
		...(reached.length > 0
			? [say('elog', `distcc is let through the network sandbox, to ${reached.join(' ')} (${found.where})`)]
			: []),
		...(found.distcc === 'in use' && farm.length === 0
			? [say('ewarn', `PORTCULLIS_ALLOW names distcc, which has no host to send to that can be let through`)]
			: []),
		...found.uncovered.map((word) =>
			say(
				'ewarn',
				`distcc's host ${word} stays blocked: only hosts with a TCP port are let through (not ssh, not zeroconf)`,
			),
		),
		...unknown.map(({ entry, host, distcc }) =>
			say(
				'ewarn',
				`${distcc ? `distcc's host ${entry}` : `${entry} in PORTCULLIS_ALLOW`} stays blocked: no address of ${host} can be found`,
			),
		),
		...(Math.max(entries.length, names.length) > most
			? [
					say(
						'ewarn',
						`PORTCULLIS_ALLOW comes to more than ${most} addresses: the rest stays blocked. One entry ADDRESS/BITS:PORT stands for many`,
					),
				]
			: []),
	];
}

/** One line each, for `explain`. */
export function destinationTexts(found: Destinations): string[] {
	return [
		...found.list.map(
			(one) =>
				`${one.entry}${one.distcc ? ` (distcc, ${found.where})` : ''}: ${places(one).join(' ') || 'no address can be found'}`,
		),
		...found.uncovered.map((word) => `${word} (distcc, ${found.where}): not covered`),
		...(found.distcc === 'not in use' ? ['distcc: not in use'] : []),
	];
}
