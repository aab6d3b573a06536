import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findConflicts, flag } from '../../src/conflicts/detect.ts';
import { conflicts } from '../../src/conflicts/table.ts';
import { fakerootFrom } from '../../src/rules/phase_context.ts';
import { renderHook } from '../../src/hook/render.ts';
import { paths } from '../../src/installation/paths.ts';
import { resolve } from '../../src/rules/settings.ts';
import { everyCase, type Case } from './cases.ts';

const ordinary = 65_534;
const root = mkdtempSync('/var/tmp/collisions-');
const cases = everyCase(root);
let server: Server;

beforeAll(async () => {
	// An ordinary user looks at them too.
	chmodSync(root, 0o755);
	server = createServer().listen(join(root, 'socket'));
	await new Promise((listening) => server.once('listening', listening));
	const { hook, program } = paths(join(root, 'prefix'));
	for (const file of [hook, program]) mkdirSync(join(file, '..'), { recursive: true });
	writeFileSync(hook, renderHook(join(root, 'prefix')));
	writeFileSync(program, "console.log('found\\newarn started\\ndone');");
});

afterAll(() => {
	server.close();
	rmSync(root, { recursive: true });
});

function look({ features = '', restrict = '', uid = ordinary, environment }: Case, ...more: string[]) {
	const words = [
		...(features.includes('-network-sandbox') ? [] : ['network-sandbox']),
		...features.split(' '),
		...more,
	];
	const phaseContext = {
		phase: '',
		from: 'ebuild',
		features: words,
		restrict: [restrict],
		properties: [],
		settings: resolve({}),
	};
	const context = { environment: full(environment), features: words, uid, processors: 2, allowed: [] };
	return { words, context, found: findConflicts(phaseContext, context) };
}

function full(environment: Case['environment']) {
	return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: join(root, 'nobody'), ...environment };
}

/** Whether the hook starts the program in a setup phase with this environment. */
function starts(words: readonly string[], uid: number, environment: Record<string, string>): boolean {
	const { hook } = paths(join(root, 'prefix'));
	const bash = ['bash', join(import.meta.dirname, 'prefilter.bash'), hook, words.join(' ')];
	const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...bash];
	const [program = '', ...args] = uid === process.getuid?.() ? bash : asUser;
	const output = execFileSync(program, args, {
		encoding: 'utf8',
		env: { ...environment, PORTAGE_BUILDDIR: join(root, 'builddir'), PATH: `${environment['PATH'] ?? ''}:/usr/sbin` },
	});
	return output.includes('started');
}

describe.each(Object.entries(cases))('%s', (_, one) => {
	test(one.row === undefined ? 'is no collision' : `is a collision with ${one.row}`, () => {
		const { context, found } = look(one);
		expect(found.map(({ conflict }) => conflict.name)).toEqual(one.row === undefined ? [] : [one.row]);
		const said = flag(found, 'app-misc/foo-1', 'warn', context).map(({ text }) => text);
		if (one.row === undefined) {
			expect(said).toEqual([]);
			return;
		}
		expect(said[0]).toMatch(/^Portcullis: app-misc\/foo-1: .* collides with FEATURES="[a-z -]+": /);
		expect(said[0]).toContain(one.evidence);
		expect(said[1]).toMatch(/^ {2}.* wins: /);
		expect(said[2]).toMatch(
			/[A-Z_]+="[^"]*".* ends it and keeps the sandbox, and FEATURES="-[a-z -]+" ends it the other way/,
		);
	});

	test('smells as it should', () => {
		const { uid = ordinary } = one;
		if (uid !== process.getuid?.() && process.getuid?.() !== 0) return;
		const { words } = look(one);
		expect(starts(words, uid, full(one.environment))).toBe(one.row !== undefined || one.prefilters === true);
	});
});

test('every row has evidence and something that looks alike', () => {
	const rows = new Set(Object.values(cases).map(({ row }) => row));
	for (const { name } of conflicts.filter((row) => !['tracking', 'display', 'fakeroot-tcp'].includes(row.name)))
		expect(rows).toContain(name);
});

