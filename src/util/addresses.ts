// SPDX-License-Identifier: GPL-2.0-or-later
import { BlockList, isIPv6 } from 'node:net';

/** Addresses that stay blocked if a host name in PORTCULLIS_ALLOW resolves to them. The user can allow them as literal addresses. */
const reserved = {
	loopback: ['127.0.0.0/8', '::1/128'],
	unspecified: ['0.0.0.0/8', '::/128'],
	// 169.254.0.0/16 includes 169.254.169.254, the metadata service of most clouds.
	'link-local': ['169.254.0.0/16', 'fe80::/10'],
	// These are the metadata services of Alibaba Cloud, and of AWS over IPv6.
	'cloud metadata': ['100.100.100.200/32', 'fd00:ec2::254/128'],
	multicast: ['224.0.0.0/4', 'ff00::/8'],
	broadcast: ['255.255.255.255/32'],
} as const;
export type Reserved = keyof typeof reserved;

/** Private networks (RFC 1918, 6598, 4193 and 3879). Portcullis prints a note about a host name in PORTCULLIS_ALLOW that resolves to such an address. */
const privates = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'];

const reservedLists = Object.entries(reserved).map(([kind, networks]) => [kind as Reserved, listOf(networks)] as const);
const privateList = listOf(privates);

/** Returns the kind of a reserved address (a key of `reserved`), or undefined if the address is not reserved. */
export function reservedKind(address: string): Reserved | undefined {
	return reservedLists.find(([, list]) => isIn(list, address))?.[0];
}

export function isPrivate(address: string): boolean {
	return isIn(privateList, address);
}

/** Converts ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2) to 192.0.2.1, because the kernel connects to that IPv4 address. */
export function unmapped(address: string): string {
	return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** Encloses an IPv6 address in brackets, as in front of a port. */
export function bracketed(host: string): string {
	return isIPv6(host) ? `[${host}]` : host;
}

function isIn(list: BlockList, address: string): boolean {
	// Remove the zone (%eth0), which getaddrinfo(3) may append to a link-local address.
	const plain = address.replace(/%.*/, '');
	return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

function listOf(networks: readonly string[]): BlockList {
	const list = new BlockList();
	for (const network of networks) {
		const [address = '', bits = ''] = network.split('/');
		list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
		if (!isIPv6(address)) addEmbedded(list, address, Number(bits));
	}
	return list;
}

/**
 * Adds the IPv6 addresses that contain an IPv4 address of this network: IPv4-compatible (RFC 4291, 2.5.5.1), NAT64 (RFC 6052, 2.1, and
 * RFC 8215) and 6to4 (RFC 3056). BlockList itself checks IPv4-mapped addresses (::ffff:0:0/96) against the IPv4 networks.
 */
function addEmbedded(list: BlockList, address: string, bits: number): void {
	for (const prefix of ['::', '64:ff9b::', '64:ff9b:1::']) list.addSubnet(prefix + address, 96 + bits, 'ipv6');
	const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
	list.addSubnet(`2002:${(256 * a + b).toString(16)}:${(256 * c + d).toString(16)}::`, 16 + bits, 'ipv6');
}
