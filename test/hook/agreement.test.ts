// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowFor, confineOptions } from '../../src/confine/options.ts';
import { renderHook } from '../../src/hook/render.ts';
import { paths, run } from '../../src/installation/paths.ts';
import type { PhaseContext } from '../../src/rules/decide.ts';
import { otherPhases, srcPhases, type Fakeroot } from '../../src/rules/phases.ts';
import { resolve } from '../../src/rules/settings.ts';
import { assignments, words } from '../../src/util/environment.ts';

/** `lines`: settings that setup stored. `claimed`: a value of PORTCULLIS_UNPACK that the build has put into its environment. */
const stored = [
	{ folder: 'none', lines: [], claimed: 'confine' },
	{
		folder: 'host',
		lines: ['PORTCULLIS_UNPACK=host', 'PORTCULLIS_ON_FAILURE=die', 'PORTCULLIS_AUDIT=off'],
		claimed: 'confine',
	},
	{ folder: 'only', lines: ['PORTCULLIS_AUDIT=only', 'PORTCULLIS_UNPACK=confine'], claimed: 'host' },
	{
		folder: 'allow',
		lines: [
			'PORTCULLIS_ALLOW=192.0.2.1:80 [2001:db8::]/32:443 10.0.0.0/8:1 unix:/run/x.sock',
			'PORTCULLIS_FAMILIES=alg vsock',
			'PORTCULLIS_SOCKETS=own',
		],
		claimed: 'host',
	},
	{
		folder: 'confine',
		lines: [
			'PORTCULLIS_UNPACK=confine',
			'PORTCULLIS_MEMORY_MAX=8G',
			'PORTCULLIS_PIDS_MAX=9',
			'PORTCULLIS_CPU_MAX=150%',
		],
		claimed: 'host',
	},
];
const restricts = ['', 'mirror network-sandbox', 'xnetwork-sandbox network-sandboxx'];
const properties = ['', 'live', 'test_network', 'live test_network', 'alive test_networks'];
const features = [
	...subsets(['network-sandbox', 'ipc-sandbox', 'cgroup']).map((words) => words.join(' ')),
	'ccache xcgroup network-sandbox-proxy xpid-sandbox mount-sandboxes',
	'ccache\tcgroup  network-sandbox',
	'fakeroot network-sandbox ipc-sandbox cgroup',
];

const moreFeatures = subsets(['pid-sandbox', 'mount-sandbox']).map((words) => words.join(' '));

/** No setting confines these phases, so fewer combinations of settings are enough. `AGREEMENT=all` compares all of them. */
const unconfined = new Set<string>([...otherPhases, 'tomorrow']);

/** The variables of one phase. */
type Case = Readonly<Record<string, string>>;

let root: string;
const eprefix = () => join(root, 'prefix');

beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), 'agreement-'));
	const { confine, hook } = paths(eprefix());
	for (const file of [confine, hook]) mkdirSync(join(file, '..'), { recursive: true });
	writeFileSync(confine, '', { mode: 0o755 });
	writeFileSync(hook, renderHook(eprefix()));
	// pkg_setup writes the settings file. It gets its own folder, so that the other cases do not read that file.
	for (const { folder, lines } of [...stored, { folder: 'setup', lines: [] }]) {
		mkdirSync(join(root, folder, '.ipc'), { recursive: true });
		const builddir = join(root, folder);
		const file =
			process.getuid?.() === 0
				? `${run}.${builddir.replaceAll('/', '%')}-settings`
				: `${builddir}/.ipc/portcullis-settings`;
		writeFileSync(file, [builddir, ...lines].map((line) => `${line}\n`).join(''));
		writeFileSync(join(root, folder, 'environment'), '');
	}
});

afterAll(() => {
	for (const file of readdirSync('/run')) {
		if (file.includes(root.replaceAll('/', '%'))) rmSync(join('/run', file), { force: true });
	}
	rmSync(root, { recursive: true });
});

test('for every phase, FEATURES word, RESTRICT and setting, the generated hook starts confine with the options that confineOptions() returns', async () => {
	const cases = everyCase(process.env['AGREEMENT'] === 'all' ? undefined : casesOfAllTriples());
	const confined = await agree(cases);
	// The comparison would also succeed if neither the hook nor confineOptions() confined a phase.
	expect(confined).toBeGreaterThan(cases.length / 8);
	expect(confined).toBeLessThan(cases.length);
}, 3_600_000);

