import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../src/records/schema.ts';
import { hints, hintsFor } from '../../src/messages/hints.ts';
import { render, phaseMessages } from '../../src/messages/phase_messages.ts';

function lines(members: object): string[] {
	const record = {
		schema: 1,
		time: '2026-11-24T21:50:00.000Z',
		package: 'app-misc/foo-1.2-r3',
		phase: 'test',
		status: { exit: 0 },
		watched: 'yes',
		...members,
	};
	return phaseMessages(parseRecord(JSON.stringify(record))).map(render);
}

const failure = { status: { exit: 1 } };
const attempt = {
	comm: 'curl',
	argv: ['curl', 'https://x'],
	address: '198.51.100.7',
	port: 443,
	protocol: 'tcp',
	count: 2,
};
const python = { comm: 'python3.13', argv: ['python3.13', 'tests/test_http.py'], script: 'tests/test_http.py' };

describe('whom a phase tried to reach', () => {
	test('nothing is said of a phase that tried nothing, whether it failed or not', () => {
		expect(lines({ names_watched: 'yes', unreachable: 0 })).toEqual([]);
		expect(lines({ ...failure, names_watched: 'no', unreachable: 0 })).toEqual([]);
	});

	test('a line for each destination, by the command line', () => {
		expect(lines({ blocked: [attempt, { ...attempt, address: '2001:db8::1', protocol: 'udp', count: 1 }] })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: curl https://x tried 198.51.100.7:443, twice',
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: curl https://x tried [2001:db8::1]:443 (udp), once',
		]);
	});

	test('that nothing was let through, and why', () => {
		expect(lines({ through: 'host' })).toEqual([]);
		expect(lines({ route: 'none' })).toEqual([
			expect.stringContaining('let nothing through: as root Portage itself has isolated the network'),
		]);
		expect(lines({ route: 'none', route_why: 'sudo may not be looked into' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: PORTCULLIS_ALLOW let nothing through: sudo may not be looked into. portcullis doctor says whether this machine is in the way',
		]);
	});

	test('a script by its name, and with one name and one destination in one line', () => {
		const names = ['A', 'AAAA'].map((type) => ({ ...python, name: 'files.example.org', type, count: 1 }));
		expect(lines({ names, blocked: [{ ...attempt, ...python }] })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: python3.13 (tests/test_http.py) looked up files.example.org and tried 198.51.100.7:443, twice',
		]);
	});

	test('names: both kinds of address are one, others are told apart, often is said', () => {
		const name = { ...python, name: 'a.example', type: 'A', count: 3 };
		const said = lines({ names: [name, { ...name, type: 'AAAA', count: 4 }, { ...name, type: 'SRV', count: 1 }] });
		expect(said.map((line) => line.replace(/.*looked up /, ''))).toEqual(['a.example, 4 times', 'a.example (SRV)']);
	});

	test('a screen of them at most', () => {
		const blocked = Array.from({ length: 100 }, (_, port) => ({ ...attempt, port }));
		const said = lines({ ...failure, blocked });
		expect(said.length).toBeLessThan(14);
		expect(said).toContainEqual(expect.stringContaining('92 more of these'));
	});

	test('what nobody saw is told as more; without an audit it is all there is to tell', () => {
		expect(lines({ blocked: [attempt], unattributed: 3, unreachable: 5 }).at(-1)).toContain(
			'tried 3 times more; the kernel counted it',
		);
		expect(lines({ watched: undefined, unreachable: 7 })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: something tried 7 times to reach what has no route; the kernel counted it, and nothing saw who',
		]);
	});

	test('where nothing is isolated it says so, and gives no advice', () => {
		const said = lines({ ...failure, observed: [attempt] });
		expect(said).toHaveLength(2);
		expect(said[1]).toContain('nothing was blocked, as PORTCULLIS_AUDIT=only isolates nothing');
		const missing = [{ what: 'net', why: 'unshare: Operation not permitted' }];
		expect(lines({ observed: [attempt], missing }).at(-1)).toContain(
			"nothing was blocked, as network-sandbox can't be had",
		);
	});

	test('a listener that was refused, with the way out', () => {
		expect(lines({ listener_refused: { comm: 'crun', argv: ['./crun', 'run'] } })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: ./crun run wanted to watch system calls itself and could not, as they are watched already. PORTCULLIS_AUDIT="off" in its package.env lets it, with PORTCULLIS_ALLOW="" where that names something.',
		]);
	});

	test('nothing of the build forges a line', () => {
		const argv = ['a\nelog all is well', '\\033[2J'];
		expect(lines({ blocked: [{ ...attempt, argv }] })[0]).toContain('a?elog all is well \\\\033[2J tried');
	});
});

