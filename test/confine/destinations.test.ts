// SPDX-License-Identifier: GPL-2.0-or-later
import { lookup } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { allowOptions, destinationLines, destinations, type Destinations } from '../../src/confine/destinations.ts';
import { buildContextOf } from '../../src/conflicts/build_context.ts';

vi.mock('node:dns/promises');

function found(list: readonly Partial<Destinations['list'][number]>[], more: Partial<Destinations> = {}): Destinations {
	const full = list.map((one) => ({
		...{ entry: 'e', host: 'h', addresses: [], reserved: [], port: 80, distcc: false },
		...one,
	}));
	return {
		list: full,
		sockets: [],
		unsupported: [],
		tunnels: [],
		isDistccRequested: false,
		isDistccUsed: false,
		source: '',
		...more,
	};
}

const messages = (one: Destinations) => destinationLines(one, 'a/b-1').map(({ verb, text }) => `${verb} ${text}`);

/** Returns `count` hosts, each with its own name and address. */
const hosts = (count: number) =>
	Array.from({ length: count }, (_, at) => ({ host: `host${at}`, addresses: [`192.0.2.${at}`] }));

test('PORTCULLIS_ALLOW allows at most 64 addresses and 64 UNIX sockets, and Portcullis reports that further ones stay blocked', () => {
	expect(messages(found(hosts(33)))).toEqual([]);
	expect(messages(found(hosts(64)))).toEqual([]);
	expect(allowOptions(found(hosts(64)))).toHaveLength(128);
	expect(messages(found(hosts(65)))).toEqual([
		'ewarn Portcullis: a/b-1: the rest of PORTCULLIS_ALLOW stays blocked: only the first 64 addresses are supported. Replace addresses by a network: ADDRESS/BITS:PORT.',
	]);
	expect(allowOptions(found(hosts(65)))).toHaveLength(128);
	// Many names with one address.
	const same = hosts(65).map((one) => ({ ...one, addresses: ['192.0.2.1'] }));
	expect(messages(found(same))).toHaveLength(1);
	const sockets = (count: number) => found([], { sockets: Array.from({ length: count }, (_, at) => `/run/s${at}`) });
	expect(messages(sockets(64))).toEqual([]);
	expect(messages(sockets(65))).toEqual([
		'ewarn Portcullis: a/b-1: the rest of PORTCULLIS_ALLOW stays blocked: only the first 64 UNIX sockets are supported. Remove unused entries unix:PATH.',
	]);
	expect(allowOptions(sockets(65))).toHaveLength(64);
});

test('if a PORTCULLIS_ALLOW entry stays blocked, Portcullis prints the reason and the fix', () => {
	expect(messages(found([{ entry: 'gone:80', host: 'gone' }]))).toEqual([
		'ewarn Portcullis: a/b-1: gone:80 in PORTCULLIS_ALLOW stays blocked: gone has no address. To check the name, run: getent ahosts gone',
	]);
	expect(messages(found([], { isDistccUsed: true, unsupported: ['@far'] }))).toEqual([
		'ewarn Portcullis: a/b-1: distcc host @far stays blocked: only distcc over TCP is supported, not ssh and zeroconf. On the distcc server, run distccd on a TCP port, and on this machine, replace this entry of the distcc host list by HOST:PORT.',
	]);
	expect(messages(found([], { isDistccUsed: true }))).toEqual([
		'ewarn Portcullis: a/b-1: PORTCULLIS_ALLOW contains distcc, but distcc has no remote host. Add to make.conf: DISTCC_HOSTS="HOST:PORT"',
	]);
});

