// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { additionsFor, atomOf, AttemptedDestinations, checkAddition } from '../../src/records/allowance.ts';
import { problem } from '../../src/rules/settings.ts';

describe('atomOf()', () => {
	test.each([
		['dev-python/foo', 'dev-python/foo'],
		['dev-python/foo-1.2_rc3-r1', '=dev-python/foo-1.2_rc3-r1'],
		['>=dev-libs/c++-2', '>=dev-libs/c++-2'],
		['dev-python/foo:0', 'dev-python/foo:0'],
		['x11-libs/gtk-doc-am', 'x11-libs/gtk-doc-am'],
	])('atomOf() returns for %s the atom %s', (word, atom) => {
		expect(atomOf(word)).toBe(atom);
	});

	test.each(['foo', 'dev-python/', 'a/b c', 'a/b\nc', '../a/b', 'a/b#', '*/*'])('atomOf() refuses "%s"', (word) => {
		expect(atomOf(word)).toBeUndefined();
	});
});

test('additionsFor() returns a file below env/ with the PORTCULLIS_ALLOW line, and the line of package.env for this file', () => {
	const list = '192.0.2.1:80 [2001:db8::1]:443';
	expect(problem('PORTCULLIS_ALLOW', list)).toBeUndefined();
	expect(additionsFor('app-misc/foo:2', '/p', list.split(' '))).toEqual([
		{ file: '/p/etc/portage/env/allow-app-misc_foo_2.conf', lines: [`PORTCULLIS_ALLOW="${list}"`] },
		{ file: '/p/etc/portage/package.env', lines: ['app-misc/foo:2 allow-app-misc_foo_2.conf'] },
	]);
});

describe('AttemptedDestinations', () => {
	const program = { comm: 'curl', argv: ['curl'], script: undefined, parents: [] as string[] };
	const attempt = (address: string, port: number, more: object = {}) => ({
		...{ ...program, address, port, protocol: 'tcp', count: 1, bound: false },
		...more,
	});
	const lookup = (name: string, more: object = {}) => ({ ...program, name, type: 'A', count: 1, ...more });
	type Recorded = Parameters<AttemptedDestinations['add']>[0];

	const attempted = (...records: Partial<Recorded>[]) => {
		const all = new AttemptedDestinations();
		for (const one of records) all.add({ blocked: [], observed: [], names: [], ...one });
		return all;
	};
	/** The entries, with "?" after a guessed port. */
	const entries = (...records: Partial<Recorded>[]) =>
		attempted(...records)
			.entries()
			.map(({ entry, isGuess }) => entry + (isGuess ? '?' : ''));

	test('AttemptedDestinations lists each TCP destination once, and omits UDP and bound sockets', () => {
		expect(
			entries(
				{
					blocked: [
						attempt('192.0.2.1', 80),
						attempt('2001:db8::1', 443),
						attempt('192.0.2.9', 53, { protocol: 'udp' }),
					],
				},
				{ blocked: [attempt('192.0.2.1', 80), attempt('192.0.2.3', 80, { bound: true })] },
			),
		).toEqual(['192.0.2.1:80', '[2001:db8::1]:443']);
	});

	test.each([
		['https://files.example.org/data', 'files.example.org:443'],
		['http://me:secret@files.example.org', 'files.example.org:80'],
		['https://Files.Example.org:8443/data', 'files.example.org:8443'],
		['git@files.example.org:team/code.git', 'files.example.org:22'],
		['git://files.example.org/code', 'files.example.org:9418'],
		['files.example.org', 'files.example.org:443?'],
		['https://other.example.org/', 'files.example.org:443?'],
	])(
		'if a program with the argument %s looks up files.example.org, AttemptedDestinations returns the entry %s ("?" marks a guessed port)',
		(url, entry) => {
			expect(entries({ names: [lookup('files.example.org', { argv: ['get', url] })] })).toEqual([entry]);
			expect(entries({ names: [lookup('files.example.org', { parents: [`make get ${url}`] })] })).toEqual([entry]);
		},
	);

	test('if a program that looks up a host has a URL of this host as argument, AttemptedDestinations omits the port guessed for other lookups of this host; it also omits names with an appended search domain', () => {
		const argv = ['curl', 'http://a.example/'];
		expect(
			entries({
				names: [lookup('a.example'), lookup('a.example.lan'), lookup('b.example'), lookup('a.example', { argv })],
			}),
		).toEqual(['b.example:443?', 'a.example:80']);
		expect(entries({ names: [lookup('a.example', { type: 'PTR' })] })).toEqual([]);
	});

	test('for a blocked connection, AttemptedDestinations returns the host in the URL of the command line instead of the address; for a connection that was not blocked, host and address', () => {
		const one = attempt('192.0.2.1', 443, { argv: ['curl', 'https://a.example/'] });
		expect(entries({ blocked: [one] })).toEqual(['a.example:443']);
		expect(entries({ observed: [one] })).toEqual(['a.example:443', '192.0.2.1:443']);
		const two = attempt('192.0.2.1', 443, { argv: ['curl', 'https://a.example/', 'https://b.example/'] });
		expect(entries({ blocked: [two] })).toEqual(['192.0.2.1:443']);
	});

	test('AttemptedDestinations stores at most 17 destinations of a record with 5,000: one more than portcullis allow accepts', () => {
		const many = Array.from({ length: 5000 }, (_, index) => attempt(`192.0.${index >> 8}.${index & 255}`, 80));
		expect(entries({ blocked: many })).toHaveLength(17);
	});

	test.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', 'fe80::1', '::'])(
		'AttemptedDestinations omits the reserved address %s',
		(address) => {
			const all = attempted({ blocked: [attempt(address, 80), attempt('192.0.2.1', 80)] });
			expect(all.entries()).toEqual([{ entry: '192.0.2.1:80', isGuess: false, host: '192.0.2.1' }]);
			expect(all.reserved.size).toBe(1);
		},
	);

	test.each(['1.2.3.4" \nFEATURES="-sandbox', '192.0.2.1 ', '$(id)', 'a b', ''])(
		'AttemptedDestinations omits %j, which is neither an address nor a host name',
		(text) => {
			expect(entries({ blocked: [attempt(text, 80)], names: [lookup(text)] })).toEqual([]);
		},
	);
});

