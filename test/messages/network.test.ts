// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { hints, hintsFor } from '../../src/messages/hints.ts';
import { render, phaseMessages } from '../../src/messages/phase_messages.ts';
import { makeRecord } from './record.ts';

function lines(members: object): string[] {
	return phaseMessages(makeRecord({ package: 'app-misc/foo-1.2-r3', watched: 'yes', ...members })).map(render);
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

	test('one network message contains the number of blocked attempts, each program, two destinations per program, and the command for details', () => {
		const blocked = [
			attempt,
			...[1, 2].map((last) => ({ ...attempt, address: `2001:db8::${last}`, protocol: 'udp', count: 1 })),
		];
		const names = ['A', 'AAAA', 'SRV'].map((type) => ({ ...python, name: 'files.example.org', type, count: 3 }));
		expect(lines({ blocked, names })).toEqual([
			'elog Portcullis: app-misc/foo-1.2-r3: src_test: 10 attempts blocked (python3.13 (tests/test_http.py) → files.example.org, files.example.org (SRV); curl → 198.51.100.7:443, [2001:db8::1]:443 (udp) +1). Details: portcullis report app-misc/foo',
		]);
	});

	test('the number of attempts in the network message is the sum of connections, packets of unknown programs, and DNS lookups', () => {
		const attempts = (members: object) => /src_test: (\d+) attempts? blocked/.exec(lines(members)[0] ?? '')?.[1];
		expect(attempts({ blocked: [attempt] })).toBe('2');
		expect(attempts({ blocked: [attempt], unreachable: 5 })).toBe('5');
		expect(attempts({ blocked: [attempt], unattributed: 4, unreachable: 5 })).toBe('6');
		expect(attempts({ unreachable: 5, names: [{ ...python, name: 'a.example', type: 'A', count: 1 }] })).toBe('6');
	});

	test('if many programs were blocked, the network message names three, each on one line, in at most 60 characters and without the code of an inline script', () => {
		const blocked = [
			{ ...attempt, comm: 'bash', argv: ['bash', '-c', 'curl https://x; true'] },
			{ ...attempt, comm: 'python3', argv: ['python3', 'x'], script: `tests/a  b${'c'.repeat(80)}.py` },
			...Array.from({ length: 4 }, (_, one) => ({ ...attempt, comm: `fetch${one}` })),
		];
		const [line = ''] = lines({ blocked });
		expect(line).toContain(
			`blocked (bash → 198.51.100.7:443; python3 (tests/a b${'c'.repeat(41)}… → 198.51.100.7:443; fetch0 → 198.51.100.7:443 +3)`,
		);
		expect(line).not.toContain('true');
	});

	test('if PORTCULLIS_ALLOW has no effect, a message reports that and the reason', () => {
		expect(lines({ through: 'host' })).toEqual([]);
		expect(lines({ route: 'none' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: PORTCULLIS_ALLOW had no effect, because Portage had already isolated the network. To start Portage\'s proxy, which permits every destination to programs that use it, add to make.conf: FEATURES="${FEATURES} network-sandbox-proxy"',
		]);
		expect(lines({ route: 'none', route_why: 'confine cannot access the file descriptors of sudo' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: PORTCULLIS_ALLOW had no effect, because confine cannot access the file descriptors of sudo. To find the cause, run: portcullis doctor',
		]);
	});

	test('the number of attempts in the network message includes packets without route whose sending process is unknown', () => {
		expect(lines({ blocked: [attempt], unattributed: 3, unreachable: 5 })[0]).toContain(
			'5 attempts blocked (curl → 198.51.100.7:443; 3 packets of unknown programs)',
		);
		expect(lines({ watched: undefined, unreachable: 7 })[0]).toContain(
			'7 attempts blocked (7 packets of unknown programs)',
		);
	});

	test('if network access was recorded and not blocked, the network message contains the number of attempts and why they were not blocked, and no hints', () => {
		expect(lines({ ...failure, observed: [attempt] })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: 2 attempts not blocked under PORTCULLIS_AUDIT="only" (curl → 198.51.100.7:443). Details: portcullis report app-misc/foo',
		]);
	});

	test('if attempts were not blocked because network-sandbox is missing, one message reports the missing sandbox with the cause, and the network message does not repeat the cause', () => {
		const missing = [{ what: 'net', why: 'unshare: Operation not permitted' }];
		const [sandbox = '', ...network] = lines({ observed: [attempt], applied: { net: 'none' }, missing });
		expect(sandbox).toMatch(/: network-sandbox is not available, so .*unshare: Operation not permitted.* run: /);
		expect(network).toEqual([
			'elog Portcullis: app-misc/foo-1.2-r3: src_test: 2 attempts not blocked without network-sandbox (curl → 198.51.100.7:443). Details: portcullis report app-misc/foo',
		]);
		// `portcullis shell` omits the missing sandboxes, because confine itself has reported them.
		expect(lines({ observed: [attempt], applied: { net: 'none' } })).toEqual(network);
	});

	test('if PORTCULLIS_ALLOW cannot permit an attempt because its socket is bound, a message names the program, the destination and the command that permits the whole network', () => {
		expect(lines({ blocked: [{ ...attempt, bound: true }] }).at(-1)).toBe(
			'elog Portcullis: app-misc/foo-1.2-r3: src_test: PORTCULLIS_ALLOW cannot permit curl → 198.51.100.7:443, because the program has bound the socket to a local address. To permit the whole network, run: portcullis allow --whole --write app-misc/foo',
		);
	});

	test('if Portcullis refused a seccomp listener, a message reports the process and the settings that allow the listener', () => {
		expect(lines({ listener_refused: { comm: 'crun', argv: ['./crun', 'run'] } })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: crun could not install a seccomp listener, because Portcullis already has one. To build without the listener of Portcullis, run: mkdir -p /etc/portage/env && echo \'PORTCULLIS_AUDIT="off" PORTCULLIS_ALLOW="" PORTCULLIS_SOCKETS="host"\' >>/etc/portage/env/no-audit.conf && echo app-misc/foo no-audit.conf >>/etc/portage/package.env',
		]);
		const filtered = { applied: { net: 'filter' }, listener_refused: { comm: 'crun', argv: ['./crun', 'run'] } };
		expect(lines(filtered).join()).toContain(
			'To build without network-sandbox, run: portcullis allow --whole --write app-misc/foo',
		);
	});

	test('if confine could not inspect network calls of a phase, a message contains the number of these calls and the reason, and does not count calls with invalid pointers', () => {
		expect(lines({ unreadable: 15, unreadable_why: 'reading the memory of a process: Permission denied' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1.2-r3: src_test: 15 network calls could not be inspected (reading the memory of a process: Permission denied). To find the cause, run: portcullis doctor',
		]);
		expect(lines({ unreadable: 1 })).toEqual([]);
	});

	test('control characters in the name of a program are replaced in network messages', () => {
		expect(lines({ blocked: [{ ...attempt, comm: 'a\nelog \\033[2J' }] })[0]).toContain(
			'(a?elog \\033[2J → 198.51.100.7:443)',
		);
	});
});