test.each([
	{ FAKEROOTKEY: '4711', LD_PRELOAD: '/x/libfakeroot-sysv.so', is: 'sysv' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libsandbox.so:libfakeroot-tcp.so', is: 'tcp' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libfakeroot.so', is: 'tcp' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libelse.so', is: '' },
	{ LD_PRELOAD: 'libfakeroot-sysv.so', is: 'alone' },
] as const)(
	'under fakeroot ($LD_PRELOAD, key $FAKEROOTKEY), the generated hook starts confine with the options that confineOptions() returns',
	async ({ is, ...started }) => {
		const cases = everyCase(
			({ phase, feature, more, restrict, property, folder, name }) =>
				name !== '' &&
				`${more}${restrict}${property}${folder}` === 'none' &&
				(!unconfined.has(phase) || feature === features.at(-1)),
		);
		expect(await agree(cases, started, is)).toBeGreaterThan(0);
	},
);

test('FAKEROOTKEY and LD_PRELOAD do not change the options of confine if only the bash environment that Portage saves between phases contains them, and not the environment of the process', () => {
	const [one = {}] = everyCase(
		({ phase, feature, more, restrict, property, folder, name }) =>
			[phase, feature, more, restrict, property, folder, name].join() ===
			'install,network-sandbox ipc-sandbox cgroup,,,,none,PORTAGE_',
	);
	const saved = { FAKEROOTKEY: '4711', LD_PRELOAD: '/x/libfakeroot-tcp.so' };
	const [withSaved, plain] = [{ ...one, ...saved }, one].map((each) => withoutFiles(askBash([each])[0] ?? ''));
	expect(plain).toContain('--net');
	expect(withSaved).toEqual(plain);
});

/** Compares the hook with confineOptions() for each case. Returns how many cases are confined. `started` is the environment of the phase's process. */
async function agree(
	cases: readonly Case[],
	started: Readonly<Record<string, string>> = {},
	fakeroot: Fakeroot = '',
): Promise<number> {
	const answers = askBash(cases, started);
	expect(answers).toHaveLength(cases.length);
	let confined = 0;
	for (const [index, environment] of cases.entries()) {
		const phaseContext = phaseContextOf(environment, fakeroot);
		const options = confineOptions('app-misc/foo-1.2_p3-r1', phaseContext, await allowFor(phaseContext, environment));
		const bash = withoutFiles(answers[index] ?? '');
		if (bash.join(' ') !== options.join(' ')) expect({ environment, bash }).toEqual({ environment, bash: options });
		if (options.length > 0) confined++;
	}
	return confined;
}

function phaseContextOf(environment: Case, fakeroot: Fakeroot): PhaseContext {
	const list = (name: string) => words(environment[`PORTAGE_${name}`] ?? environment[name]);
	const settings = stored.find(({ folder }) => environment['T'] === join(root, folder));
	return {
		phase: environment['EBUILD_PHASE'] ?? '',
		from: environment['EMERGE_FROM'] ?? '',
		features: list('FEATURES'),
		restrict: list('RESTRICT'),
		properties: list('PROPERTIES'),
		settings: resolve(assignments(settings?.lines ?? [])),
		fakeroot,
	};
}

/** The values from which mixedCases() makes the variables of a case. */
type Values = Readonly<Record<'phase' | 'feature' | 'more' | 'restrict' | 'property' | 'folder' | 'name', string>>;

/** Returns the cases for which `chosen` returns true. Calls `chosen` for the cases in an order that mixes all values. */
function everyCase(chosen: (values: Values) => boolean = () => true): Case[] {
	const found = mixedCases()
		.filter(({ values }) => chosen(values))
		.map(({ one }) => one);
	const [first] = found;
	return [...found, ...['binary', ''].map((from) => ({ ...first, EMERGE_FROM: from, EBUILD_PHASE: 'compile' }))];
}

let mixed: { values: Values; one: Case }[] | undefined;

function mixedCases(): { values: Values; one: Case }[] {
	if (mixed !== undefined) return mixed;
	const cases: { values: Values; one: Case }[] = [];
	for (const phase of [...srcPhases, ...unconfined])
		for (const [feature, more] of features.flatMap((one) => moreFeatures.map((two) => [one, two] as const)))
			for (const restrict of restricts)
				for (const property of properties)
					for (const { folder, claimed } of stored)
						for (const name of ['PORTAGE_', '']) {
							// With PORTCULLIS_AUDIT=only, a phase gets no sandbox whatever the other values are, so half of the cases are enough.
							if (folder === 'only' && name === '') continue;
							// PORTCULLIS_ALLOW depends only on whether the network is isolated.
							if (folder === 'allow' && (name === '' || !['', 'live'].includes(property))) continue;
							// pid-sandbox and mount-sandbox do not depend on each other, so the cases with one of them are fewer.
							if (['pid-sandbox', 'mount-sandbox'].includes(more) && `${restrict}${property}` !== '') continue;
							const one = {
								EBUILD_PHASE: phase,
								EMERGE_FROM: 'ebuild',
								// The hook reads Portage's own copies. A build can change the other variables.
								...(name === ''
									? {}
									: { FEATURES: 'network-sandbox cgroup', RESTRICT: 'network-sandbox', PROPERTIES: 'live' }),
								[`${name}FEATURES`]: `${feature} ${more}`,
								[`${name}RESTRICT`]: restrict,
								[`${name}PROPERTIES`]: property,
								PORTCULLIS_UNPACK: claimed,
								// Portage sets FAKEROOTKEY for a phase under fakeroot. The variable has no effect without libfakeroot in LD_PRELOAD.
								FAKEROOTKEY: property === 'live' ? '624324191' : '',
								// These two phases write or remove the settings file.
								PORTAGE_BUILDDIR: join(root, ['setup', 'clean'].includes(phase) ? 'setup' : folder),
								T: join(root, folder),
							};
							cases.push({ values: { phase, feature, more, restrict, property, folder, name }, one });
						}
	// The order mixes all values: 7919 is a prime number, so that each case gets a turn of its own.
	const turns = cases.map((each, index) => ({ ...each, turn: (index * 7919) % cases.length }));
	return (mixed = turns.sort((a, b) => a.turn - b.turn));
}

/**
 * Returns a function that chooses cases so that every three values that can occur together (with a phase that is never confined: every two)
 * occur together in a chosen case. Prefers cases with many new triples, so that a few percent of the cases are enough.
 */
function casesOfAllTriples(): (values: Values) => boolean {
	const numbers = new Map<string, number>();
	const numbered = mixedCases().map(({ values }) => ({
		values,
		parts: Object.entries(values).map((entry) => {
			const key = entry.join('=');
			if (!numbers.has(key)) numbers.set(key, numbers.size);
			return numbers.get(key) ?? 0;
		}),
	}));
	// One byte for each triple, because a Set would need seconds.
	const seen = new Uint8Array(numbers.size ** 3);
	const chosen = new Set<Values>();
	for (const least of [24, 16, 10, 6, 3, 1])
		for (const { values, parts } of numbered) {
			const fresh: number[] = [];
			for (const [i, a] of parts.entries())
				for (let j = i + 1; j < parts.length; j++)
					for (let k = j + 1; k < parts.length; k++) {
						const b = parts[j] ?? 0;
						const c = i === 0 && unconfined.has(values.phase) ? b : (parts[k] ?? 0);
						const triple = (a * numbers.size + b) * numbers.size + c;
						if (seen[triple] === 0) fresh.push(triple);
					}
			if (fresh.length < least) continue;
			for (const triple of fresh) seen[triple] = 1;
			chosen.add(values);
		}
	return (values) => chosen.has(values);
}

/** Runs the hook in bash for each case. Returns the arguments of confine for each case, '' if the hook does not start confine. */
function askBash(cases: readonly Case[], started: Readonly<Record<string, string>> = {}): string[] {
	const file = join(root, 'cases');
	const { hook } = paths(eprefix());
	const lines = cases.map((one) =>
		Object.entries(one)
			.map(([name, value]) => `${name}=${value}`)
			.join('\x1f'),
	);
	writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
	const script = join(import.meta.dirname, 'agreement.bash');
	const output = execFileSync('bash', [script, hook, file], {
		encoding: 'utf8',
		maxBuffer: 1 << 28,
		env: { ...process.env, ...started },
		// The loader warns that the libraries in LD_PRELOAD do not exist.
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	return output.split('\n').slice(0, -1);
}

/** Returns the options in a line without those with a descriptor, a file or a PID, which the hook adds and confineOptions() does not. */
function withoutFiles(line: string): string[] {
	if (line === '') return [];
	const [options = ''] = line.split(' -- ');
	return options
		.replace(/ --(environ|notice-file|record|uses|die-with|die-with-lock|die-with-file) \S+/g, '')
		.split(' ');
}

function subsets(words: readonly string[]): string[][] {
	const [first, ...rest] = words;
	return first === undefined ? [[]] : subsets(rest).flatMap((some) => [some, [first, ...some]]);
}