test('fakeroot-tcp is told from fakeroot-sysv by its program', () => {
	expect(fakerootFrom(['fakeroot'], ordinary, '/usr/bin/fakeroot-tcp')).toBe('tcp');
	expect(fakerootFrom(['fakeroot'], ordinary, '/usr/bin/fakeroot-sysv')).toBe('sysv');
	expect(fakerootFrom(['fakeroot'], 0, '/usr/bin/fakeroot-tcp')).toBe('');
	expect(fakerootFrom([], ordinary, '/usr/bin/fakeroot-tcp')).toBe('');
});

/** An X server without a socket that has a path, or with one. */
async function serve(number: number, ...options: string[]): Promise<ChildProcess> {
	const child = spawn('Xvfb', [`:${number}`, '-screen', '0', '64x64x8', ...options], { stdio: 'ignore' });
	while (!readFileSync('/proc/net/unix', 'utf8').includes(`/tmp/.X11-unix/X${number}\n`) && child.exitCode === null) {
		await new Promise((again) => setTimeout(again, 20));
	}
	return child;
}

test('a display on an abstract socket is a collision, one on a socket with a path is none', async () => {
	const number = 4_000 + (process.pid % 1_000);
	const one = { environment: { DISPLAY: `:${number}.0` } };
	for (const abstract of [true, false]) {
		const child = await serve(number, ...(abstract ? ['-nolisten', 'unix'] : []));
		try {
			expect(existsSync(`/tmp/.X11-unix/X${number}`)).toBe(!abstract);
			const { words, found } = look(one);
			expect(found.map(({ conflict }) => conflict.name)).toEqual(abstract ? ['display'] : []);
			expect(starts(words, process.getuid?.() ?? 0, full(one.environment))).toBe(abstract);
		} finally {
			const ended = new Promise((gone) => child.once('exit', gone));
			child.kill();
			await ended;
		}
	}
});

describe('what is said', () => {
	const both: Case = {
		features: 'distcc',
		environment: { DISTCC_HOSTS: '10.1.1.1', http_proxy: 'localhost:1', MAKEOPTS: '-j40 -l5' },
	};

	test('die: one text with all of it', () => {
		const { context, found } = look(both);
		const [line, ...more] = flag(found, 'app-misc/foo-1', 'die', context);
		expect(line?.verb).toBe('die');
		expect(line?.text).toContain('FEATURES names distcc');
		expect(line?.text).toContain('http_proxy');
		expect(more).toEqual([]);
	});

	test('die: for every row there is', () => {
		const { context } = look(both);
		for (const conflict of conflicts) {
			const found = [{ conflict, evidence: [{ what: 'seen' }], confinements: conflict.with }];
			expect(flag(found, 'a/b-1', 'die', context).map(({ verb }) => verb)).toEqual(['die']);
		}
	});

	test('ignore: nothing', () => {
		const { context, found } = look(both);
		expect(flag(found, 'app-misc/foo-1', 'ignore', context)).toEqual([]);
	});

	test('MAKEOPTS for a farm, and not what fits this machine', () => {
		const text = (makeopts: string) => {
			const { context, found } = look({ ...both, environment: { ...both.environment, MAKEOPTS: makeopts } });
			return JSON.stringify(flag(found, 'app-misc/foo-1', 'warn', context));
		};
		for (const many of ['-j40', '--jobs=16 -l2', '-k -j 5']) expect(text(many)).toContain('is meant for a farm');
		for (const few of ['', '-j', '-j2', '-j4', '--jobs=3']) expect(text(few)).not.toContain('farm');
	});

	test('two lines for a list are one, as the last one in make.conf would count alone', () => {
		const { context, found } = look({ environment: { http_proxy: 'localhost:1', https_proxy: 'localhost:1' } });
		expect(flag(found, 'a/b-1', 'warn', context)[2]?.text).toContain(' ENV_UNSET="http_proxy https_proxy" ends it');
	});

	test('two lines for FEATURES are one, and evidence without a cure needs none', () => {
		const { context, found } = look({
			features: 'distcc',
			environment: { DISTCC_HOSTS: 'far', CC: 'distcc gcc', CXX: 'distcc g++' },
		});
		expect(flag(found, 'a/b-1', 'warn', context)[2]?.text).toContain(
			' FEATURES="-distcc" CC="gcc" CXX="g++" ends it and keeps',
		);
	});
});