describe('hints for a failed phase', () => {
	test('after a failed phase, one hint contains the portcullis allow command, and another hint, which depends on the phase, a fix for the ebuild', () => {
		const user = 'ewarn   To allow the access on this machine, run: portcullis allow --write app-misc/foo';
		const test = lines({ ...failure, blocked: [{ ...attempt, ...python }] });
		expect(test[0]).toMatch(/^ewarn .* 2 attempts blocked /);
		expect(test.slice(1)).toEqual([
			user,
			'ewarn   To fix the ebuild, skip the tests that need a network, or set PROPERTIES="test_network".',
		]);
		const compile = lines({ status: { signal: 9 }, phase: 'compile', blocked: [{ ...attempt, ...python }] });
		expect(compile.slice(1)).toEqual([
			user,
			'ewarn   To fix the ebuild, add the downloads to SRC_URI, or set RESTRICT="network-sandbox".',
		]);
		expect(lines({ ...failure, phase: 'compile', blocked: [attempt] }).slice(1)).toEqual([
			user,
			'ewarn   To fix the ebuild (curl or wget), add the file to SRC_URI.',
		]);
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
	])('hintsFor() returns for a command line of %s the hint for that program', (fetcher, program) => {
		expect(hintsFor([program])[0]?.fetcher).toBe(fetcher);
	});

	test('the messages about a failed phase contain hints for at most three programs, each hint once; hintsFor() returns no hint for an unknown program', () => {
		const all = [
			of('cargo', ['cargo']),
			of('cargo', ['cargo']),
			of('go', ['go']),
			of('npm', ['npm']),
			of('git', ['git']),
		];
		const texts = lines({ ...failure, blocked: all.map((one) => ({ ...attempt, ...one })) });
		expect(texts.filter((line) => line.includes('To fix the ebuild ('))).toHaveLength(3);
		expect(hintsFor([of('python3.13', ['python3.13', 'tests/test_http.py']), of('client', ['./client'])])).toEqual([]);
		expect(new Set(hints.map(({ fetcher }) => fetcher)).size).toBe(hints.length);
	});
});
