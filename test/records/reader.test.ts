// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import {
	linkSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownSockets } from '../../src/rules/settings.ts';
import { confinements } from '../../src/rules/phases.ts';
import { trackingMethods, ipcKinds, limits, modes, routes, type RunRecord } from '../../src/records/schema.ts';
import { scan } from '../../src/records/reader.ts';
import { collect, matcher } from '../../src/records/report/collect.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'records-'))));
afterAll(() => {
	rmSync(folder, { recursive: true });
});

function file(text: string): string {
	const name = join(folder, `records-${Math.random()}`);
	writeFileSync(name, text);
	return name;
}

function read(text: string) {
	const records: RunRecord[] = [];
	const unread = scan([{ file: file(text), named: false }], (one) => records.push(one));
	return { records, unread };
}

const plain = {
	schema: 1,
	time: '2026-11-24T21:50:00.123Z',
	package: 'app-misc/foo-1',
	phase: 'compile',
	mode: 'userns',
	tracking: 'cgroup+pidns',
	requested: ['net', 'ipc'],
	applied: { net: 'confine', ipc: 'portage' },
	missing: [],
	status: { exit: 7 },
	wall: 1.5,
	user: 0.25,
	system: 0.5,
	memory_peak: 12345678,
	processes: 12,
	accounting: { time: 'cgroup', memory: 'rusage' },
};
const line = (members: object = {}) => `${JSON.stringify({ ...plain, ...members })}\n`;

