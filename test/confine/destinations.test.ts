import { lookup } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
	allowOptions,
	destinationLines,
	destinations,
	type Destination,
	type Destinations,
} from '../../src/confine/destinations.ts';
import { buildContextOf } from '../../src/conflicts/build_context.ts';

vi.mock('node:dns/promises');

function found(list: readonly Partial<Destination>[], more: Partial<Destinations> = {}): Destinations {
	const full = list.map((one) => ({
		...{ entry: 'e', host: 'h', addresses: [], reserved: [], port: 80, distcc: false },
		...one,
	}));
	return { list: full, uncovered: [], tunnels: [], distcc: 'not asked for', where: '', ...more };
}

const said = (one: Destinations) => destinationLines(one, 'a/b-1').map(({ verb, text }) => `${verb} ${text}`);

/** So many hosts, each with a name and an address. */
const hosts = (count: number) =>
	Array.from({ length: count }, (_, at) => ({ host: `host${at}`, addresses: [`192.0.2.${at}`] }));

test('as many as confine takes are let through, and only where there are more that is said', () => {
	expect(said(found(hosts(33)))).toEqual([]);
	expect(said(found(hosts(64)))).toEqual([]);
	expect(allowOptions(found(hosts(64)))).toHaveLength(128);
	expect(said(found(hosts(65)))).toEqual([
		'ewarn Portcullis: a/b-1: the rest of PORTCULLIS_ALLOW stays blocked: it comes to more than 64 addresses. ADDRESS/BITS:PORT lets a whole network through.',
	]);
	expect(allowOptions(found(hosts(65)))).toHaveLength(128);
	// One address of many names.
	const same = hosts(65).map((one) => ({ ...one, addresses: ['192.0.2.1'] }));
	expect(said(found(same))).toHaveLength(1);
});

test('what stays blocked, with the way out', () => {
	expect(said(found([{ entry: 'gone:80', host: 'gone' }]))).toEqual([
		'ewarn Portcullis: a/b-1: gone:80 in PORTCULLIS_ALLOW stays blocked: no address of gone can be found. An address needs no looking up.',
	]);
	expect(said(found([], { distcc: 'in use', uncovered: ['@far'] }))).toEqual([
		"ewarn Portcullis: a/b-1: distcc's host @far stays blocked: only hosts with a TCP port are let through (not ssh, not zeroconf). Name it as HOST:PORT, and let distccd listen there.",
	]);
	expect(said(found([], { distcc: 'in use' }))).toEqual([
		'ewarn Portcullis: a/b-1: PORTCULLIS_ALLOW names distcc, which knows no host but this one: name some in DISTCC_HOSTS',
	]);
});

describe('names that stand for reserved addresses', () => {
	test('are named with their addresses, and the way to allow them all the same', () => {
		const one = { entry: 'localhost:3633', host: 'localhost', port: 3633, reserved: ['127.0.0.1', '::1'] };
		expect(said(found([one]))).toEqual([
			'ewarn Portcullis: a/b-1: localhost:3633 in PORTCULLIS_ALLOW stays blocked: localhost is 127.0.0.1 and ::1, an address of this host (loopback). Write the address itself if you mean it: PORTCULLIS_ALLOW="127.0.0.1:3633 [::1]:3633".',
		]);
	});

	test('are blocked in part where other addresses remain', () => {
		const one = { entry: 'a:80', host: 'a', addresses: ['192.0.2.1'], reserved: ['169.254.169.254', '0.0.0.0'] };
		expect(said(found([one]))).toEqual([
			expect.stringMatching(/ a part of a:80 in PORTCULLIS_ALLOW stays blocked: a is 169\.254\.169\.254, a link-local/),
			expect.stringMatching(/ a part of a:80 in PORTCULLIS_ALLOW stays blocked: a is 0\.0\.0\.0, an unspecified/),
		]);
		expect(allowOptions(found([one]))).toEqual([
			['--allow', '192.0.2.1:80'],
			['--resolve', 'a=192.0.2.1'],
		]);
	});

	test('a name for a private address is mentioned; an address that is written down is not', () => {
		const one = { entry: 'nas:80', host: 'nas', addresses: ['192.168.1.7', '2001:db8::1'] };
		expect(said(found([one, { entry: '10.0.0.1:80', host: '10.0.0.1', addresses: ['10.0.0.1'] }]))).toEqual([
			'elog Portcullis: a/b-1: nas:80 leads into a private network: nas is 192.168.1.7',
		]);
	});
});

describe('looking up', () => {
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

	test('a name lets only ordinary addresses through, and a mapped one as the IPv4 address that it is', async () => {
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

	test('an address that PORTCULLIS_ALLOW names is let through, whatever it is', async () => {
		const setting = '127.0.0.1:3633 [::1]:80 169.254.1.1:80 127.0.0.0/8:1';
		expect(allowOptions(await destinations(setting, context('')))).toEqual(
			['127.0.0.1:3633', '[::1]:80', '169.254.1.1:80', '127.0.0.0/8:1'].map((one) => ['--allow', one]),
		);
	});

	test("distcc's hosts pass the same check, addresses too", async () => {
		const found = await destinations('distcc', context('evil.example 169.254.169.254 192.0.2.9:1/4,lzo'));
		expect(allowOptions(found).filter(([option]) => option === '--allow')).toEqual(
			['10.0.0.1:3632', '192.0.2.1:3632', '192.0.2.9:1'].map((one) => ['--allow', one]),
		);
		expect(said(found).at(-1)).toBe(
			'ewarn Portcullis: a/b-1: distcc\'s host 169.254.169.254 stays blocked: it is a link-local address, where cloud metadata is served. Write the address itself if you mean it: PORTCULLIS_ALLOW="169.254.169.254:3632".',
		);
	});

	test.each([
		['127.0.0.1:3633', 'PORTCULLIS_ALLOW="127.0.0.1:3633"'],
		['localhost:3633/8,lzo', 'PORTCULLIS_ALLOW="127.0.0.1:3633"'],
		['[::1]:3633', 'PORTCULLIS_ALLOW="[::1]:3633"'],
		['192.0.2.9 127.0.0.1:3633 localhost/2', 'PORTCULLIS_ALLOW="distcc 127.0.0.1:3633"'],
	])('a tunnel, DISTCC_HOSTS="%s": %s is the answer', async (hosts, answer) => {
		const lines = said(await destinations('distcc', context(hosts))).filter((line) => line.startsWith('ewarn'));
		expect(lines).toEqual([expect.stringContaining(`it is a tunnel on loopback`)]);
		expect(lines[0]).toContain(`${answer} lets it through.`);
	});

	test('a tunnel that is let through is no matter, nor is localhost without a port', async () => {
		expect(said(await destinations('distcc 127.0.0.1:3633', context('127.0.0.1:3633')))).toEqual([]);
		expect(said(await destinations('distcc 127.0.0.0/8:3633', context('127.0.0.1:3633')))).toEqual([]);
		expect(said(await destinations('distcc', context('localhost/4')))).toEqual([
			expect.stringContaining('knows no host but this one'),
		]);
	});
});