describe('a phase that failed', () => {
	test('says what to do: in src_test, elsewhere, and by package.env', () => {
		const test = lines({ ...failure, blocked: [{ ...attempt, ...python }] });
		expect(test[0]).toMatch(/^ewarn /);
		expect(test[1]).toContain('PROPERTIES="test_network"');
		expect(test[1]).toContain('`portcullis allow app-misc/foo` prints');
		const compile = lines({ status: { signal: 9 }, phase: 'compile', blocked: [{ ...attempt, ...python }] });
		expect(compile[1]).toContain('SRC_URI');
		expect(compile[1]).not.toContain('test_network');
	});

	const of = (comm: string, argv: string[], parents: string[] = []) => ({ comm, argv, parents, script: undefined });
	test.each([
		['npm', of('npm install', ['npm install'])],
		['npm', of('node', ['node', '/usr/bin/yarn', 'install'])],
		['npm', of('node', ['node', 'install.js'], ['sh -c node install.js', 'npm ci'])],
		['Cargo', of('cargo', ['/usr/bin/cargo', 'build', '--release'])],
		['Go', of('go', ['go', 'build', './...'])],
		[
			'Go',
			of('git-remote-http', ['git', 'remote-https', 'origin', 'https://x'], ['git fetch', '/usr/bin/go mod download']),
		],
		['pip', of('pip3', ['/usr/bin/python3', '/usr/bin/pip3', 'install', 'x'])],
		['pip', of('python3.13', ['python3.13', '-m', 'pip', 'wheel', '.'])],
		[
			'electron-builder',
			of('app-builder', ['app-builder', 'download-artifact'], ['node electron-builder --linux', 'npm run dist']),
		],
		[
			'git submodules',
			of('git-remote-http', ['git', 'remote-https'], ['git clone https://x', 'git submodule--helper clone']),
		],
		[
			"CMake's FetchContent",
			of(
				'git',
				['git', 'clone', 'https://x', 'fmt-src'],
				['cmake -P /t/build/_deps/fmt-subbuild/fmt-populate-prefix/tmp/x.cmake'],
			),
		],
		['CMake', of('cmake', ['/usr/bin/cmake', '-S', '.'])],
		['curl or wget', of('curl', ['curl', 'https://x'], ['make all'])],
		['git', of('git', ['git', 'clone', 'https://x'])],
	])('what Gentoo does about %s', (fetcher, program) => {
		expect(hintsFor([program])[0]?.fetcher).toBe(fetcher);
	});

	test('of many fetchers a few are told about, each once; none is imagined', () => {
		const all = [
			of('cargo', ['cargo']),
			of('cargo', ['cargo']),
			of('go', ['go']),
			of('npm', ['npm']),
			of('git', ['git']),
		];
		const said = lines({ ...failure, blocked: all.map((one) => ({ ...attempt, ...one })) });
		expect(said.filter((line) => line.includes('What Gentoo does'))).toHaveLength(3);
		expect(hintsFor([of('python3.13', ['python3.13', 'tests/test_http.py']), of('client', ['./client'])])).toEqual([]);
		expect(new Set(hints.map(({ fetcher }) => fetcher)).size).toBe(hints.length);
	});
});
