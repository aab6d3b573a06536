import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecord, type RunRecord } from '../../src/record.ts';
import { scan, toQuiet, type Quiet } from '../../src/records.ts';
import { collect, isNamed } from '../../src/report/collect.ts';

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
	const found = { quiet: [] as Quiet[], eventful: [] as RunRecord[], unreadable: [] as string[] };
	scan([file(text)], {
		quiet: (one) => found.quiet.push(one),
		eventful: (one) => found.eventful.push(one),
		unreadable: (why) => found.unreadable.push(why),
	});
	return found;
}

const plain = {
	schema: 1,
	time: '2026-11-24T21:50:00.123Z',
	package: 'app-misc/foo-1',
	phase: 'compile',
	mode: 'userns',
	keeper: 'cgroup+pidns',
	asked: ['net', 'ipc'],
	had: { net: 'confine', ipc: 'portage' },
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

describe('reading records', () => {
	test.each([
		['bare', {}],
		['audited', { unreachable: 0, watched: 'yes', names_seen: 'yes' }],
		[
			'not watched',
			{ unreachable: 0, watched: 'no', watched_why: 'an older listener', names_seen: 'no', names_why: 'x' },
		],
	])('the quick way says what the slow one says: %s', (_, members) => {
		const { quiet, eventful } = read(line(members));
		expect(eventful).toEqual([]);
		expect(quiet).toEqual([toQuiet(parseRecord(line(members)))]);
		expect(quiet[0]).toMatchObject({ exit: 7, byPortage: true, cpu: 0.75, memory: 12345678 });
	});

	test('what confine itself writes is read the quick way', () => {
		const record = join(folder, 'real');
		const options = ['--net', '--ipc', '--audit', '--best-effort', '--record', record, '--label', 'package=a/b-1'];
		execFileSync('native/build/confine', [...options, '--label', 'phase=test', '--', 'sleep', '0.05']);
		const quiet: Quiet[] = [];
		const stop = () => expect.unreachable('this record says nothing');
		scan([record], { quiet: (one) => quiet.push(one), eventful: stop, unreadable: stop });
		expect(quiet).toHaveLength(1);
	});

	test.each([
		['blocked', { unreachable: 1, watched: 'yes', unseen: 1 }],
		['orphans', { orphan_count: 1, orphans: [{ pid: 1, comm: 'x', argv: ['x'], age: 1 }] }],
		['missing', { missing: [{ what: 'net', why: 'no' }] }],
		['killed', { status: { signal: 9 } }],
		['a package with an umlaut', { package: 'app-misc/f\u00fc-1' }],
		['a member of a later version', { more: 1 }],
	])('what has something to tell is read the slow way: %s', (_, members) => {
		const { quiet, eventful } = read(line(members) + line());
		expect(eventful).toEqual([parseRecord(line(members))]);
		expect(quiet).toHaveLength(1);
	});

	test('garbage, a line cut off and a line of another schema are counted, and the rest is read', () => {
		const { quiet, unreadable } = read(`${line()}{"schema":1\n\n${line()}{"schema":2}\n${line().slice(0, 40)}`);
		expect(quiet).toHaveLength(2);
		expect(unreadable).toHaveLength(3);
	});

	test('lines longer than what is read at once', () => {
		const argv = Array.from({ length: 40_000 }, (_, at) => `a long word number ${at} of a command line`);
		const text = line({ orphan_count: 1, orphans: [{ pid: 1, comm: 'x', argv, age: 1 }] });
		const { quiet, eventful } = read(line() + text + line());
		expect(quiet).toHaveLength(2);
		expect(eventful[0]?.orphans[0]?.argv).toHaveLength(40_000);
	});
});

test.each([
	['dev-libs/foo-bar-1.2_p3-r4', 'foo-bar', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'dev-libs/foo-bar', true],
	['dev-libs/foo-bar-1.2_p3-r4', '=dev-libs/foo-bar-1.2_p3-r4', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'foo-bar-1.2_p3-r4', true],
	['dev-libs/foo-bar-1.2_p3-r4', 'foo', false],
	['dev-libs/foo-bar-1.2_p3-r4', 'dev-libs', false],
])('%s is named by %s: %s', (cpv, name, answer) => {
	expect(isNamed(cpv, name)).toBe(answer);
});

describe('adding up', () => {
	const blocked = (address: string, count: number) => ({
		comm: 'curl',
		argv: ['curl', address],
		address,
		port: 443,
		protocol: 'tcp',
		count,
	});
	test('the same destination of two runs is one line; what only the kernel saw is counted', () => {
		const records = [
			line({ watched: 'yes', unreachable: 5, unseen: 2, blocked: [blocked('198.51.100.7', 3)] }),
			line({ time: '2026-11-25T00:00:00.000Z', watched: 'yes', unreachable: 4, blocked: [blocked('198.51.100.7', 4)] }),
		];
		const sum = collect([file(records.join(''))], {});
		expect(sum).toMatchObject({ phases: 2, attempts: 9, blockedPhases: 2, failed: 2 });
		const [event, ...more] = sum.events.values();
		expect(more).toEqual([]);
		expect(event).toMatchObject({ runs: 2, attempts: 9, time: '2026-11-25T00:00:00.000Z' });
		expect(event?.blocked).toEqual([
			{ command: 'curl 198.51.100.7', destination: '198.51.100.7:443', protocol: 'tcp', count: 7 },
		]);
	});

	test('--since and a package choose', () => {
		const text = line() + line({ time: '2026-11-25T00:00:00.000Z' }) + line({ package: 'app-misc/bar-2' });
		expect(collect([file(text)], { since: '2026-11-25' }).phases).toBe(1);
		expect(collect([file(text)], { package: 'bar' }).phases).toBe(1);
		expect(collect([file(text)], { package: 'ba' }).phases).toBe(0);
	});

	test('what a build chose to be endless stays bounded', () => {
		const many = Array.from({ length: 3000 }, (_, at) =>
			line({
				package: `a/b-${at}`,
				orphan_count: 99,
				orphans: Array.from({ length: 30 }, () => ({ pid: 1, comm: 'x', argv: ['x'], age: 1 })),
			}),
		);
		const sum = collect([file(many.join(''))], {});
		expect(sum.killed).toBe(3000 * 99);
		expect(sum.events.size).toBeLessThanOrEqual(2000);
		expect(Math.max(...sum.events.values().map(({ killed }) => killed.length))).toBe(16);
		expect(sum.recent.length).toBeLessThanOrEqual(1500);
	});
});
