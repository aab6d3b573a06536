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

describe('network messages', () => {
	test('if a phase did not access the network, no network message is printed, even if the phase fails', () => {
		expect(lines({ names_watched: 'yes', unreachable: 0 })).toEqual([]);
		expect(lines({ ...failure, names_watched: 'no', unreachable: 0 })).toEqual([]);
	});

	test('each blocked destination gets one message with the command line of the process', () => {
		expect(lines({ blocked: [attempt, { ...attempt, address: '2001:db8::1', protocol: 'udp', count: 1 }] })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: curl https://x tried to reach 198.51.100.7:443, twice',
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: curl https://x tried to reach [2001:db8::1]:443 (udp), once',
		]);
	});

	test('if PORTCULLIS_ALLOW has no effect, a message reports that and the reason', () => {
		expect(lines({ through: 'host' })).toEqual([]);
		expect(lines({ route: 'none' })).toEqual([
			expect.stringContaining('PORTCULLIS_ALLOW had no effect: Portage itself isolated the network'),
		]);
		expect(
			lines({ route: 'none', route_why: 'confine cannot inspect sudo, the first program that connected or listened' }),
		).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: PORTCULLIS_ALLOW had no effect: confine cannot inspect sudo, the first program that connected or listened. To find the cause, run: portcullis doctor',
		]);
	});

	test('the message of an interpreter names its script, and one looked-up name and one destination share a line', () => {
		const names = ['A', 'AAAA'].map((type) => ({ ...python, name: 'files.example.org', type, count: 1 }));
		expect(lines({ names, blocked: [{ ...attempt, ...python }] })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: python3.13 (tests/test_http.py) looked up files.example.org and tried to reach 198.51.100.7:443, twice',
		]);
	});

	test('A and AAAA queries for a name share a message with their number, and queries of other types get their own message', () => {
		const name = { ...python, name: 'a.example', type: 'A', count: 3 };
		const texts = lines({ names: [name, { ...name, type: 'AAAA', count: 4 }, { ...name, type: 'SRV', count: 1 }] });
		expect(texts.map((line) => line.replace(/.*looked up /, ''))).toEqual(['a.example, 4 times', 'a.example (SRV)']);
	});

	test('at most eight blocked destinations are listed, followed by the number of the others', () => {
		const blocked = Array.from({ length: 100 }, (_, port) => ({ ...attempt, port }));
		const texts = lines({ ...failure, blocked });
		expect(texts.length).toBeLessThan(14);
		expect(texts).toContainEqual(expect.stringContaining('92 more such messages'));
	});

	test('packets without route whose sending process is unknown are reported as a number', () => {
		expect(lines({ blocked: [attempt], unattributed: 3, unreachable: 5 }).at(-1)).toContain(
			'3 more packets had no route. The sending process is unknown.',
		);
		expect(lines({ watched: undefined, unreachable: 7 })).toEqual([
			'eqawarn Portcullis: app-misc/foo-1.2-r3: src_test: 7 packets had no route. The sending process is unknown.',
		]);
	});

	test('if network access was recorded and not blocked, a message reports that, without hints', () => {
		const texts = lines({ ...failure, observed: [attempt] });
		expect(texts).toHaveLength(2);
		expect(texts[1]).toContain('nothing was blocked: PORTCULLIS_AUDIT="only" only records');
		const missing = [{ what: 'net', why: 'unshare: Operation not permitted' }];
		expect(lines({ observed: [attempt], missing }).at(-1)).toContain(
			'nothing was blocked: network-sandbox is not available here',
		);
	});

	test('if Portcullis refused a seccomp listener, a message reports the process and the settings that allow the listener', () => {
		expect(lines({ listener_refused: { comm: 'crun', argv: ['./crun', 'run'] } })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: ./crun run could not install a seccomp listener, because Portcullis already has one. In package.env, set PORTCULLIS_AUDIT="off" PORTCULLIS_ALLOW=""',
		]);
	});

	test('control characters and backslashes in a command line are replaced or escaped in network messages', () => {
		const argv = ['a\nelog all is well', '\\033[2J'];
		expect(lines({ blocked: [{ ...attempt, argv }] })[0]).toContain('a?elog all is well \\\\033[2J tried to reach');
	});
});

describe('hints for a failed phase', () => {
	test('the hint for src_test contains PROPERTIES=test_network, the hint for other phases SRC_URI, and both portcullis allow', () => {
		const test = lines({ ...failure, blocked: [{ ...attempt, ...python }] });
		expect(test[0]).toMatch(/^ewarn /);
		expect(test[1]).toContain('PROPERTIES="test_network"');
		expect(test[1]).toContain('run: portcullis allow app-misc/foo');
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
	])('the hint for a command line of %s is the hint for that program', (fetcher, program) => {
		expect(hintsFor([program])[0]?.fetcher).toBe(fetcher);
	});

	test('at most three different hints are printed, and no hint for an unknown program', () => {
		const all = [
			of('cargo', ['cargo']),
			of('cargo', ['cargo']),
			of('go', ['go']),
			of('npm', ['npm']),
			of('git', ['git']),
		];
		const texts = lines({ ...failure, blocked: all.map((one) => ({ ...attempt, ...one })) });
		expect(texts.filter((line) => line.startsWith('ewarn Hint for '))).toHaveLength(3);
		expect(hintsFor([of('python3.13', ['python3.13', 'tests/test_http.py']), of('client', ['./client'])])).toEqual([]);
		expect(new Set(hints.map(({ fetcher }) => fetcher)).size).toBe(hints.length);
	});
});