describe('scan()', () => {
	test('scan() reads a record that confine has written', () => {
		const record = join(folder, 'real');
		const options = ['--net', '--ipc', '--audit', '--best-effort', '--record', record, '--label', 'package=a/b-1'];
		execFileSync('native/build/confine', [...options, '--label', 'phase=test', '--', 'sleep', '0.05']);
		const found: RunRecord[] = [];
		expect(scan([{ file: record, named: false }], (one) => found.push(one))).toEqual([]);
		expect(found).toHaveLength(1);
		expect(found[0]).toMatchObject({ package: 'a/b-1', phase: 'test', status: { exit: 0 } });
	});

	test('the schema of src/records contains every mode, limit, route, kind of IPC object and tracking method that confine can write', () => {
		const source = readdirSync('native', { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.c'))
			.map((name) => readFileSync(join('native', name), 'utf8'))
			.join('\n');
		const words = (pattern: RegExp) =>
			[...(pattern.exec(source)?.[0] ?? '').matchAll(/"([a-z+.]+)"/g)].map(([, word]) => word);
		expect(words(/mode_names\[\] = \{.*\}/)).toEqual(modes);
		expect(words(/limit_files\[LIMITS\] = \{.*\}/)).toEqual(limits);
		expect(words(/(?<=kinds\[\] = \{).*"mqueue"/)).toEqual(ipcKinds);
		expect(words(/ routes\[\] = \{.*\}/)).toEqual(routes);
		expect(words(/^static const char \*tracking_method\([^]*?^\}/m).sort()).toEqual([...trackingMethods].sort());
		const missed = [...source.matchAll(/result_add_missing\([^,]*result, ([^,]*),/g)].filter(
			([, what]) => !/^const/.test(what ?? ''),
		);
		expect([...words(/ isolation_names\[ISOLATIONS\] = \{.*\}/), 'cgroup']).toEqual(confinements);
		expect(new Set(missed.map(([, what]) => what))).toEqual(
			new Set(['"cgroup"', '"net"', `"${ownSockets}"`, 'isolation_names[i].name', 'limit_files[i]']),
		);
	});

	const linesOf = (name: string) => readFileSync(`test/records/${name}.jsonl`, 'utf8').trimEnd().split('\n');

	test('scan() refuses every forged record in test/records/forged.jsonl, and reads every record in test/records/valid.jsonl', () => {
		expect(linesOf('forged').filter((one) => read(`${one}\n`).records.length > 0)).toEqual([]);
		expect(linesOf('valid').flatMap((one) => read(`${one}\n`).unread)).toEqual([]);
	});

	test('if scan() cannot read a line, the reason that scan() returns contains no text of the line', () => {
		const reasons = linesOf('forged').flatMap((one) => read(`${one}\n`).unread.map(({ why }) => why));
		expect(reasons.filter((why) => !/^[a-zA-Z_., 0-9+-]+$/.test(why))).toEqual([]);
		expect(reasons.join(' ')).not.toMatch(/secret|owned|script|sandbox/);
	});

	test('collect() returns exit status 128 + N for a phase that signal N killed, and byPortage=true for a phase that Portage isolated', () => {
		const text = line({ status: { signal: 9 } }) + line();
		expect(collect([{ file: file(text), named: false }], {}).recent).toMatchObject([
			{ exit: 137 },
			{ exit: 7, byPortage: true, cpu: 0.75, memory: 12345678 },
		]);
	});

	test('scan() counts lines that are invalid, truncated or of an unknown schema, and reads the other lines', () => {
		const { records, unread } = read(`${line()}{"schema":1\n\n${line()}{"schema":2}\n${line().slice(0, 40)}`);
		expect(records).toHaveLength(2);
		expect(unread).toMatchObject([{ lines: 3, why: 'the line is not JSON' }]);
	});

	test('scan() reads the longest line that confine can write, which is longer than the read buffer', () => {
		const word = '\\u0001'.repeat(511);
		const one = `{"comm":"x","argv":["${word}"],"parents":["${word}"],"address":"192.0.2.1","port":1,"protocol":"tcp","count":1}`;
		const name = one.replace('"address":"192.0.2.1","port":1,"protocol":"tcp"', '"name":"a","type":"A"');
		const list = (text: string, count: number) => `[${Array(count).fill(text).join(',')}]`;
		const long = line().replace('{', `{"blocked":${list(one, 256)},"names":${list(name, 256)},`);
		expect(long.length).toBeGreaterThan(3 << 20);
		const { records, unread } = read(line() + long + line());
		expect(unread).toEqual([]);
		expect(records.map(({ blocked }) => blocked.length)).toEqual([0, 256, 0]);
		expect(records[1]?.blocked[255]?.argv).toEqual(['?'.repeat(511)]);
	});

	test('scan() counts a line above the maximum length of a record as one unreadable line, and reads the next line', () => {
		const { records, unread } = read(`${line()}${'{"schema":1,'.repeat(2_000_000)}\n${line()}`);
		expect(records).toHaveLength(2);
		expect(unread).toMatchObject([{ lines: 1, why: 'the line is longer than any record' }]);
		expect(read(`${line()}${'['.repeat(20_000_000)}`).unread).toMatchObject([{ lines: 1 }]);
	});

	test('scan() reads at most 1 GiB of a file, such as a sparse file of 1 TiB', () => {
		const name = file(line());
		truncateSync(name, 2 ** 40);
		const found: RunRecord[] = [];
		const [unread] = scan([{ file: name, named: false }], (one) => found.push(one));
		expect(found).toHaveLength(1);
		expect(unread?.lines).toBe(2);
	});

	test.each(['symlink', 'hard link', 'FIFO', 'folder', 'device'])(
		'scan() does not read a %s that has the name of a records file, and reports that',
		(kind) => {
			const name = `${file(line())}-link`;
			const target = name.replace('-link', '');
			if (kind === 'symlink') symlinkSync(target, name);
			else if (kind === 'hard link') linkSync(target, name);
			else if (kind === 'folder') mkdirSync(name);
			else execFileSync(kind === 'FIFO' ? 'mkfifo' : 'mknod', kind === 'FIFO' ? [name] : [name, 'c', '1', '5']);
			const unread = scan([{ file: name, named: false }], () => expect.unreachable());
			expect(unread).toEqual([{ file: name, lines: 0, why: expect.stringContaining('not a regular file') as string }]);
		},
	);

	test('scan() follows a symbolic link if the file was named on the command line', () => {
		const name = `${file(line())}-link`;
		symlinkSync(name.replace('-link', ''), name);
		const count = (source: string) => {
			let found = 0;
			scan([{ file: source, named: true }], () => found++);
			return found;
		};
		expect(count(name)).toBe(1);
		expect(() => scan([{ file: `${name}-gone`, named: true }], () => undefined)).toThrow('ENOENT');
		expect(scan([{ file: `${name}-gone`, named: false }], () => undefined)).toEqual([]);
	});
});

test.each([
	['dev-libs/foo-bar-1.2_p3-r4', 'foo-bar', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'dev-libs/foo-bar', true],
	['dev-libs/foo-bar-1.2_p3-r4', '=dev-libs/foo-bar-1.2_p3-r4', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'foo-bar-1.2_p3-r4', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'foo', false],
	['dev-libs/foo-bar-1.2_p3-r4', 'dev-libs', false],
])('matcher() for package %s and the PACKAGE argument %s of portcullis report returns %s', (cpv, name, answer) => {
	expect(matcher(name)(cpv)).toBe(answer);
});

describe('collect()', () => {
	const blocked = (address: string, count: number) => ({
		comm: 'curl',
		argv: ['curl', address],
		address,
		port: 443,
		protocol: 'tcp',
		count,
	});
	test('collect() merges the same destination of two builds, and counts attempts whose process is unknown', () => {
		const records = [
			line({ watched: 'yes', unreachable: 5, unattributed: 2, blocked: [blocked('198.51.100.7', 3)] }),
			line({ time: '2026-11-25T00:00:00.000Z', watched: 'yes', unreachable: 4, blocked: [blocked('198.51.100.7', 4)] }),
		];
		const sum = collect([{ file: file(records.join('')), named: false }], {});
		expect(sum).toMatchObject({ phases: 2, counts: { blocked: 9 }, blockedPhases: 2, failed: 2 });
		const [event, ...more] = sum.events.values();
		expect(more).toEqual([]);
		expect(event).toMatchObject({ runs: 2, counts: { blocked: 9 }, time: '2026-11-25T00:00:00.000Z' });
		expect(event?.blocked).toEqual([
			{ command: 'curl 198.51.100.7', destination: '198.51.100.7:443', protocol: 'tcp', count: 7 },
		]);
	});

	test('collect() selects records by time and by package', () => {
		const text = line() + line({ time: '2026-11-25T00:00:00.000Z' }) + line({ package: 'app-misc/bar-2' });
		expect(collect([{ file: file(text), named: false }], { since: '2026-11-25' }).phases).toBe(1);
		expect(collect([{ file: file(text), named: false }], { package: 'bar' }).phases).toBe(1);
		expect(collect([{ file: file(text), named: false }], { package: 'ba' }).phases).toBe(0);
	});

	test('for 3,000 phases, collect() counts all killed processes, but stores at most 2,000 phases with at most 16 killed processes each', () => {
		const many = Array.from({ length: 3000 }, (_, at) =>
			line({
				package: `a/b-${at}`,
				orphan_count: 99,
				orphans: Array.from({ length: 30 }, () => ({ pid: 1, comm: 'x', argv: ['x'], age: 1 })),
			}),
		);
		const sum = collect([{ file: file(many.join('')), named: false }], {});
		expect(sum.counts.killed).toBe(3000 * 99);
		expect(sum.events.size).toBeLessThanOrEqual(2000);
		expect(Math.max(...[...sum.events.values()].map(({ killed }) => killed.length))).toBe(16);
		expect(sum.recent.length).toBeLessThanOrEqual(1500);
	});
});
