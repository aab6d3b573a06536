// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { isPrivate, reservedKind, unmapped } from '../../src/util/addresses.ts';

describe('reservedKind', () => {
	test.each([
		['127.0.0.1', 'loopback'],
		['127.255.0.9', 'loopback'],
		['::1', 'loopback'],
		['0.0.0.0', 'unspecified'],
		['0.1.2.3', 'unspecified'],
		['::', 'unspecified'],
		['169.254.169.254', 'link-local'],
		['fe80::1', 'link-local'],
		['fe80::1%eth0', 'link-local'],
		['febf::1', 'link-local'],
		['100.100.100.200', 'cloud metadata'],
		['fd00:ec2::254', 'cloud metadata'],
		['224.0.0.1', 'multicast'],
		['239.1.2.3', 'multicast'],
		['ff02::1', 'multicast'],
		['255.255.255.255', 'broadcast'],
	])('reservedKind() returns for %s the kind %s', (address, kind) => {
		expect(reservedKind(address)).toBe(kind);
	});

	test.each([
		['mapped', '::ffff:127.0.0.1', 'loopback'],
		['mapped, in hexadecimal', '::ffff:a9fe:a9fe', 'link-local'],
		['compatible', '::169.254.169.254', 'link-local'],
		['NAT64', '64:ff9b::127.0.0.1', 'loopback'],
		['NAT64, local use', '64:ff9b:1::a9fe:a9fe', 'link-local'],
		['6to4', '2002:7f00:1::1', 'loopback'],
		['6to4', '2002:a9fe:a9fe::', 'link-local'],
	])('reservedKind() checks the IPv4 address embedded in an IPv6 address (%s): %s', (_, address, kind) => {
		expect(reservedKind(address)).toBe(kind);
	});

	test.each([
		...['192.0.2.1', '128.0.0.1', '126.255.255.255', '169.253.1.1', '223.255.255.255', '255.255.255.254', '10.0.0.1'],
		...['2001:db8::1', 'fec0::1', 'fdff::1', '64:ff9b::192.0.2.1', '2002:c000:201::1', '::ffff:192.0.2.1'],
	])('reservedKind() returns undefined for %s, which is not a reserved address', (address) => {
		expect(reservedKind(address)).toBeUndefined();
	});
});

test.each([
	...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fc00::1', 'fdff::1', 'fec0::1'],
	...['::ffff:10.0.0.1', '64:ff9b::10.0.0.1'],
])('isPrivate() is true for %s', (address) => {
	expect(isPrivate(address)).toBe(true);
});

test.each(['172.32.0.1', '192.0.2.1', '100.128.0.1', '2001:db8::1', 'fe80::1'])(
	'isPrivate() is false for %s',
	(address) => {
		expect(isPrivate(address)).toBe(false);
	},
);

test('unmapped() converts only IPv4-mapped addresses to IPv4', () => {
	expect(['::ffff:192.0.2.1', '::192.0.2.1', '2001:db8::1', '192.0.2.1'].map(unmapped)).toEqual([
		'192.0.2.1',
		'::192.0.2.1',
		'2001:db8::1',
		'192.0.2.1',
	]);
});
