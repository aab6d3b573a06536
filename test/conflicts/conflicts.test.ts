// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conflictLines, describeConflict, evidenceVariables, findConflicts } from '../../src/conflicts/detect.ts';
import { conflicts } from '../../src/conflicts/table.ts';
import { fakerootFrom } from '../../src/rules/phase_context.ts';
import { renderHook } from '../../src/hook/render.ts';
import { paths } from '../../src/installation/paths.ts';
import { resolve } from '../../src/rules/settings.ts';
import { everyCase, type Case } from './cases.ts';

const ordinary = 65_534;
const root = mkdtempSync('/var/tmp/conflicts-');
const cases = everyCase(root);
let server: Server;

beforeAll(async () => {
	// The prefilter also runs as an ordinary user, who must be able to read the files.
	chmodSync(root, 0o755);
	server = createServer().listen(join(root, 'socket'));
	await new Promise((listening) => server.once('listening', listening));
	const { hook, program } = paths(join(root, 'prefix'));
	for (const file of [hook, program]) mkdirSync(join(file, '..'), { recursive: true });
	// A shell prints the lines instead of Node, which takes longer to start.
	writeFileSync(hook, renderHook(join(root, 'prefix'), '/bin/sh'));
	writeFileSync(program, "printf 'found\\newarn started\\ndone\\n'");
});

afterAll(() => {
	server.close();
	// As root, the hook stores its files in /run.
	for (const file of readdirSync('/run')) {
		if (file.includes(root.replaceAll('/', '%'))) rmSync(join('/run', file));
	}
	rmSync(root, { recursive: true });
});

function detect({ features = '', restrict = '', uid = ordinary, environment }: Case, ...more: string[]) {
	const words = [
		...(features.includes('-network-sandbox') ? [] : ['network-sandbox']),
		...features.split(' '),
		...more,
	];
	const settings = resolve(environment);
	const phaseContext = {
		phase: '',
		from: 'ebuild',
		features: words,
		restrict: [restrict],
		properties: [],
		settings,
	};
	const allowed = settings.PORTCULLIS_ALLOW.split(' ');
	const ownSockets = settings.PORTCULLIS_SOCKETS === 'own';
	const context = { environment: full(environment), features: words, uid, processors: 2, allowed, ownSockets };
	return { words, context, found: findConflicts(phaseContext, context) };
}

function full(environment: Case['environment']) {
	return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: join(root, 'nobody'), ...environment };
}

/** Whether the hook starts Node in pkg_setup with this environment. */
function startsNode(words: readonly string[], uid: number, environment: Record<string, string>): boolean {
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
	test(
		one.row === undefined
			? 'for a configuration of cases.ts without a conflict, findConflicts() finds none'
			: `for a configuration of cases.ts with the conflict ${one.row}, findConflicts() finds only this conflict`,
		() => {
			const { context, found } = detect(one);
			expect(found.map(({ conflict }) => conflict.name)).toEqual(one.row === undefined ? [] : [one.row]);
			const texts = conflictLines(found, 'app-misc/foo-1', 'warn', context).map(({ text }) => text);
			const [first] = found;
			if (first === undefined) {
				expect(texts).toEqual([]);
				return;
			}
			const { summary, effect, fixes } = describeConflict(first, context);
			expect(summary).toMatch(/ conflicts with FEATURES="[a-z -]+" \(/);
			expect(summary).toContain(one.evidence);
			expect(texts).toEqual([
				`Portcullis: app-misc/foo-1: ${summary}, so ${effect}. For the fixes, run: portcullis explain app-misc/foo-1`,
			]);
			expect(fixes[0]?.text).toBe('To keep the sandbox, add to make.conf:');
			expect(fixes[0]?.lines).toMatch(/^[A-Z0-9_]+="[^"]*"/);
			const [, without] = fixes.filter(({ text }) => !text.includes('only its hosts'));
			expect(without?.text).toBe('To build without the sandbox, add to make.conf:');
			expect(without?.lines).toMatch(/^FEATURES="\$\{FEATURES\} -[a-z -]+"$/);
		},
	);

	test('for each configuration in cases.ts, the prefilter of the hook starts Node if a conflict is possible, and not otherwise', () => {
		const { uid = ordinary } = one;
		if (uid !== process.getuid?.() && process.getuid?.() !== 0) return;
		const { words } = detect(one);
		expect(startsNode(words, uid, full(one.environment))).toBe(one.row !== undefined || one.prefilters === true);
	});
});

