import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { problem } from '../../src/rules/settings.ts';
import {
	generalAllowance,
	checkAddition,
	narrowAllowance,
	AttemptedDestinations,
} from '../../src/records/allowance.ts';
import { run } from '../../src/cli/commands/allow.ts';

let eprefix: string;
let printed: string;

beforeEach(() => {
	eprefix = mkdtempSync(join(tmpdir(), 'allow-'));
	printed = '';
	vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
		printed += String(text);
		return true;
	});
});

afterEach(() => {
	vi.restoreAllMocks();
	rmSync(eprefix, { recursive: true });
});

function allow(word: string, ...flags: string[]): void {
	run({ values: { eprefix: `${eprefix}/` }, flags: new Set(flags), words: [word], command: undefined });
}

const read = (file: string) => readFileSync(join(eprefix, 'etc/portage', file), 'utf8');

describe('portcullis allow', () => {
	test.each([
		['dev-python/foo', 'dev-python/foo'],
		['dev-python/foo-1.2_rc3-r1', '=dev-python/foo-1.2_rc3-r1'],
		['>=dev-libs/c++-2', '>=dev-libs/c++-2'],
		['dev-python/foo:0', 'dev-python/foo:0'],
		['x11-libs/gtk-doc-am', 'x11-libs/gtk-doc-am'],
	])('portcullis allow %s writes the atom %s', (word, atom) => {
		expect(generalAllowance(word, '')?.[1].lines).toEqual([`${atom} no-network-sandbox.conf`]);
	});

	test.each(['foo', 'dev-python/', 'a/b c', 'a/b\nc', '../a/b', 'a/b#', '*/*'])(
		'portcullis allow refuses the argument "%s"',
		(word) => {
			expect(() => {
				allow(word);
			}).toThrow('CATEGORY/NAME');
		},
	);

	test('portcullis allow without --write prints the lines for both files and changes no file', () => {
		allow('dev-python/foo');
		expect(printed).toBe(
			[
				`# ${eprefix}/etc/portage/env/no-network-sandbox.conf`,
				'FEATURES="-network-sandbox"',
				`# ${eprefix}/etc/portage/package.env`,
				'dev-python/foo no-network-sandbox.conf',
				'',
			].join('\n'),
		);
		expect(() => read('package.env')).toThrow();
	});

	test('portcullis allow --write appends the missing lines and keeps existing lines', () => {
		mkdirSync(join(eprefix, 'etc/portage'), { recursive: true });
		writeFileSync(join(eprefix, 'etc/portage/package.env'), 'sys-libs/glibc   debug.conf');
		allow('dev-python/foo', 'write');
		allow('dev-python/foo', 'write');
		expect(read('package.env')).toBe('sys-libs/glibc   debug.conf\ndev-python/foo no-network-sandbox.conf\n');
		expect(read('env/no-network-sandbox.conf')).toBe('FEATURES="-network-sandbox"\n');
		expect(printed).toContain('unchanged');
	});

	test('if package.env is a folder, portcullis allow --write writes the file portcullis in it', () => {
		mkdirSync(join(eprefix, 'etc/portage/package.env'), { recursive: true });
		allow('dev-python/foo', 'write');
		expect(read('package.env/portcullis')).toBe('dev-python/foo no-network-sandbox.conf\n');
	});
});

describe('narrowAllowance()', () => {
	const attempt = (address: string, port: number, protocol = 'tcp', bound?: true) => ({
		...{ comm: 'curl', argv: ['curl'], script: undefined, parents: [], address, port, protocol, count: 1 },
		...(bound === true ? { bound } : {}),
	});

	const destinationsOf = (records: readonly Parameters<AttemptedDestinations['add']>[0][]) => {
		const all = new AttemptedDestinations();
		for (const one of records) all.add(one);
		return all;
	};

	test('narrowAllowance() lists each TCP destination once, in the syntax of PORTCULLIS_ALLOW', () => {
		const records = [
			{ blocked: [attempt('192.0.2.1', 80), attempt('2001:db8::1', 443), attempt('192.0.2.9', 53, 'udp')] },
			{ blocked: [attempt('192.0.2.1', 80), attempt('192.0.2.3', 80, 'tcp', true)] },
		];
		const [env, line] = narrowAllowance('app-misc/foo:2', '/p', destinationsOf(records)) ?? [];
		expect(env).toEqual({
			file: '/p/etc/portage/env/allow-app-misc_foo_2.conf',
			lines: ['PORTCULLIS_ALLOW="192.0.2.1:80 [2001:db8::1]:443"'],
		});
		expect(line?.lines).toEqual(['app-misc/foo:2 allow-app-misc_foo_2.conf']);
		expect(problem('PORTCULLIS_ALLOW', '192.0.2.1:80 [2001:db8::1]:443')).toBeUndefined();
	});

	test('narrowAllowance() returns undefined if the records contain no TCP destination, or more than 16', () => {
		const many = Array.from({ length: 17 }, (_, index) => attempt(`192.0.2.${index}`, 80));
		expect(narrowAllowance('app-misc/foo', '', destinationsOf([]))).toBeUndefined();
		expect(
			narrowAllowance('app-misc/foo', '', destinationsOf([{ blocked: [attempt('192.0.2.1', 53, 'udp')] }])),
		).toBeUndefined();
		expect(narrowAllowance('app-misc/foo', '', destinationsOf([{ blocked: many }]))).toBeUndefined();
	});

	test('AttemptedDestinations stores at most 17 destinations', () => {
		const many = Array.from({ length: 5000 }, (_, index) => attempt(`192.0.${index >> 8}.${index & 255}`, 80));
		expect(destinationsOf([{ blocked: many }]).endpoints.size).toBe(17);
	});

	test.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', 'fe80::1', '::'])(
		'AttemptedDestinations omits the reserved address %s',
		(address) => {
			const all = destinationsOf([{ blocked: [attempt(address, 80), attempt('192.0.2.1', 80)] }]);
			expect([...all.endpoints]).toEqual(['192.0.2.1:80']);
			expect(all.reserved.size).toBe(1);
		},
	);

	test.each(['1.2.3.4" \nFEATURES="-sandbox', '192.0.2.1 ', '$(id)', 'a b', ''])(
		'AttemptedDestinations omits %j, which is not a valid address',
		(address) => {
			expect(destinationsOf([{ blocked: [attempt(address, 80)] }]).endpoints.size).toBe(0);
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
		}).toThrow('unexpected');
	});
});
