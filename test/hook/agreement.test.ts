import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optionsFor } from '../../src/confine/options.ts';
import { renderHook } from '../../src/hook/render.ts';
import { keptSettings, paths } from '../../src/installation/paths.ts';
import { otherPhases, srcPhases } from '../../src/rules/phases.ts';

/** Settings that an earlier phase kept, and what a build put into its environment under the same name. */
const kept = [
	{ folder: 'none', lines: [], claimed: 'confine' },
	{
		folder: 'host',
		lines: ['PORTCULLIS_UNPACK=host', 'PORTCULLIS_ON_FAILURE=die', 'PORTCULLIS_AUDIT=off'],
		claimed: 'confine',
	},
	{ folder: 'only', lines: ['PORTCULLIS_AUDIT=only', 'PORTCULLIS_UNPACK=confine'], claimed: 'host' },
	{
		folder: 'allow',
		lines: ['PORTCULLIS_ALLOW=192.0.2.1:80 [2001:db8::]/32:443 10.0.0.0/8:1', 'PORTCULLIS_FAMILIES=alg vsock'],
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
	'ccache xcgroup network-sandbox-proxy pid-sandbox',
	'ccache\tcgroup  network-sandbox',
	'fakeroot network-sandbox ipc-sandbox cgroup',
];

let root: string;
const eprefix = () => join(root, 'prefix');

beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), 'agreement-'));
	const { confine, hook } = paths(eprefix());
	for (const file of [confine, hook]) mkdirSync(join(file, '..'), { recursive: true });
	writeFileSync(confine, '', { mode: 0o755 });
	writeFileSync(hook, renderHook(eprefix()));
	// setup writes what it finds, which would be read by the next case.
	for (const { folder, lines } of [...kept, { folder: 'setup', lines: [] }]) {
		mkdirSync(join(root, folder, '.ipc'), { recursive: true });
		const builddir = join(root, folder);
		writeFileSync(keptSettings(builddir), [builddir, ...lines].map((line) => `${line}\n`).join(''));
		writeFileSync(join(root, folder, 'environment'), '');
	}
});

afterAll(() => {
	for (const file of readdirSync('/run')) {
		if (file.includes(root.replaceAll('/', '%'))) rmSync(join('/run', file), { force: true });
	}
	rmSync(root, { recursive: true });
});

test('the generated bash and `portcullis phase` agree on every phase, feature, exception and setting', async () => {
	const cases = everyCase();
	const confined = await agree(cases);
	// Neither side agrees by always saying no.
	expect(confined).toBeGreaterThan(cases.length / 8);
	expect(confined).toBeLessThan(cases.length);
}, 900_000);

test.each([
	{ FAKEROOTKEY: '4711', LD_PRELOAD: '/x/libfakeroot-sysv.so', is: 'sysv' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libsandbox.so:libfakeroot-tcp.so', is: 'tcp' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libfakeroot.so', is: 'tcp' },
	{ FAKEROOTKEY: '4711', LD_PRELOAD: 'libelse.so', is: '' },
	{ LD_PRELOAD: 'libfakeroot-sysv.so', is: 'alone' },
])('they agree under fakeroot: $LD_PRELOAD with key $FAKEROOTKEY', async ({ is, ...started }) => {
	const cases = everyCase().filter(
		(one) => one['PORTAGE_RESTRICT'] === '' && one['PORTAGE_PROPERTIES'] === '' && one['T'] === join(root, 'none'),
	);
	expect(await agree(cases, started)).toBeGreaterThan(0);
	const [one] = cases.filter(
		({ EBUILD_PHASE, PORTAGE_FEATURES }) =>
			EBUILD_PHASE === 'install' && PORTAGE_FEATURES === 'network-sandbox ipc-sandbox cgroup',
	);
	const label = (await optionsFor({ ...one, ...started })).find((option) => option.startsWith('fakeroot='));
	expect(label).toBe(is === '' ? undefined : `fakeroot=${is}`);
});