test('evidenceVariables contains each make.conf variable that causes a conflict in cases.ts', () => {
	// Portage does not set these variables of the user's session, so doctor and explain read them from their own environment.
	const session = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'DISPLAY', 'SSH_AUTH_SOCK', 'GPG_AGENT_INFO'];
	const isQueried = (name: string) =>
		evidenceVariables.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
	const names = Object.values(cases).flatMap(({ row, environment }) =>
		row === undefined ? [] : Object.keys(environment),
	);
	expect(names.filter((name) => !isQueried(name) && !session.includes(name))).toEqual([]);
});

test('cases.ts has a case for every conflict in src/conflicts/table.ts except display and fakeroot-tcp, which have tests of their own', () => {
	const rows = new Set(Object.values(cases).map(({ row }) => row));
	for (const { name } of conflicts.filter((row) => !['display', 'fakeroot-tcp'].includes(row.name)))
		expect(rows).toContain(name);
});

test('fakerootFrom() distinguishes fakeroot-tcp from fakeroot-sysv by the name of the program', () => {
	expect(fakerootFrom(['fakeroot'], ordinary, '/usr/bin/fakeroot-tcp')).toBe('tcp');
	expect(fakerootFrom(['fakeroot'], ordinary, '/usr/bin/fakeroot-sysv')).toBe('sysv');
	expect(fakerootFrom(['fakeroot'], 0, '/usr/bin/fakeroot-tcp')).toBe('');
	expect(fakerootFrom([], ordinary, '/usr/bin/fakeroot-tcp')).toBe('');
});

/** Starts an X server, and waits until it writes its number to standard output, because it then accepts connections. */
async function startXvfb(number: number, ...options: string[]): Promise<ChildProcess> {
	const args = [`:${number}`, '-displayfd', '1', '-screen', '0', '64x64x8', ...options];
	const child = spawn('Xvfb', args, { stdio: ['ignore', 'pipe', 'ignore'] });
	await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
	return child;
}

test('an X display is a conflict if it has only an abstract socket, or if PORTCULLIS_SOCKETS=own refuses its socket file', async () => {
	const number = 4_000 + (process.pid % 1_000);
	const environment = { DISPLAY: `:${number}.0` };
	const own = { ...environment, PORTCULLIS_SOCKETS: 'own' };
	const allowed = { ...own, PORTCULLIS_ALLOW: `unix:/tmp/.X11-unix/X${number}` };
	for (const abstract of [true, false]) {
		const child = await startXvfb(number, ...(abstract ? ['-nolisten', 'unix'] : []));
		try {
			expect(existsSync(`/tmp/.X11-unix/X${number}`)).toBe(!abstract);
			const names = (environment: Case['environment']) =>
				detect({ environment }).found.map(({ conflict }) => conflict.name);
			expect(names(environment)).toEqual(abstract ? ['display'] : []);
			expect(names(own)).toEqual(['display']);
			expect(names(allowed)).toEqual(abstract ? ['display'] : []);
			const { words } = detect({ environment });
			expect(startsNode(words, process.getuid?.() ?? 0, full(environment))).toBe(abstract);
			expect(startsNode(words, process.getuid?.() ?? 0, full(own))).toBe(true);
		} finally {
			const ended = once(child, 'exit');
			child.kill();
			await ended;
		}
	}
});