describe('host names with reserved or private addresses', () => {
	test('if a host name in PORTCULLIS_ALLOW resolves only to reserved addresses, such as 127.0.0.1, the name does not allow them, and Portcullis prints the setting that does', () => {
		const one = { entry: 'localhost:3633', host: 'localhost', port: 3633, reserved: ['127.0.0.1', '::1'] };
		expect(messages(found([one]))).toEqual([
			'ewarn Portcullis: a/b-1: localhost:3633 in PORTCULLIS_ALLOW stays blocked: localhost resolves to 127.0.0.1 and ::1 (loopback: this host). To allow it, add to make.conf: PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} 127.0.0.1:3633 [::1]:3633"',
		]);
	});

	test('if a name has reserved and ordinary addresses, Portcullis allows the ordinary addresses and reports the reserved addresses', () => {
		const one = { entry: 'a:80', host: 'a', addresses: ['192.0.2.1'], reserved: ['169.254.169.254', '0.0.0.0'] };
		expect(messages(found([one]))).toEqual([
			expect.stringMatching(
				/ a part of a:80 in PORTCULLIS_ALLOW stays blocked: a resolves to 169\.254\.169\.254 \(link-local/,
			),
			expect.stringMatching(
				/ a part of a:80 in PORTCULLIS_ALLOW stays blocked: a resolves to 0\.0\.0\.0 \(unspecified/,
			),
		]);
		expect(allowOptions(found([one]))).toEqual([
			['--allow', '192.0.2.1:80'],
			['--resolve', 'a=192.0.2.1'],
		]);
	});

	test('Portcullis reports a private address that a name resolves to, but not a private address that PORTCULLIS_ALLOW contains', () => {
		const one = { entry: 'nas:80', host: 'nas', addresses: ['192.168.1.7', '2001:db8::1'] };
		expect(messages(found([one, { entry: '10.0.0.1:80', host: '10.0.0.1', addresses: ['10.0.0.1'] }]))).toEqual([
			'elog Portcullis: a/b-1: nas:80 in PORTCULLIS_ALLOW allows private addresses: 192.168.1.7',
		]);
	});
});

describe('name resolution', () => {
	const names: Record<string, string[]> = {
		'evil.example': ['127.0.0.1', '169.254.169.254', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '192.0.2.1'],
		'here.example': ['::1'],
	};
	beforeEach(() => {
		vi.mocked(lookup).mockImplementation(((host: string) => {
			const found = names[host];
			if (found === undefined) return Promise.reject(new Error('ENOTFOUND'));
			return Promise.resolve(found.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })));
		}) as never);
	});
	const folder = mkdtempSync(join(tmpdir(), 'destinations-'));
	writeFileSync(join(folder, 'distcc'), '', { mode: 0o755 });
	afterAll(() => {
		rmSync(folder, { recursive: true });
	});
	const context = (hosts: string) => buildContextOf({ PATH: folder, DISTCC_HOSTS: hosts }, ['distcc']);

	test('destinations() does no DNS lookup for an entry unix:PATH, and allowOptions() returns the option that passes PATH to confine', async () => {
		const one = await destinations('unix:/run/a.sock 192.0.2.1:80 unix:/b', context(''));
		expect(allowOptions(one)).toEqual([
			['--allow', '192.0.2.1:80'],
			['--allow-socket', '/run/a.sock'],
			['--allow-socket', '/b'],
		]);
		expect(messages(one)).toEqual([]);
	});

	test('destinations() allows the ordinary addresses of a name, and IPv4-mapped addresses as IPv4', async () => {
		const { list } = await destinations('evil.example:80 here.example:80 gone.example:80', context(''));
		expect(list.map(({ addresses, reserved }) => [addresses, reserved])).toEqual([
			[
				['10.0.0.1', '192.0.2.1'],
				['127.0.0.1', '169.254.169.254', '64:ff9b::7f00:1'],
			],
			[[], ['::1']],
			[[], []],
		]);
	});

	test('destinations() allows an address that PORTCULLIS_ALLOW contains, even if the address is reserved', async () => {
		const setting = '127.0.0.1:3633 [::1]:80 169.254.1.1:80 127.0.0.0/8:1';
		expect(allowOptions(await destinations(setting, context('')))).toEqual(
			['127.0.0.1:3633', '[::1]:80', '169.254.1.1:80', '127.0.0.0/8:1'].map((one) => ['--allow', one]),
		);
	});

	test('a loopback or link-local address of a distcc host stays blocked, whether DISTCC_HOSTS contains the address or a host name', async () => {
		const found = await destinations('distcc', context('evil.example 169.254.169.254 192.0.2.9:1/4,lzo'));
		expect(allowOptions(found).filter(([option]) => option === '--allow')).toEqual(
			['10.0.0.1:3632', '192.0.2.1:3632', '192.0.2.9:1'].map((one) => ['--allow', one]),
		);
		expect(messages(found).at(-1)).toBe(
			'ewarn Portcullis: a/b-1: distcc host 169.254.169.254 stays blocked: it is a reserved address (link-local: may serve cloud metadata). To allow it, add to make.conf: PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} 169.254.169.254:3632"',
		);
	});

	test.each([
		['127.0.0.1:3633', '127.0.0.1:3633'],
		['localhost:3633/8,lzo', '127.0.0.1:3633'],
		['[::1]:3633', '[::1]:3633'],
		['192.0.2.9 127.0.0.1:3633 localhost/2', '127.0.0.1:3633'],
	])(
		'for a distcc tunnel on loopback with DISTCC_HOSTS="%s", Portcullis suggests to add %s to PORTCULLIS_ALLOW',
		async (hosts, word) => {
			const lines = messages(await destinations('distcc', context(hosts))).filter((line) => line.startsWith('ewarn'));
			expect(lines).toEqual([
				expect.stringContaining('the word distcc in PORTCULLIS_ALLOW does not allow loopback addresses'),
			]);
			expect(lines[0]).toContain(`To allow it, add to make.conf: PORTCULLIS_ALLOW="\${PORTCULLIS_ALLOW} ${word}"`);
		},
	);

	test('Portcullis does not report localhost:PORT of DISTCC_HOSTS (a tunnel) as blocked if PORTCULLIS_ALLOW contains it, nor localhost without a port (local compilation)', async () => {
		expect(messages(await destinations('distcc 127.0.0.1:3633', context('127.0.0.1:3633')))).toEqual([]);
		expect(messages(await destinations('distcc 127.0.0.0/8:3633', context('127.0.0.1:3633')))).toEqual([]);
		expect(messages(await destinations('distcc', context('localhost/4')))).toEqual([
			expect.stringContaining('distcc has no remote host'),
		]);
	});
});