test('what a build has saved about fakeroot is not believed', () => {
	const [one = {}] = everyCase().filter(
		({ EBUILD_PHASE, PORTAGE_FEATURES }) =>
			EBUILD_PHASE === 'install' && PORTAGE_FEATURES === 'network-sandbox ipc-sandbox cgroup',
	);
	const saved = { FAKEROOTKEY: '4711', LD_PRELOAD: '/x/libfakeroot-tcp.so' };
	const [believed, plain] = [{ ...one, ...saved }, one].map((each) => withoutFiles(askBash([each])[0] ?? ''));
	expect(plain).toContain('--net');
	expect(believed).toEqual(plain);
});

/** How many of the cases are confined, where both sides say the same; `started` is what the phase's process begins with. */
async function agree(cases: readonly Record<string, string>[], started: Record<string, string> = {}): Promise<number> {
	const answers = askBash(cases, started);
	expect(answers).toHaveLength(cases.length);
	let confined = 0;
	for (const [index, environment] of cases.entries()) {
		const options = await optionsFor({ ...environment, ...started, CATEGORY: 'app-misc', PF: 'foo-1.2_p3-r1' });
		const bash = withoutFiles(answers[index] ?? '');
		if (bash.join(' ') !== options.join(' ')) expect({ environment, bash }).toEqual({ environment, bash: options });
		if (options.length > 0) confined++;
	}
	return confined;
}

function everyCase(): Record<string, string>[] {
	const cases: Record<string, string>[] = [];
	for (const phase of [...srcPhases, ...otherPhases, 'tomorrow'])
		for (const feature of features)
			for (const restrict of restricts)
				for (const property of properties)
					for (const { folder, claimed } of kept)
						for (const name of ['PORTAGE_', '']) {
							// It is above all else, so half of them will do.
							if (folder === 'only' && name === '') continue;
							// What is let through hangs on whether anything is cut off, and on nothing else.
							if (folder === 'allow' && (name === '' || !['', 'live'].includes(property))) continue;
							cases.push({
								EBUILD_PHASE: phase,
								EMERGE_FROM: 'ebuild',
								// Portage's own copies count; a build may have written to the others.
								...(name === ''
									? {}
									: { FEATURES: 'network-sandbox cgroup', RESTRICT: 'network-sandbox', PROPERTIES: 'live' }),
								[`${name}FEATURES`]: feature,
								[`${name}RESTRICT`]: restrict,
								[`${name}PROPERTIES`]: property,
								PORTCULLIS_UNPACK: claimed,
								// As in a phase that Portage runs under fakeroot; without the word in FEATURES it means nothing.
								FAKEROOTKEY: property === 'live' ? '624324191' : '',
								// These two write what is kept, and remove it.
								PORTAGE_BUILDDIR: join(root, ['setup', 'clean'].includes(phase) ? 'setup' : folder),
								T: join(root, folder),
							});
						}
	const [first] = cases;
	return [...cases, ...['binary', ''].map((from) => ({ ...first, EMERGE_FROM: from, EBUILD_PHASE: 'compile' }))];
}

/** What confine would be given in each case, '' where it would not be started. */
function askBash(cases: readonly Record<string, string>[], started: Record<string, string> = {}): string[] {
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
		// The loader says that it doesn't find what is only a name here.
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	return output.split('\n').slice(0, -1);
}

/** The options without the descriptor and the files that only the hook knows. */
function withoutFiles(line: string): string[] {
	if (line === '') return [];
	const [options = ''] = line.split(' -- ');
	return options.replace(/ --(environ|notice-file|record|die-with|die-with-lock) \S+/g, '').split(' ');
}

function subsets(words: readonly string[]): string[][] {
	const [first, ...rest] = words;
	return first === undefined ? [[]] : subsets(rest).flatMap((some) => [some, [first, ...some]]);
}
