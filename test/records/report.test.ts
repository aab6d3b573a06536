// SPDX-License-Identifier: GPL-2.0-or-later
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../src/records/report/collect.ts';
import { reportHtml } from '../../src/records/report/html.ts';
import { sinceTime } from '../../src/cli/commands/report.ts';
import { reportText, statsText } from '../../src/records/report/text.ts';
import { markStyle } from '../../src/util/output.ts';
import { openBrowser, type Browser } from './browser.ts';

const screen = { width: 80, color: false, unicode: true };
const now = new Date('2026-11-24T22:00:00Z');
const hostile = '<script>document.title="owned"</script>\u001b[31m\u202e"&';

function record(members: object): string {
	const status = { exit: 0 };
	const applied = { net: 'confine' };
	const used = { applied, wall: 3.25, user: 2, system: 0.5, memory_peak: 5e7 };
	return `${JSON.stringify({ schema: 1, time: '2026-11-24T21:50:00.000Z', package: 'a/b-1', phase: 'compile', status, ...used, ...members })}\n`;
}

const orphan = { pid: 4242, comm: 'redis', argv: ['redis-server', hostile], age: 31 };
const ipcObjects = [
	{ kind: 'sem', name: '0x0000002a', comm: 'postgres' },
	{ kind: 'mqueue', name: `/${hostile}`, comm: hostile },
];
const attempt = {
	comm: 'curl',
	argv: ['curl', hostile.repeat(20)],
	address: '2001:db8::1',
	port: 443,
	protocol: 'tcp',
	count: 2,
};
const records = [
	record({ phase: 'unpack', time: '2026-11-24T21:49:50.000Z' }),
	record({
		unreachable: 5,
		unattributed: 3,
		blocked: [attempt],
		names: ['A', 'AAAA'].map((type) => ({ name: 'files.example.org', type, comm: 'curl', count: 4 })),
	}),
	record({ package: 'w/w-4', applied: {}, observed: [{ ...attempt, address: '203.0.113.7' }] }),
	record({
		phase: 'test',
		time: '2026-11-24T21:50:04.000Z',
		status: { exit: 1 },
		orphan_count: 3,
		orphans: [orphan],
		ipc_object_count: 5,
		ipc_objects: ipcObjects,
	}),
	record({
		package: 'x/y-2',
		phase: 'prepare',
		time: '2026-11-24T21:49:59.000Z',
		missing: [{ what: 'net', why: 'unshare: Operation not permitted' }],
	}),
	record({ package: 'x/y-2', missing: [{ what: 'net', why: 'unshare: Operation not permitted' }] }),
	record({
		package: 'z/z-3',
		limit_hit: 'memory.max',
		allowed: [{ ...attempt, address: '203.0.113.9', failed: 0 }],
		sockets: [
			{ comm: 'docker', argv: ['docker', hostile], path: '/run/docker.sock', count: 3 },
			{ comm: 'x', path: hostile, count: 1, refused: true },
		],
	}),
];

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'report-'));
	writeFileSync(join(folder, 'records'), records.join(''));
});
afterAll(() => {
	rmSync(folder, { recursive: true });
});