describe('checkAddition()', () => {
	const env = '/p/etc/portage/env/allow-a_b.conf';
	test.each([
		[env, 'PORTCULLIS_ALLOW="192.0.2.1:80 [2001:db8::1]:443"'],
		[env, 'FEATURES="-network-sandbox"'],
		['/p/etc/portage/package.env', '=a/b-1.2_rc3-r1 allow-a_b-1.conf'],
	])('checkAddition() permits in the file %s the line %s', (file, line) => {
		expect(() => {
			checkAddition({ file, lines: [line] }, '/p');
		}).not.toThrow();
	});

	test.each([
		[env, 'PORTCULLIS_ALLOW="192.0.2.1:80"\nFEATURES="-sandbox"'],
		[env, 'PORTCULLIS_ALLOW="192.0.2.1:80"" FEATURES="-sandbox"'],
		[env, 'PORTCULLIS_ALLOW="$(id):80"'],
		[env, 'PORTCULLIS_ALLOW=""'],
		[env, 'FEATURES="-sandbox"'],
		[env, 'a/b allow-a_b.conf'],
		['/p/etc/portage/env/../bashrc', 'FEATURES="-network-sandbox"'],
		['/p/etc/portage/env/.conf', 'FEATURES="-network-sandbox"'],
		['/p/etc/portage/make.conf', 'FEATURES="-network-sandbox"'],
		['/p/etc/portage/package.env', 'a/b x.conf y.conf'],
		['/p/etc/portage/package.env', 'a/b ../x.conf'],
		['/p/etc/portage/package.env', 'a/b x.conf\n*/* x.conf'],
	])('checkAddition() refuses in the file %s the line %j', (file, line) => {
		expect(() => {
			checkAddition({ file, lines: [line] }, '/p');
		}).toThrow('never writes files or lines of this form');
	});
});