describe('conflictLines', () => {
	const both: Case = {
		features: 'distcc',
		environment: { DISTCC_HOSTS: '10.1.1.1', http_proxy: 'localhost:1', MAKEOPTS: '-j40 -l5' },
	};

	test('with PORTCULLIS_CONFLICT=die, a message about each conflict precedes a die message with the command that lists the fixes, and no message describes effects on the build, which stops', () => {
		const { context, found } = detect(both);
		const lines = conflictLines(found, 'app-misc/foo-1', 'die', context);
		expect(lines.at(-1)).toEqual({
			verb: 'die',
			text: 'Portcullis: app-misc/foo-1: the build stops, because PORTCULLIS_CONFLICT="die" is set and a sandbox conflicts with: distcc, a proxy on loopback. For the fixes, run: portcullis explain app-misc/foo-1',
		});
		const text = lines.map(({ text }) => text).join('\n');
		expect(text).toContain('FEATURES contains distcc');
		expect(text).toContain('http_proxy is localhost:1');
		expect(text).not.toMatch(/compiles on this machine|MAKEOPTS|cannot reach the proxy/);
	});

	test('for every package, a message about a conflict has the same deduplication key, so each run of emerge prints the message once', () => {
		const { context, found } = detect(both);
		const keys = ['a/b-1', 'c/d-2'].map((cpv) => conflictLines(found, cpv, 'warn', context).map(({ once }) => once));
		expect(keys[0]).toEqual(keys[1]);
		expect(new Set(keys[0]).size).toBe(keys[0]?.length);
		expect(keys[0]).not.toContain(undefined);
	});

	test('with PORTCULLIS_CONFLICT=die, each conflict of src/conflicts/table.ts stops the build', () => {
		const { context } = detect(both);
		for (const conflict of conflicts) {
			const found = [{ conflict, evidence: [{ text: 'evidence' }], confinements: conflict.with }];
			expect(conflictLines(found, 'a/b-1', 'die', context).at(-1)?.verb).toBe('die');
		}
	});

	test('with PORTCULLIS_CONFLICT=ignore, conflictLines() returns no message', () => {
		const { context, found } = detect(both);
		expect(conflictLines(found, 'app-misc/foo-1', 'ignore', context)).toEqual([]);
	});

	const fixesOf = (one: Case) => {
		const { context, found } = detect(one);
		return found.flatMap((conflict) =>
			describeConflict(conflict, context).fixes.map(({ text, lines }) => `${text} ${lines}`),
		);
	};

	test('if the sandbox blocks distcc and MAKEOPTS has more than two jobs per processor, one suggested fix is a lower number of jobs', () => {
		const lower = 'To run only as many jobs as this machine has processors, add to make.conf: MAKEOPTS="-j2"';
		const fixes = (makeopts: string) => fixesOf({ ...both, environment: { ...both.environment, MAKEOPTS: makeopts } });
		for (const many of ['-j40', '--jobs=16 -l2', '-k -j 5']) expect(fixes(many)).toContain(lower);
		for (const few of ['', '-j', '-j2', '-j4', '--jobs=3']) expect(fixes(few)).not.toContain(lower);
	});

	test('a fix adds all variables to ENV_UNSET in one line, which keeps the variables that ENV_UNSET contains already', () => {
		expect(fixesOf({ environment: { http_proxy: 'localhost:1', https_proxy: 'localhost:1' } })[0]).toBe(
			'To keep the sandbox, add to make.conf: ENV_UNSET="${ENV_UNSET} http_proxy https_proxy"',
		);
	});

	test('if several variables indicate one conflict, the first fix changes each variable for which a fix exists, such as CC="distcc gcc" to CC="gcc"', () => {
		const environment = { DISTCC_HOSTS: 'far', CC: 'distcc gcc', CXX: 'distcc g++' };
		expect(fixesOf({ features: 'distcc', environment }).slice(0, 2)).toEqual([
			'To keep the sandbox, add to make.conf: FEATURES="${FEATURES} -distcc" CC="gcc" CXX="g++"',
			'To let distcc reach only its hosts, add to make.conf: PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} distcc"',
		]);
	});
});