describe('portcullis report', () => {
	const lines = () =>
		reportText(collect([{ file: join(folder, 'records'), named: true }], {}), {
			screen,
			now: now.getTime(),
			whole: false,
		});

	test('portcullis report shows requests to UNIX sockets of the host, and what a build can do with each service behind them', () => {
		const text = lines();
		const at = text.findIndex((line) => line.startsWith('Requests to the host: 1 package'));
		const section = text.slice(at, text.indexOf('', at)).join('\n');
		expect(section).toMatch(/\n {4}\/run\/docker\.sock +3x {2}docker <script>/);
		expect(section).toMatch(/\n {4}<script>.* +1x {2}x\n/);
		expect(section).toContain('container engine: It starts containers as root');
		expect(section).toContain('set PORTCULLIS_SOCKETS="own" in make.conf or');
	});

	test('portcullis report shows a phase whose only event is a request to a socket of the host', () => {
		const sockets = [{ comm: 'docker', path: '/run/docker.sock', count: 1 }];
		writeFileSync(join(folder, 'socket'), record({ sockets }));
		const report = collect([{ file: join(folder, 'socket'), named: true }], {});
		expect(reportText(report, { screen, now: now.getTime(), whole: false })[0]).toMatch(
			/^Requests to the host: 1 package/,
		);
	});

	test('portcullis report shows blocked attempts first, with destination, count and command, on lines of at most 80 columns', () => {
		const text = lines();
		// 5 packets without a route, and 4 lookups of one name.
		expect(text[0]).toBe('Blocked: 9 attempts of 1 package to reach the network');
		expect(text[1]).toMatch(/^ {2}a\/b-1 src_compile {2,}10 min ago$/);
		expect(text[2]).toMatch(/^ {4}files\.example\.org +4x {2}curl/);
		expect(text[3]).toMatch(/^ {4}\[2001:db8::1\]:443 +2x {2}curl <script>/);
		expect(text[4]).toBe('    and 3 more attempts, program not recorded');
		expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(80);
	});

	test('on a terminal with colours, portcullis report prints the heading "Blocked" in red and the heading "Killed" in yellow', () => {
		const report = collect([{ file: join(folder, 'records'), named: true }], {});
		const text = reportText(report, { screen: { ...screen, color: true }, now: now.getTime(), whole: false });
		for (const [name, colour] of [['Blocked', 'red'] as const, ['Killed', 'yellow'] as const]) {
			const heading = lines().find((line) => line.startsWith(`${name}: `)) ?? '';
			expect(text).toContain(markStyle('bold', markStyle(colour, heading)));
		}
	});

	test('portcullis report lists the attempts of phases that nothing isolated as "Would be blocked"', () => {
		const at = lines().indexOf('Would be blocked by network-sandbox: 2 attempts of 1 package');
		expect(lines()[at + 1]).toMatch(/^ {2}w\/w-4 src_compile/);
		expect(lines()[at + 2]).toMatch(/^ {4}203\.0\.113\.7:443 +2x {2}curl/);
	});

	test('portcullis report counts a lookup of a host name as a blocked attempt', () => {
		const names = [{ name: 'files.example.org', type: 'A', comm: 'curl', count: 1 }];
		writeFileSync(join(folder, 'lookup'), record({ names }));
		const report = collect([{ file: join(folder, 'lookup'), named: true }], {});
		const text = reportText(report, { screen, now: now.getTime(), whole: false }).join('\n');
		expect(text).toContain('Blocked: 1 attempt of 1 package');
		expect(text).not.toContain('nothing was blocked');
	});

	test('portcullis report prints lines of at most 60 columns on a terminal of 60 columns, also for wide characters', () => {
		const wide = ['curl', '測試'.repeat(40), '🏗️e\u0301'.repeat(20)];
		const many = Array.from({ length: 9 }, (_, at) =>
			record({ package: `category-with-a-name/package-with-a-long-name-${at}`, blocked: [{ ...attempt, argv: wide }] }),
		);
		writeFileSync(
			join(folder, 'wide'),
			[...records, ...many, record({ missing: [{ what: 'net', why: wide.join(' ') }] })].join(''),
		);
		const report = collect([{ file: join(folder, 'wide'), named: true }], {});
		for (const whole of [false, true]) {
			const text = reportText(report, { screen: { ...screen, width: 60 }, now: now.getTime(), whole });
			expect(text.filter((line) => stringWidth(line) > 60)).toEqual([]);
			expect(text.join('\n')).toContain('測試測試');
		}
		expect(statsText(report, screen).filter((line) => stringWidth(line) > 60)).toEqual([]);
	});

	test('portcullis report has sections for killed processes, removed IPC objects, missing sandboxes and limits, and a summary', () => {
		const text = lines().join('\n');
		expect(text).toContain('Killed: 3 processes left behind by 1 package');
		expect(text).toMatch(/pid 4242 {2}31 s old {2}redis-server/);
		expect(text).toContain('    and 2 more');
		expect(text).toContain('Removed: 5 IPC objects left behind by 1 package');
		expect(text).toMatch(/semaphores 0x0000002a +postgres/);
		expect(text).toContain('    and 3 more');
		// Phases that ran without the same sandbox share one entry.
		expect(text).toMatch(
			/x\/y-2 src_prepare, src_compile +10 min ago\n {4}network-sandbox: unshare: Operation not permitted/,
		);
		expect(text.match(/Operation not permitted/g)).toHaveLength(1);
		expect(text).toContain('\n    memory.max: Raise PORTCULLIS_MEMORY_MAX in make.conf');
		expect(text).toMatch(/7 phases of 4 packages since .*, 4 fully confined, 1\s+failed\.$/);
	});

	test('portcullis report prints no control character from a record', () => {
		// eslint-disable-next-line no-control-regex -- the test searches for control characters
		expect(lines().join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
	});

	test('portcullis report prints one sentence if no record matches', () => {
		expect(reportText(collect([], {}), { screen, now: 0, whole: false })).toEqual(['No matching phase is recorded.']);
	});
});

describe('--since', () => {
	test.each([
		['30m', '2026-11-24T21:30:00.000Z'],
		['12h', '2026-11-24T10:00:00.000Z'],
		['3d', '2026-11-21T22:00:00.000Z'],
		['2w', '2026-11-10T22:00:00.000Z'],
		['2026-11-20T21:50Z', '2026-11-20T21:50:00.000Z'],
		['2026-11-20T21:50', new Date(2026, 10, 20, 21, 50).toISOString()],
		['2026-11-20', new Date(2026, 10, 20).toISOString()],
	])('portcullis report --since="%s" selects the records after %s', (text, time) => {
		expect(sinceTime(text, now)).toBe(time);
	});
	test.each(['', 'last week', '3', '2026-13-01', '5y'])('portcullis report refuses --since="%s"', (text) => {
		expect(() => sinceTime(text, now)).toThrow('is not a time. Use');
	});
});

describe('portcullis report of many records', () => {
	const quiet = (at: number) =>
		`{"schema":1,"time":"2026-11-24T21:50:00.123Z","package":"dev-libs/foo${at}-1","phase":"compile","mode":"root","tracking":"cgroup+pidns","requested":["net","ipc","cgroup"],"applied":{"net":"confine","ipc":"confine","cgroup":"confine"},"missing":[],"status":{"exit":0},"wall":1.500,"user":0.250,"system":0.500,"memory_peak":12345678,"processes":12,"accounting":{"time":"cgroup","memory":"rusage"},"unreachable":0,"watched":"yes","names_watched":"yes"}\n`;

	/** Returns the peak memory of portcullis report in KiB. (`npm run bench` measures the time.) */
	function memory(count: number): number {
		const name = join(folder, `many-${count}`);
		const fd = openSync(name, 'w');
		for (let at = 0; at < count; at += 10_000) {
			writeSync(fd, Array.from({ length: 10_000 }, (_, one) => quiet((at + one) % 70_000)).join(''));
		}
		closeSync(fd);
		const code = `process.argv.splice(2, 0, 'report', '--stats', '--records', ${JSON.stringify(name)}); process.on('exit', () => console.error(process.resourceUsage().maxRSS)); await import(${JSON.stringify(join(process.cwd(), 'dist/portcullis.js'))});`;
		const args = ['--input-type=module', '-e', code, '-'];
		const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
		expect(stdout).toMatch(/^Packages +at least 50000$/m);
		return Number(stderr);
	}

	test('portcullis report --stats counts at most 50,000 packages, and needs no more memory for 300,000 records than for 75,000', () => {
		expect(memory(300_000)).toBeLessThan(memory(75_000) * 1.25);
	}, 120_000);
});

describe('portcullis report --html, in Chromium', () => {
	let browser: Browser;
	let page: string;
	beforeAll(async () => {
		page = join(folder, 'report.html');
		writeFileSync(page, reportHtml(collect([{ file: join(folder, 'records'), named: true }], {}), now));
		browser = await openBrowser();
	}, 60_000);
	afterAll(async () => browser.close());

	const text = (selector: string) =>
		browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);

	test('the page of portcullis report --html shows every section and loads no other file', async () => {
		await browser.open(page, { width: 1100, dark: false });
		expect(await text('#blocked h3')).toMatch(/a\/b-1\s+src_compile/);
		expect(await text('#blocked')).toContain('files.example.org');
		expect(await text('#blocked')).toContain('[2001:db8::1]:443');
		expect(await text('#killed')).toContain('redis-server');
		expect(await text('#removed')).toMatch(/semaphores 0x0000002a\s+postgres/);
		expect(await text('#missing h3')).toMatch(/x\/y-2\s+src_prepare, src_compile/);
		expect(await text('#missing li')).toMatch(/network-sandbox\s+unshare: Operation not permitted/);
		expect(await text('#limit')).toMatch(/memory\.max\s+Raise PORTCULLIS_MEMORY_MAX/);
		expect(await text('#observed')).toContain('203.0.113.7:443');
		expect(await text('#requests')).toContain('/run/docker.sock');
		expect(await text('#allowed')).toContain('203.0.113.9:443');
		expect(await browser.evaluate('document.querySelectorAll("#timeline .track i").length')).toBe(7);
		expect(await browser.evaluate('document.querySelectorAll("#timeline tbody tr").length')).toBe(7);
		expect(await text('#memory')).toContain('48 MiB');
		expect(browser.addresses).toEqual([`file://${page}`]);
		expect(browser.errors).toEqual([]);
	});

	test('on the page of portcullis report --html, the tile "blocked attempts" shows the sum of the attempts in all rows', async () => {
		const sum = `[...document.querySelectorAll('#blocked .times')].reduce((sum, one) => sum + parseInt(one.innerText), 0)`;
		expect(await text('.tiles li:nth-child(4)')).toMatch(/^9\s+blocked attempts$/);
		expect(await browser.evaluate(sum)).toBe(9);
		expect(await text('.tiles li:nth-child(3)')).toMatch(/^1\s+failed phase$/);
	});

	test('on the page of portcullis report --html, the box of each phase shows a fix, and the time as date and clock time', async () => {
		expect(
			await browser.evaluate(
				'[...document.querySelectorAll("article")].filter((one) => !one.querySelector(".advice")).length',
			),
		).toBe(0);
		expect(await text('#blocked .when')).toMatch(/^2026-11-\d\d \d\d:\d\d$/);
		expect(await text('#blocked .advice')).toContain('portcullis allow --write a/b');
		expect(await text('#blocked .advice:last-child')).toContain('(curl or wget), add the file to SRC_URI');
	});

	test('the page of portcullis report --html shows HTML tags from a record as text', async () => {
		expect(await browser.evaluate('document.title')).toBe('Portcullis: Build report');
		expect(await browser.evaluate('document.scripts.length')).toBe(0);
		expect(await text('#killed')).toContain('<script>document.title=');
	});

	test.each([
		[1280, true],
		[1280, false],
		[400, false],
		[320, true],
	])(
		'the page of portcullis report --html fits a width of %i pixels and has the contrast of WCAG AA (dark mode: %s)',
		async (width, dark) => {
			await browser.open(page, { width, dark });
			await browser.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
			expect(await browser.evaluate('innerWidth')).toBe(width);
			expect(await browser.evaluate('document.scrollingElement.scrollWidth')).toBeLessThanOrEqual(width);
			expect(await browser.evaluate('document.querySelector(".scroll").scrollWidth')).toBeLessThanOrEqual(width);
			const contrasts = (await browser.evaluate(contrastScript)) as [string, number][];
			expect(contrasts.length).toBeGreaterThan(20);
			expect(contrasts.filter(([, contrast]) => contrast < 4.5)).toEqual([]);
			const paper = (await browser.evaluate('getComputedStyle(document.body).backgroundColor')) as string;
			expect(Number(/\d+/.exec(paper)?.[0]) < 128).toBe(dark);
		},
	);
});

/** Returns the contrast of each text with its background, computed as in WCAG 2. */
const contrastScript = `
const light = (colour) => {
	const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
	for (let one = element; one; one = one.parentElement) {
		const colour = getComputedStyle(one).backgroundColor;
		if (!/, 0\\)$/.test(colour)) return colour;
	}
	return 'rgb(255,255,255)';
};
[...document.querySelectorAll('main *, header *, footer')]
	.filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
	.map((one) => {
		const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
		return [one.innerText.slice(0, 20), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
	});
`;
